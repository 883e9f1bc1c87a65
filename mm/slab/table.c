/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of all caches, and walks over it while other CPUs create and destroy some.
 *
 * A cache's number is its index here and in each CPU's magazines. A walk counts itself in at a cache under
 * the table's lock; slab_cache_destroy() first hides the cache from new walks and waits until none is at it.
 */
#include "slab_private.h"

struct spinlock slab_table_lock = SPINLOCK("slab caches", LOCK_SLAB_CACHES, LOCK_POLICY_MM);
/* guarded by slab_table_lock: is_hidden and the growth of walkers in struct slab_cache; and writes of: */
struct slab_cache *slab_caches[SLAB_CACHES_MAX];

struct slab_cache *slab_visit(struct slab_walk *walk)
{
    struct slab_cache *next = NULL;
    slab_visit_end(walk);
    spin_lock(&slab_table_lock);
    while (walk->next < SLAB_CACHES_MAX && !next) {
        next = slab_caches[walk->next++];
        if (next && next->is_hidden)
            next = NULL;
    }
    if (next)
        __atomic_fetch_add(&next->walkers, 1, __ATOMIC_RELAXED);
    spin_unlock(&slab_table_lock);
    walk->visited = next;
    return next;
}

void slab_visit_end(struct slab_walk *walk)
{
    if (walk->visited)
        __atomic_fetch_sub(&walk->visited->walkers, 1, __ATOMIC_RELEASE);
    walk->visited = NULL;
}
