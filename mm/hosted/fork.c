/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork(): a child has the memory of all threads, but only one of them. No lock may be held by one that it has not, so
 * the thread that forks takes all of them before. Nothing nests in another order anywhere, so any order will do.
 *
 * The other threads' magazines are lost to the child; what is in them is never given out again.
 */
#include "hosted.h"

#include "slab_private.h"

#include <pthread.h>

static void for_all_locks(void (*act)(struct port_lock *lock))
{
    act(&slab_table_lock);
    for (uint32_t number = 0; number < SLAB_CACHES_MAX; number++) {
        struct slab_cache *cache = slab_caches[number];
        if (cache && checked_lock(cache))
            act(checked_lock(cache));
        for (unsigned node = 0; cache && node < cache->node_count; node++) {
            act(&cache->nodes[node].lock);
            act(&cache->nodes[node].depot_lock);
        }
    }
}

static void lock_all(void)
{
    hosted_hold_threads();
    for_all_locks(port_lock);
}

static void unlock_all(void)
{
    for_all_locks(port_unlock);
    hosted_release_threads();
}

void hosted_prepare_forks(void)
{
    pthread_atfork(lock_all, unlock_all, unlock_all);
}
