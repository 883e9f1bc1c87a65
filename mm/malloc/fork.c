/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork(): a child has the memory of all threads, but only one of them. A lock held by another thread would
 * stay held in it, so the thread that forks takes all of them before: first those under which others are
 * taken (threads' numbers and CPU 0, then the shrinkers'), then the rest, of which none is taken under
 * another but the buddy allocator's and those of pages, in their order.
 *
 * The other threads' magazines are lost to the child; their objects are never allocated again. Their numbers
 * are not.
 */
#include "hosted.h"

#include <ashlar/mm/shrink.h>

#include "buddy_private.h"
#include "slab_private.h"

#include <pthread.h>

static void for_all_locks(void (*act)(struct spinlock *lock))
{
    act(&hosted_large_lock);
    act(&buddy.lock); /* under which pages.c maps descriptors */
    hosted_for_page_locks(act);
    act(&slab_table_lock);
    for (uint32_t number = 0; number < SLAB_CACHES_MAX; number++) {
        struct slab_cache *cache = slab_caches[number];
        if (cache && checked_lock(cache))
            act(checked_lock(cache));
        for (unsigned int node = 0; cache && node < cache->node_count; node++) {
            act(&cache->nodes[node].lock);
            act(&cache->nodes[node].depot_lock);
        }
    }
}

static void lock_all(void)
{
    hosted_hold_threads();
    shrink_hold();
    for_all_locks(spin_lock);
}

static void unlock_all(void)
{
    for_all_locks(spin_unlock);
    shrink_release();
    hosted_release_threads();
}

static void unlock_child(void)
{
    hosted_reclaim_numbers();
    unlock_all();
}

void hosted_prepare_forks(void)
{
    pthread_atfork(lock_all, unlock_all, unlock_child);
}
