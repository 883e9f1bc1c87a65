/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Red zones, poison and trails of checked objects: redzone.h draws them.
 */
#include "redzone.h"

uint32_t trail_offset(uint32_t object_size)
{
    return (uint32_t)align_up(object_size + REAR_LEAST, sizeof(uint64_t));
}

uint32_t checked_stride(uint32_t object_size, uint32_t alignment, uint32_t *front)
{
    *front = alignment > FRONT_LEAST ? alignment : FRONT_LEAST;
    return (uint32_t)align_up(*front + trail_offset(object_size) + sizeof(struct trail),
                              alignment > sizeof(uint64_t) ? alignment : sizeof(uint64_t));
}

struct trail *trail_of(const struct slab_cache *cache, const void *object)
{
    return (struct trail *)(uintptr_t)((const char *)object + trail_offset(cache->object_size));
}

/* A checksum of the members that do not change while an object is in use. */
static uint64_t seal_of(const struct trail *trail)
{
    uint64_t mixed =
        (uintptr_t)trail ^ (uintptr_t)trail->allocated_from << 7 ^ (uint64_t)trail->requested << 40;
    return mixed * 0x9e3779b97f4a7c15ull ^ 0x5a5a5a5aa5a5a5a5ull;
}

void trail_write(struct trail *trail, const void *caller, size_t size_bytes, enum trail_state state)
{
    *trail = (struct trail){ .allocated_from = caller, .requested = (uint32_t)size_bytes, .state = state };
    trail->seal = seal_of(trail);
}

bool trail_is_sound(const struct trail *trail, size_t most)
{
    uint32_t state = __atomic_load_n(&trail->state, __ATOMIC_ACQUIRE);
    return trail->seal == seal_of(trail) && trail->requested <= most &&
           (state == TRAIL_FREE || state == TRAIL_WAITS || state == TRAIL_IN_USE);
}

void redzone_fill(unsigned char *start, size_t count, unsigned char value)
{
    for (size_t i = 0; i < count; i++)
        start[i] = value;
}

const unsigned char *redzone_first_other(const unsigned char *start, size_t count, unsigned char value)
{
    for (size_t i = 0; i < count; i++)
        if (start[i] != value)
            return &start[i];
    return NULL;
}

void checked_fill_new(const struct slab_cache *cache, const struct slab *slab)
{
    for (unsigned int i = 0; i < cache->per_slab; i++) {
        void *object = slab->objects + i * cache->stride;
        redzone_fill(object, cache->object_size, POISON);
        trail_write(trail_of(cache, object), NULL, 0, TRAIL_FREE);
    }
}
