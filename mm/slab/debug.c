/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checked caches: detection of overruns, writes after free, and second frees by callers.
 *
 * Each object lies between red zones, with a trail (redzone.h). While it is free it is filled with POISON,
 * and a byte that differs when it is handed out again is a write after the free. A freed object stays in its
 * cache's quarantine for a while, first in, first out, so that a stale pointer refers to poison and not to
 * another caller's new object.
 *
 * These caches have no magazines: every request takes the slow path, so the common path has no checks.
 * Constructors run at each allocation, because poison overwrites what they wrote.
 *
 * kmalloc()'s blocks of frames have the rear red zone and the trail, at the end of their last frame; nothing
 * stands before them, because they begin with a page. They have no quarantine.
 */
#include "redzone.h"

#define QUARANTINE_SIZE KIB(64) /* bytes of freed objects for each cache; at least one object */

struct slab_cache quarantine_cache;

/* ---- an object's life ---- */

void checked_hand_out(struct slab_cache *cache, void *object, size_t size_bytes, const void *caller)
{
    struct trail *trail = trail_of(cache, object);
    unsigned char *bytes = object;
    const unsigned char *written = redzone_first_other(bytes, cache->object_size, POISON);
    if (!trail_is_sound(trail, cache->object_size))
        port_bug("slab: %s: while object %p was free, the checker's record after it was overwritten",
                 cache->name, object);
    else if (written)
        port_bug(
            "slab: %s: byte %lu of object %p was written after it was freed from %pS; it had been allocated "
            "from %pS",
            cache->name, (unsigned long)(written - bytes), object, trail->freed_from, trail->allocated_from);
    redzone_fill(bytes - cache->front, cache->front, RED);
    redzone_fill(bytes, size_bytes, FRESH);
    redzone_fill(bytes + size_bytes, trail_offset(cache->object_size) - size_bytes, RED);
    trail_write(trail, caller, size_bytes, TRAIL_IN_USE);
    if (cache->construct)
        cache->construct(object);
}

/* Return: false, after a report, when a red zone was written to. */
static bool are_zones_red(const struct slab_cache *cache, const void *object, const struct trail *trail,
                          const void *caller)
{
    const unsigned char *bytes = object;
    const unsigned char *written = redzone_first_other(bytes - cache->front, cache->front, RED);
    if (!written)
        written = redzone_first_other(bytes + trail->requested,
                                      trail_offset(cache->object_size) - trail->requested, RED);
    if (written)
        port_bug("slab: %s: byte %ld of object %p, which has %u bytes, was written; allocated from %pS, "
                 "freed from %pS",
                 cache->name, (long)(written - bytes), object, trail->requested, trail->allocated_from,
                 caller);
    return !written;
}

static bool is_object(const struct slab_cache *cache, const void *object)
{
    unsigned int index;
    const struct slab *slab = slab_find(object);
    return slab && slab->cache == cache->number && slab_index(cache, slab, object, &index);
}

/* Return: the object that leaves the quarantine for @object; NULL when none does. */
static void *exchange(struct quarantine *quarantine, void *object)
{
    void *leaves = NULL;
    spin_lock(&quarantine->lock);
    if (quarantine->count == quarantine->size)
        leaves = quarantine->objects[quarantine->next];
    else
        quarantine->count++;
    quarantine->objects[quarantine->next] = object;
    quarantine->next = (quarantine->next + 1) % quarantine->size;
    spin_unlock(&quarantine->lock);
    return leaves;
}

void *checked_take_back(struct slab_cache *cache, void *object, const void *caller)
{
    if (!is_object(cache, object)) {
        port_bug("slab: %s: %p was freed from %pS, but is not one of its objects", cache->name, object,
                 caller);
        return NULL;
    }
    struct trail *trail = trail_of(cache, object);
    uint32_t state = TRAIL_IN_USE;
    if (!trail_is_sound(trail, cache->object_size)) {
        port_bug("slab: %s: object %p was written far past its end: the red zone and the checker's "
                 "record are overwritten; freed from %pS",
                 cache->name, object, caller);
        return NULL;
    }
    if (!__atomic_compare_exchange_n(&trail->state, &state, TRAIL_WAITS, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED)) {
        port_bug(
            "slab: %s: object %p was freed from %pS, but is free already: allocated from %pS, freed from %pS",
            cache->name, object, caller, trail->allocated_from, trail->freed_from);
        return NULL;
    }
    if (!are_zones_red(cache, object, trail, caller))
        return NULL; /* where port_bug() returns, an overrun object is leaked rather than reused */
    trail->freed_from = caller;
    redzone_fill(object, cache->object_size, POISON);
    void *leaves = cache->quarantine ? exchange(cache->quarantine, object) : object;
    if (leaves)
        __atomic_store_n(&trail_of(cache, leaves)->state, TRAIL_FREE, __ATOMIC_RELEASE);
    return leaves;
}

size_t checked_requested(const struct slab_cache *cache, const void *object)
{
    const struct trail *trail = trail_of(cache, object);
    return trail_is_sound(trail, cache->object_size) ? trail->requested : cache->object_size;
}

/* ---- blocks of frames ---- */

/* Bytes of the red zone after a block that are filled. */
#define BLOCK_RED_MOST KIB(64)

static struct trail *trail_of_block(void *block, size_t block_bytes)
{
    return (struct trail *)(void *)((char *)block + block_bytes) - 1;
}

static size_t red_of_block(const struct trail *trail, const void *block, size_t size_bytes)
{
    size_t red = (size_t)((uintptr_t)trail - (uintptr_t)block) - size_bytes;
    return red < BLOCK_RED_MOST ? red : BLOCK_RED_MOST;
}

size_t checked_block_size(size_t size_bytes)
{
    return size_bytes + REAR_LEAST + sizeof(struct trail);
}

void checked_block_begin(void *block, size_t block_bytes, size_t size_bytes, const void *caller)
{
    struct trail *trail = trail_of_block(block, block_bytes);
    redzone_fill((unsigned char *)block + size_bytes, red_of_block(trail, block, size_bytes), RED);
    trail_write(trail, caller, size_bytes, TRAIL_IN_USE);
}

size_t checked_block_requested(void *block, size_t block_bytes)
{
    const struct trail *trail = trail_of_block(block, block_bytes);
    return trail_is_sound(trail, block_bytes - sizeof(*trail)) ? trail->requested
                                                               : block_bytes - sizeof(*trail);
}

bool checked_block_end(void *block, size_t block_bytes, const void *caller)
{
    const struct trail *trail = trail_of_block(block, block_bytes);
    if (!trail_is_sound(trail, block_bytes - sizeof(*trail))) {
        port_bug("kmalloc: block %p was written far past its end: the checker's record is overwritten; "
                 "freed from %pS",
                 block, caller);
        return false;
    }
    const unsigned char *bytes = block, *behind = bytes + trail->requested;
    const unsigned char *written =
        redzone_first_other(behind, red_of_block(trail, block, trail->requested), RED);
    if (written)
        port_bug("kmalloc: byte %lu of block %p, which has %u bytes, was written; allocated from %pS, "
                 "freed from %pS",
                 (unsigned long)(written - bytes), block, trail->requested, trail->allocated_from, caller);
    return !written;
}

/* ---- quarantine ---- */

void checked_begin(struct slab_cache *cache)
{
    cache->quarantine = cache->is_checked ? slab_take_one(&quarantine_cache) : NULL;
    if (!cache->quarantine)
        return;
    uint64_t size = QUARANTINE_SIZE / cache->stride;
    *cache->quarantine = (struct quarantine){
        .size = size == 0               ? 1
                : size < QUARANTINE_MAX ? (uint32_t)size
                                        : QUARANTINE_MAX,
    };
    SPIN_INIT(&cache->quarantine->lock, "slab quarantine", LOCK_SLAB_QUARANTINE, LOCK_POLICY_MM);
}

void checked_end(struct slab_cache *cache)
{
    if (cache->quarantine)
        slab_give(&quarantine_cache, (void *[]){ cache->quarantine }, 1, NULL);
    cache->quarantine = NULL;
}

struct spinlock *checked_lock(const struct slab_cache *cache)
{
    return cache->quarantine ? &cache->quarantine->lock : NULL;
}

void checked_drain(struct slab_cache *cache)
{
    struct quarantine *quarantine = cache->quarantine;
    void *objects[QUARANTINE_MAX];
    if (!quarantine)
        return;
    spin_lock(&quarantine->lock);
    unsigned int count = quarantine->count;
    for (unsigned int i = 0; i < count; i++)
        objects[i] = quarantine->objects[i];
    quarantine->count = quarantine->next = 0;
    spin_unlock(&quarantine->lock);
    for (unsigned int i = 0; i < count; i++)
        __atomic_store_n(&trail_of(cache, objects[i])->state, TRAIL_FREE, __ATOMIC_RELEASE);
    slab_give(cache, objects, count, __builtin_return_address(0));
}

uint64_t checked_count_quarantined(const struct slab_cache *cache)
{
    return cache->quarantine ? cache->quarantine->count : 0;
}
