/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shrinkers, called in ascending order of cost.
 *
 * One CPU shrinks at a time; another that runs out of memory meanwhile waits for it. Frames that were
 * reclaimed beyond the shrinking CPU's request are counted as spare and serve the requests of the CPUs that
 * waited, so that no more is reclaimed than is needed; when too few are left, the next CPU shrinks. On a CPU
 * that is shrinking already, for example in an interrupt, shrink_memory() returns 0, and the allocation
 * fails.
 */
#include <ashlar/mm/shrink.h>

#include <ashlar/bits.h>
#include <ashlar/mm/port.h>
#include <ashlar/sync/context.h>
#include <ashlar/sync/exclusive.h>

static struct list shrinkers = { &shrinkers, &shrinkers }; /* by cost */

static struct exclusive shrinking; /* its owner may walk over and change the list */
static uint64_t spare;             /* reclaimed frames that served no request yet; the owner's */

/* Each round requests twice as many frames as the one before: enough for all memory. */
#define SHRINK_ROUNDS 24

/* Return: false when this CPU has it already. */
static bool begin_shrinking(void)
{
    CHECK_MAY_ALLOCATE();
    uint32_t me = port_cpu();
    while (!exclusive_try_enter(&shrinking, me)) {
        if (exclusive_is_entered_by(&shrinking, me))
            return false;
        port_pause();
    }
    return true;
}

static void end_shrinking(void)
{
    exclusive_leave(&shrinking);
}

void shrinker_add(struct shrinker *shrinker)
{
    VERIFY(begin_shrinking());
    struct list *before = &shrinkers;
    while (before->next != &shrinkers &&
           container_of(before->next, struct shrinker, link)->cost <= shrinker->cost)
        before = before->next;
    list_add_first(before, &shrinker->link);
    spare = 0; /* used by others since */
    end_shrinking();
}

void shrinker_remove(struct shrinker *shrinker)
{
    VERIFY(begin_shrinking());
    list_remove(&shrinker->link);
    spare = 0;
    end_shrinking();
}

void shrink_hold(void)
{
    VERIFY(begin_shrinking());
}

void shrink_release(void)
{
    end_shrinking();
}

static uint64_t shrink_all(uint64_t frames)
{
    uint64_t given = 0;
    list_for_each(link, &shrinkers)
    {
        struct shrinker *shrinker = container_of(link, struct shrinker, link);
        given += shrinker->shrink(shrinker, frames - given);
        if (given >= frames)
            break;
    }
    return given;
}

uint64_t shrink_memory(uint64_t frames)
{
    bool had_to_wait = exclusive_is_entered(&shrinking);
    if (!begin_shrinking())
        return 0;
    uint64_t given = frames;
    if (had_to_wait && spare >= frames) {
        spare -= frames;
    } else {
        given = shrink_all(frames);
        spare = given > frames ? given - frames : 0;
    }
    end_shrinking();
    return given;
}

bool shrink_again(struct shrink_request *request, uint64_t frames)
{
    uint64_t wanted;
    if (request->rounds == SHRINK_ROUNDS)
        return false;
    if (!multiply_fits(frames, BIT(request->rounds), &wanted))
        wanted = UINT64_MAX;
    request->rounds++;
    return shrink_memory(wanted) > 0;
}
