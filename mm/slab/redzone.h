/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Layout of a checked object: red zones, poison, and the trail after it. No state and no lock; debug.c has
 * the checks that use it.
 *
 *   | red zone, `front` bytes | object | red zone, at least 16 bytes | struct trail |
 *
 * The rear red zone begins where the caller's request ended, to the byte. The trail has a seal: a write past
 * the red zone overwrites the seal first, and the trail is not trusted then.
 */
#include "slab_private.h"

#define FRONT_LEAST 16
#define REAR_LEAST  16
#define RED         0xbb
#define POISON      0xf5
#define FRESH       0xaa

enum trail_state {
    TRAIL_FREE = 0x46524545,
    TRAIL_WAITS = 0x57414954, /* in quarantine */
    TRAIL_IN_USE = 0x55534544
};

struct trail {
    uint64_t seal; /* seal_of() */
    const void *allocated_from, *freed_from;
    uint32_t requested;
    uint32_t state; /* enum trail_state; atomic, so that of two frees at once one is the second */
};

/* Bytes from an object to its trail. */
uint32_t trail_offset(uint32_t object_size);
struct trail *trail_of(const struct slab_cache *cache, const void *object);

void trail_write(struct trail *trail, const void *caller, size_t size_bytes, enum trail_state state);

/* Return: false when the trail has been overwritten. @most: bytes that can have been requested. */
bool trail_is_sound(const struct trail *trail, size_t most);

void redzone_fill(unsigned char *start, size_t count, unsigned char value);

/* Return: the first byte that is not @value; NULL when all are. */
const unsigned char *redzone_first_other(const unsigned char *start, size_t count, unsigned char value);
