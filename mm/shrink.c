/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shrinkers, asked from the cheapest on.
 *
 * One CPU asks at a time. Another one that runs out of memory meanwhile waits for it and shares what
 * came of it, instead of tearing down more than is needed. A CPU that is shrinking already, or one
 * whose interrupt came in the middle of that, gets 0: its allocation fails.
 */
#include <ashlar/mm/port.h>
#include <ashlar/mm/shrink.h>

static struct list shrinkers = { &shrinkers, &shrinkers }; /* by cost */

#define NOBODY UINT32_MAX
static uint32_t asker = NOBODY; /* the CPU that may walk over and change the list; atomic */
static uint64_t last_result;

/* Return: false when this CPU has it already. */
static bool become_asker(void)
{
    uint32_t me = port_cpu(), nobody = NOBODY;
    while (!__atomic_compare_exchange_n(&asker, &nobody, me, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        if (nobody == me)
            return false;
        nobody = NOBODY;
        port_pause();
    }
    return true;
}

static void end_asking(void)
{
    __atomic_store_n(&asker, NOBODY, __ATOMIC_RELEASE);
}

void shrinker_add(struct shrinker *shrinker)
{
    VERIFY(become_asker());
    struct list *before = &shrinkers;
    while (before->next != &shrinkers && container_of(before->next, struct shrinker, link)->cost <= shrinker->cost)
        before = before->next;
    list_add_first(before, &shrinker->link);
    end_asking();
}

void shrinker_remove(struct shrinker *shrinker)
{
    VERIFY(become_asker());
    list_remove(&shrinker->link);
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
    list_for_each(link, &shrinkers) {
        struct shrinker *shrinker = container_of(link, struct shrinker, link);
        given += shrinker->shrink(shrinker, frames - given);
        if (given >= frames)
            break;
    }
    return given;
}

uint64_t shrink_memory(uint64_t frames)
{
    bool had_to_wait = __atomic_load_n(&asker, __ATOMIC_RELAXED) != NOBODY;
    if (!become_asker())
        return 0;
    uint64_t given = had_to_wait ? last_result : 0;
    if (given == 0)
        last_result = given = ask_all(frames);
    end_asking();
    return given;
}
