/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shrinkers, asked from the cheapest on.
 *
 * One CPU asks at a time. Another one that runs out of memory meanwhile waits for it. What came back beyond
 * the first one's wish serves those who waited, each frame one of them, instead of tearing down more than is
 * needed; when that is used up, the next one asks itself. A CPU that is shrinking already, or one whose
 * interrupt came in the middle of that, gets 0: its allocation fails.
 */
#include <ashlar/mm/shrink.h>

#include <ashlar/bits.h>
#include <ashlar/mm/port.h>
#include <ashlar/sync/exclusive.h>
#include <ashlar/sync/lock_class.h>

static struct list shrinkers = { &shrinkers, &shrinkers }; /* by cost */

static struct exclusive asking; /* the CPU that is at it may walk over and change the list */
static uint64_t spare;          /* frames that came back and that nobody has been promised; the asker's */

/* Each asks for twice as much as the one before: enough for all memory. */
#define SHRINK_ROUNDS 24

/* Return: false when this CPU has it already. */
static bool become_asker(void)
{
    uint32_t me = port_cpu();
    lock_order_check(LOCK_SHRINK);
    while (!exclusive_try_enter(&asking, me)) {
        if (exclusive_is_entered_by(&asking, me))
            return false;
        port_pause();
    }
    return true;
}

static void end_asking(void)
{
    exclusive_leave(&asking);
}

void shrinker_add(struct shrinker *shrinker)
{
    VERIFY(become_asker());
    struct list *before = &shrinkers;
    while (before->next != &shrinkers &&
           container_of(before->next, struct shrinker, link)->cost <= shrinker->cost)
        before = before->next;
    list_add_first(before, &shrinker->link);
    spare = 0; /* long gone */
    end_asking();
}

void shrinker_remove(struct shrinker *shrinker)
{
    VERIFY(become_asker());
    list_remove(&shrinker->link);
    spare = 0;
    end_asking();
}

void shrink_hold(void)
{
    VERIFY(become_asker());
}

void shrink_release(void)
{
    end_asking();
}

static uint64_t ask_all(uint64_t frames)
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
    bool had_to_wait = exclusive_is_entered(&asking);
    if (!become_asker())
        return 0;
    uint64_t given = frames;
    if (had_to_wait && spare >= frames) {
        spare -= frames;
    } else {
        given = ask_all(frames);
        spare = given > frames ? given - frames : 0;
    }
    end_asking();
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
