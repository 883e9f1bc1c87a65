/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Invalid frees and double frees: how they are found.
 *
 * What each kind is known by, in the release build:
 *
 *   a pointer to foreign memory      it lies outside the window and is not in the table of mappings
 *   a pointer into an object         its distance from the slab's first object, by the cache's reciprocal
 *                                    (malloc.c)
 *   a pointer into a block,
 *   a block freed twice              the descriptor of its frame, which changes atomically
 *   an object freed twice            a mark
 *
 * The mark is a number drawn at the start. free() writes it into the object's second word, and malloc()
 * clears it. free() of an object with the mark looks whether it really is free: in a magazine, a depot, or
 * its slab. The mark alone proves nothing, because memory that was not initialised may hold one.
 *
 * All of these end the process before the allocator's state has changed. Not found: a double free of an
 * object that was written to, or handed out again, in between.
 */
#include "hosted.h"

#include <ashlar/mm/kmalloc.h>

#include "kmalloc_fast.h"

#include <stdio.h>

static NORETURN void die(const void *pointer, const char *function, const char *reason)
{
    char message[160];
    (void)snprintf(message, sizeof(message), "%s(%p): %s", function, pointer, reason);
    hosted_die(message);
}

/* ---- whether an object is free ---- */

static bool is_among(void *const *slots, size_t count, const void *object)
{
    for (size_t i = 1; i <= count; i++)
        if (slots[i] == object)
            return true;
    return false;
}

/* Other CPUs run meanwhile, so an object that they are taking or freeing may be missed. */
static bool is_in_magazine(const struct slab_cache *cache, unsigned int cpu, const void *object)
{
    struct magazine_pair pair = PORT_OF(magazine_pairs, cpu)->of[cache->number];
    void **top = PORT_OF(slab_stacks, cpu)->of[cache->number].top;
    size_t loaded = pair.loaded ? (size_t)(top - pair.loaded->slots) : 0;
    return (pair.loaded && loaded <= pair.loaded->capacity && is_among(pair.loaded->slots, loaded, object)) ||
           (pair.previous && pair.previous->count <= pair.previous->capacity &&
            is_among(pair.previous->slots, pair.previous->count, object));
}

static bool is_in_depot(struct slab_node *node, const void *object)
{
    bool is_there = false;
    spin_lock(&node->depot_lock);
    for (const struct magazine *magazine = node->first[FILLED]; magazine && !is_there;
         magazine = magazine->next)
        is_there = is_among(magazine->slots, magazine->count, object);
    spin_unlock(&node->depot_lock);
    return is_there;
}

static bool is_in_slab(struct slab_node *node, const struct slab *slab, unsigned int index)
{
    spin_lock(&node->lock);
    bool is_there = (slab->free[index / 64] >> index % 64 & 1) != 0;
    spin_unlock(&node->lock);
    return is_there;
}

static bool is_free(const struct slab_cache *cache, const struct slab *slab, unsigned int index,
                    const void *object)
{
    struct slab_node *node = &cache->nodes[slab->node];
    for (unsigned int cpu = 0; cpu < port_cpu_count(); cpu++)
        if (is_in_magazine(cache, cpu, object))
            return true;
    return is_in_depot(node, object) || is_in_slab(node, slab, index);
}

/* ---- checks ---- */

static size_t check_object(const void *object, const struct frame *frame, const char *function)
{
    const struct slab_cache *cache = SLAB_SLOT_CACHE(frame_flags(frame));
    const struct slab *slab = slab_find(object);
    unsigned int index;
    if (!slab || !slab_index(cache, slab, object, &index))
        die(object, function, "points into an object, not to where one begins");
    if (cache->is_checked)
        return checked_requested(cache, object);
    if (((const uint64_t *)object)[1] == hosted_freed_mark && is_free(cache, slab, index, object))
        die(object, function, "was freed already");
    return cache->object_size;
}

size_t hosted_check(const void *pointer, const char *function)
{
    if (!hosted_owns(pointer)) {
        size_t size = hosted_large_size(pointer);
        if (size == 0)
            die(pointer, function, "is not from malloc(), or was freed already");
        return size;
    }
    const struct frame *frame = port_frame_of(pointer);
    if (frame_kind(frame) == FRAME_SLAB && hosted_is_class(frame_flags(frame)))
        return check_object(pointer, frame, function);
    if (frame_kind(frame) != FRAME_LARGE || (uintptr_t)pointer % PAGE_SIZE != 0)
        die(pointer, function, "is not where memory from malloc() begins, or was freed already");
    return slab_checks_new_caches ? kmalloc_usable_size(pointer) : (size_t)frame->index * PAGE_SIZE;
}
