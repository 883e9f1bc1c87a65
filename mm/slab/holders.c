/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Holders: the objects in use of each cache, by the caller that allocated them where the cache is
 * checked.
 */
#include "redzone.h"

struct roll {
    struct slab_holder *holders;
    size_t capacity, count;
};

static void add_holder(struct roll *roll, const char *cache, const void *caller, uint64_t objects,
                       uint64_t bytes)
{
    struct slab_holder *holder = roll->holders, *end = roll->holders + roll->count;
    while (holder < end && (holder->cache != cache || holder->caller != caller))
        holder++;
    if (holder == end) {
        if (roll->count == roll->capacity)
            return;
        roll->count++;
        *holder = (struct slab_holder){ .cache = cache, .caller = caller };
    }
    holder->objects += objects;
    holder->bytes += bytes;
}

static void add_slabs(struct roll *roll, const struct slab_cache *cache, const struct list *slabs)
{
    list_for_each(link, slabs)
    {
        const struct slab *slab = container_of(link, struct slab, link);
        for (unsigned int i = 0; i < cache->per_slab; i++) {
            const struct trail *trail = trail_of(cache, slab->objects + i * cache->stride);
            if (__atomic_load_n(&trail->state, __ATOMIC_ACQUIRE) == TRAIL_IN_USE &&
                trail_is_sound(trail, cache->object_size))
                add_holder(roll, cache->name, trail->allocated_from, 1, trail->requested);
        }
    }
}

static void add_cache(struct roll *roll, struct slab_cache *cache)
{
    struct slab_stats stats;
    if (!cache->is_checked) {
        slab_count(cache, &stats);
        if (stats.in_use > 0)
            add_holder(roll, cache->name, NULL, stats.in_use, stats.in_use * cache->object_size);
        return;
    }
    for (unsigned int node = 0; node < cache->node_count; node++) {
        spin_lock(&cache->nodes[node].lock);
        add_slabs(roll, cache, &cache->nodes[node].partial);
        add_slabs(roll, cache, &cache->nodes[node].full);
        spin_unlock(&cache->nodes[node].lock);
    }
}

static void sort_by_bytes(struct slab_holder *holders, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct slab_holder holder = holders[i];
        size_t at = i;
        for (; at > 0 && holders[at - 1].bytes < holder.bytes; at--)
            holders[at] = holders[at - 1];
        holders[at] = holder;
    }
}

size_t slab_holders(struct slab_holder *holders, size_t capacity)
{
    struct roll roll = { .holders = holders, .capacity = capacity };
    struct slab_cache *cache;
    for (struct slab_walk walk = { .next = 0 }; (cache = slab_visit(&walk)) != NULL;)
        add_cache(&roll, cache);
    sort_by_bytes(holders, roll.count);
    return roll.count;
}
