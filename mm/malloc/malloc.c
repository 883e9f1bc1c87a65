/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The C library's allocation functions, for LD_PRELOAD.
 *
 * Up to KMALLOC_SLAB_MAX bytes kmalloc()'s size classes, in steps of 16 bytes, which are aligned to 16.
 * Above, up to LARGE_LEAST, its blocks, of which only the pages that were asked for are backed (pages.c);
 * their number is in the head's descriptor. Larger ones are mappings of their own (large.c).
 *
 * The common paths are here. free() checks before it takes a pointer: that descriptors exist for it, and
 * that an object of one of these caches begins there. With d the distance from the slab's first object and
 * r = 2^32 / stride, rounded up, that is d * r mod 2^32 < r (Lemire et al., "Faster remainder by direct
 * computation", 2019): r is 0 for what is no such cache, and the slab's part of the product is in an array by
 * frame (port_note_slab()). And that it does not bear the mark of a freed object (wrong.c).
 */
#define _GNU_SOURCE
#include "hosted.h"

#include <ashlar/bits.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/slab.h>
#include <ashlar/overflow.h>

#include "kmalloc_fast.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define PUBLIC          __attribute__((visibility("default")))
#define SIZE_LIMIT      ((size_t)PTRDIFF_MAX)
#define LARGE_LEAST     KIB(512)
#define SMALL_STEP      16u
#define CLASS_ALIGNMENT 64

/* By slot, as the stacks of magazines are. */
static struct class
{
    uint32_t reciprocal; /* 0: no cache of kmalloc's */
    uint32_t unused[3];
} classes[SLAB_CACHES_MAX];
STATIC_ASSERT(sizeof(struct class) == sizeof(struct port_stack), "a slot leads to both");

static uint16_t small_slots[KMALLOC_SMALL_MAX / SMALL_STEP + 1];
uint64_t hosted_freed_mark;

void hosted_prepare_classes(void)
{
    /* Checked, what is asked for is not rounded, and all classes are in use. */
    for (size_t size = 0; size <= KMALLOC_SLAB_MAX;
         size += slab_checks_new_caches ? KMALLOC_SMALL_STEP : SMALL_STEP) {
        size_t slot = kmalloc_slot(size);
        classes[slot / sizeof(struct class)].reciprocal = SLAB_SLOT_CACHE(slot)->reciprocal;
        if (size <= KMALLOC_SMALL_MAX && size % SMALL_STEP == 0)
            small_slots[size / SMALL_STEP] = (uint16_t)slot;
    }
    if (getrandom(&hosted_freed_mark, sizeof(hosted_freed_mark), GRND_NONBLOCK) != sizeof(hosted_freed_mark))
        hosted_freed_mark = port_ticks() * 0x9e3779b97f4a7c15u;
    hosted_freed_mark |= 1; /* no pointer, and not 0 */
}

bool hosted_is_class(size_t slot)
{
    return slot % sizeof(struct class) == 0 && classes[slot / sizeof(struct class)].reciprocal != 0;
}

/* ---- common paths ---- */

static ALWAYS_INLINE void *alloc_fast(size_t size)
{
    size_t slot;
    if (UNLIKELY(hosted_cpu_offset == 0))
        return NULL;
    if (LIKELY(size <= KMALLOC_SMALL_MAX))
        slot = small_slots[(size + SMALL_STEP - 1) / SMALL_STEP];
    else if (size <= KMALLOC_SLAB_MAX)
        slot = kmalloc_medium_slots[(size + KMALLOC_MEDIUM_STEP - 1) / KMALLOC_MEDIUM_STEP];
    else
        return NULL;
    uint64_t *object = magazine_pop(slot);
    if (LIKELY(object != NULL))
        object[1] = 0;
    return object;
}

/* A thread that is no CPU has a stack without capacity, so the push fails. */
static ALWAYS_INLINE bool free_fast(void *pointer)
{
    uintptr_t page = (uintptr_t)pointer >> PAGE_SHIFT;
    if (UNLIKELY(!hosted_owns(pointer)))
        return false;
    size_t slot = ((const uint16_t *)port_frame_of(pointer))[1]; /* frame_flags() */
    uint32_t reciprocal = ((const struct class *)((const char *)classes + slot))->reciprocal;
    if (UNLIKELY((uint32_t)(uintptr_t)pointer * reciprocal - ((const uint32_t *)0)[page] >= reciprocal))
        return false;
    uint64_t mark = hosted_freed_mark;
    if (UNLIKELY(((uint64_t *)pointer)[1] == mark) || UNLIKELY(!magazine_push(slot, pointer)))
        return false;
    ((uint64_t *)pointer)[1] = mark;
    return true;
}

/* ---- slow paths ---- */

static void *fail(void)
{
    errno = ENOMEM;
    return NULL;
}

/* A checked object ends where its request did; its class is aligned to 16 whatever the size. */
static void *alloc_small(size_t size, const void *caller)
{
    bool is_shared = hosted_enter();
    uint64_t *object = kmalloc_slow(slab_checks_new_caches ? size : align_up(size, SMALL_STEP), caller);
    if (is_shared)
        hosted_leave();
    if (object && !slab_checks_new_caches)
        object[1] = 0;
    return object;
}

/* @is_zero: as hosted_large_alloc() has it. */
static void *alloc_block(size_t size, bool *is_zero, const void *caller)
{
    bool is_shared = hosted_enter();
    void *block = kmalloc_slow(size, caller);
    if (is_shared)
        hosted_leave();
    if (!block)
        return NULL;
    port_frame_of(block)->index = (uint32_t)(align_up(size, PAGE_SIZE) / PAGE_SIZE);
    *is_zero = hosted_is_fresh;
    return block;
}

/* Also with a size that cannot be had: the library is up afterwards. */
static void *alloc_mapping(size_t size, size_t alignment, bool *is_zero)
{
    bool is_shared = hosted_enter(), wants_zero = *is_zero;
    void *mapping = hosted_large_alloc(size, alignment, is_zero);
    if (!mapping && size < SIZE_LIMIT - PAGE_SIZE && hosted_reclaim(size / PAGE_SIZE + 1)) {
        *is_zero = wants_zero;
        mapping = hosted_large_alloc(size, alignment, is_zero);
    }
    if (is_shared)
        hosted_leave();
    return mapping;
}

/* @caller: return address of the C library's function, for the reports of checked caches. */
static void *alloc_slow(size_t size, bool *is_zero, const void *caller)
{
    void *pointer = NULL;
    if (size <= KMALLOC_SLAB_MAX) {
        pointer = alloc_small(size, caller);
        *is_zero = false;
    } else if (size <= LARGE_LEAST) {
        pointer = alloc_block(size, is_zero, caller);
    } else {
        pointer = alloc_mapping(size, PAGE_SIZE, is_zero);
    }
    return pointer ? pointer : fail();
}

static NOINLINE void *malloc_slow(size_t size, const void *caller)
{
    bool is_zero = false;
    return alloc_slow(size, &is_zero, caller);
}

static NOINLINE void *calloc_slow(size_t size, const void *caller)
{
    bool is_zero = true;
    void *pointer = alloc_slow(size, &is_zero, caller);
    return pointer && !is_zero ? memset(pointer, 0, size) : pointer;
}

static NOINLINE void free_slow(void *pointer, const void *caller)
{
    if (!pointer)
        return;
    int saved = errno;
    if (!hosted_owns(pointer)) {
        if (!hosted_large_free(pointer))
            hosted_check(pointer, "free");
        errno = saved;
        return;
    }
    hosted_check(pointer, "free");
    if (frame_kind(port_frame_of(pointer)) == FRAME_SLAB && !slab_checks_new_caches)
        ((uint64_t *)pointer)[1] = hosted_freed_mark;
    bool is_shared = hosted_enter();
    if (!kfree_fast(pointer))
        kfree_slow(pointer, caller);
    if (is_shared)
        hosted_leave();
    errno = saved;
}

static void *alloc_for(size_t size, const void *caller)
{
    void *pointer = alloc_fast(size);
    return LIKELY(pointer != NULL) ? pointer : malloc_slow(size, caller);
}

static void free_for(void *pointer, const void *caller)
{
    if (UNLIKELY(!free_fast(pointer)))
        free_slow(pointer, caller);
}

/* ---- public functions ---- */

PUBLIC void *malloc(size_t size)
{
    void *pointer = alloc_fast(size);
    return LIKELY(pointer != NULL) ? pointer : malloc_slow(size, __builtin_return_address(0));
}

PUBLIC void free(void *pointer)
{
    if (UNLIKELY(!free_fast(pointer)))
        free_slow(pointer, __builtin_return_address(0));
}

PUBLIC void *calloc(size_t count, size_t size)
{
    size_t product;
    if (!multiply_fits(count, size, &product))
        return fail();
    void *pointer = alloc_fast(product);
    return LIKELY(pointer != NULL) ? memset(pointer, 0, product)
                                   : calloc_slow(product, __builtin_return_address(0));
}

PUBLIC size_t malloc_usable_size(void *pointer)
{
    return pointer ? hosted_check(pointer, "malloc_usable_size") : 0;
}

/* ---- realloc ---- */

static void *move(void *pointer, size_t old_size, size_t size, const void *caller)
{
    void *moved = alloc_for(size, caller);
    if (!moved)
        return NULL;
    memcpy(moved, pointer, old_size < size ? old_size : size);
    free_for(pointer, caller);
    return moved;
}

/* A block has addresses for its whole order, and may get pages there. Return: false when it has to move. */
static bool resize_block(void *block, size_t usable, size_t size)
{
    struct frame *head = port_frame_of(block);
    size_t wanted = align_up(size, PAGE_SIZE);
    if (size <= usable)
        return size >= usable / 2;
    if (wanted > PAGE_SIZE << frame_order(head) || !port_commit((char *)block + usable, wanted - usable))
        return false;
    head->index = (uint32_t)(wanted / PAGE_SIZE);
    return true;
}

/* Return: false when it has to move. Checked objects always do, so that a use of the old pointer is found. */
static bool may_stay(void *pointer, size_t usable, size_t size)
{
    if (frame_kind(port_frame_of(pointer)) == FRAME_LARGE)
        return !slab_checks_new_caches && size <= LARGE_LEAST && resize_block(pointer, usable, size);
    return !slab_checks_new_caches && size <= usable && (size >= usable / 2 || usable <= SMALL_STEP);
}

static void *resize(void *pointer, size_t size, const void *caller)
{
    if (!pointer)
        return alloc_for(size, caller);
    size_t usable = hosted_check(pointer, "realloc");
    if (size == 0) {
        free_for(pointer, caller);
        return NULL;
    }
    if (hosted_owns(pointer))
        return may_stay(pointer, usable, size) ? pointer : move(pointer, usable, size, caller);
    if (size <= LARGE_LEAST / 2)
        return move(pointer, usable, size, caller);
    void *moved = hosted_large_resize(pointer, size);
    return moved ? moved : move(pointer, usable, size, caller);
}

PUBLIC void *realloc(void *pointer, size_t size)
{
    return resize(pointer, size, __builtin_return_address(0));
}

PUBLIC void *reallocarray(void *pointer, size_t count, size_t size)
{
    size_t product;
    return multiply_fits(count, size, &product) ? resize(pointer, product, __builtin_return_address(0))
                                                : fail();
}

/* ---- alignment ---- */

/* All classes whose size is a multiple of 64 are aligned to 64, those of powers of two to their size, blocks
   to theirs. Checked caches align to 16 only. */
static void *alloc_aligned(size_t alignment, size_t size, const void *caller)
{
    size_t rounded = size > alignment ? size : alignment;
    bool is_zero = false;
    if (alignment <= SMALL_STEP)
        return alloc_for(size, caller);
    if (rounded > LARGE_LEAST) {
        if (alignment <= PAGE_SIZE)
            return alloc_for(size, caller);
        void *pointer = alloc_mapping(rounded, alignment, &is_zero);
        return pointer ? pointer : fail();
    }
    if (alignment <= CLASS_ALIGNMENT && !slab_checks_new_caches)
        return alloc_for(align_up(size, alignment), caller);
    if (rounded > KMALLOC_SLAB_MAX)
        return alloc_for(rounded, caller);
    rounded = is_power_of_two(rounded) ? rounded : (size_t)1 << (64 - __builtin_clzll(rounded));
    if ((alignment > PAGE_SIZE || slab_checks_new_caches) && rounded <= KMALLOC_SLAB_MAX)
        rounded = 2 * KMALLOC_SLAB_MAX;
    return alloc_for(rounded, caller);
}

PUBLIC int posix_memalign(void **result, size_t alignment, size_t size)
{
    if (!is_power_of_two(alignment) || alignment % sizeof(void *) != 0)
        return EINVAL;
    int saved = errno;
    void *pointer = alloc_aligned(alignment, size, __builtin_return_address(0));
    errno = saved;
    if (!pointer)
        return ENOMEM;
    *result = pointer;
    return 0;
}

PUBLIC void *aligned_alloc(size_t alignment, size_t size)
{
    if (is_power_of_two(alignment))
        return alloc_aligned(alignment, size, __builtin_return_address(0));
    errno = EINVAL;
    return NULL;
}

PUBLIC void *memalign(size_t alignment, size_t size)
{
    if (is_power_of_two(alignment))
        return alloc_aligned(alignment, size, __builtin_return_address(0));
    errno = EINVAL;
    return NULL;
}

PUBLIC void *valloc(size_t size)
{
    return alloc_aligned(PAGE_SIZE, size, __builtin_return_address(0));
}

PUBLIC void *pvalloc(size_t size)
{
    return size > SIZE_LIMIT
               ? fail()
               : alloc_aligned(PAGE_SIZE, align_up(size, PAGE_SIZE), __builtin_return_address(0));
}
