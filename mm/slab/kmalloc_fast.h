/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The fast paths of kmalloc() and kfree(), for them and for the C library's names in mm/malloc/.
 */
#include <ashlar/mm/kmalloc.h>

#include "slab_private.h"

/* From a size to its cache's slot: by 8 bytes up to KMALLOC_SMALL_MAX, by 128 above. */
#define KMALLOC_SMALL_MAX   1024u
#define KMALLOC_SMALL_STEP  8u
#define KMALLOC_MEDIUM_STEP 128u
extern uint16_t kmalloc_small_slots[KMALLOC_SMALL_MAX / KMALLOC_SMALL_STEP + 1] PORT_PRIVATE;
extern uint16_t kmalloc_medium_slots[KMALLOC_SLAB_MAX / KMALLOC_MEDIUM_STEP + 1] PORT_PRIVATE;

/* @size_bytes: at most KMALLOC_SLAB_MAX. */
static ALWAYS_INLINE size_t kmalloc_slot(size_t size_bytes)
{
    if (LIKELY(size_bytes <= KMALLOC_SMALL_MAX))
        return kmalloc_small_slots[(size_bytes + KMALLOC_SMALL_STEP - 1) / KMALLOC_SMALL_STEP];
    return kmalloc_medium_slots[(size_bytes + KMALLOC_MEDIUM_STEP - 1) / KMALLOC_MEDIUM_STEP];
}

/* Return: NULL when it takes more than popping a small object from this CPU's magazine. */
static ALWAYS_INLINE void *kmalloc_fast(size_t size_bytes)
{
    if (UNLIKELY(size_bytes > KMALLOC_SMALL_MAX))
        return NULL;
    return magazine_pop(kmalloc_small_slots[(size_bytes + KMALLOC_SMALL_STEP - 1) / KMALLOC_SMALL_STEP]);
}

/* @pointer: not NULL. Return: false when it takes more than pushing into this CPU's magazine. */
static ALWAYS_INLINE bool kfree_fast(void *pointer)
{
    uint32_t state = port_frame_of(pointer)->state;
    return LIKELY((state & 0xff) == FRAME_SLAB) && magazine_push(state >> 16, pointer);
}

/* The slow paths after these two, in kmalloc.c. */
void *kmalloc_slow(size_t size_bytes, const void *caller);
void kfree_slow(void *pointer, const void *caller);
