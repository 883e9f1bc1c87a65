/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Draining all CPUs' caches, a little at a time on each. One that is idle would keep its frames for
 * ever.
 */
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/frame_cache.h>

/* @argument: the number of frames that went back, to which this CPU adds its own. */
static void give_some_back(void *argument)
{
    uint64_t given = frame_cache_drain_some();
    if (given > 0)
        __atomic_fetch_add((uint64_t *)argument, given, __ATOMIC_RELAXED);
}

uint64_t frame_cache_collect(void (*call_all)(void (*function)(void *argument), void *argument),
                             uint64_t frames)
{
    /* CPUs may refill their caches meanwhile, so it ends at the latest when as many frames went back as were
       cached at the beginning. */
    uint64_t cached = buddy_cached_frames(), wanted = frames < cached ? frames : cached, given = 0, before;
    if (wanted == 0)
        return 0;
    do {
        before = given;
        call_all(give_some_back, &given);
    } while (given > before && given < wanted);
    return given;
}
