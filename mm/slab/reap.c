/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory pressure: free objects go from magazines and depots back to slabs, and empty slabs to the frame
 * allocator.
 *
 * slab_reap() and the shrinker empty this CPU's magazines and the depots, and make the other CPUs empty
 * theirs on their next slow path (magazine.c). slab_collect() does it by cross-calls, so that idle CPUs do
 * it, too.
 */
#include <ashlar/mm/shrink.h>

#include "slab_private.h"

/* Frees the slabs of the allocator's own caches that became empty when other caches gave memory back. */
static uint64_t release_own(void)
{
    uint64_t frames = 0;
    struct slab_cache *cache;
    for (struct slab_walk walk = { .next = 0 }; (cache = slab_visit(&walk)) != NULL;)
        if (cache->is_inside)
            frames += slab_release_empty(cache);
    return frames;
}

/* @first, @end: numbers of caches. @step: as in magazine_resize(). Return: frames that went back, about
   @frames if there are as many. */
static uint64_t reap_some(size_t first, size_t end, int step, uint64_t frames)
{
    uint64_t given = 0;
    struct slab_cache *cache;
    struct slab_walk walk = { .next = first };
    while (given < frames && walk.next < end && (cache = slab_visit(&walk)) != NULL) {
        magazine_resize(cache, step);
        checked_drain(cache);
        given += magazine_drain(cache, false, frames - given);
    }
    slab_visit_end(&walk);
    return given;
}

uint64_t slab_reap(void)
{
    magazine_raise_pressure();
    uint64_t frames = reap_some(0, SLAB_CACHES_MAX, 0, UINT64_MAX);
    return frames + release_own();
}

/* Round robin, so that it is not always the same caches that are emptied. */
static size_t next_to_reap;

static uint64_t reap_for(struct shrinker *shrinker, uint64_t frames)
{
    size_t first = next_to_reap;
    (void)shrinker;
    next_to_reap = (first + 7) % SLAB_CACHES_MAX;
    magazine_raise_pressure();
    uint64_t given = reap_some(first, SLAB_CACHES_MAX, -1, frames);
    if (given < frames)
        given += reap_some(0, first, -1, frames - given);
    return given < frames ? given + release_own() : given;
}

static struct shrinker slab_shrinker = { .name = "slab", .cost = 0, .shrink = reap_for };

void slab_reap_init(void)
{
    if (!slab_shrinker.link.next)
        shrinker_add(&slab_shrinker);
}

uint64_t slab_collect(void (*call_all)(void (*function)(void *argument), void *argument), uint64_t frames)
{
    uint64_t given = 0;
    struct slab_cache *cache;
    struct slab_walk walk = { .next = 0 };
    while (given < frames && (cache = slab_visit(&walk)) != NULL)
        if (!cache->is_direct && magazine_collect(cache, call_all))
            given += depot_give_back(cache, frames - given);
    slab_visit_end(&walk);
    return given;
}
