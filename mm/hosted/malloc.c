/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The C library's allocation functions on kmalloc(), for LD_PRELOAD.
 *
 * Sizes are rounded up to multiples of 16, whose size classes are aligned to 16. What kmalloc() cannot
 * give, more than 1 GiB, is a mapping of its own, with its size in the page before it.
 */
#define _GNU_SOURCE
#include "hosted.h"

#include <ashlar/bits.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/slab.h>

#include "kmalloc_fast.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PUBLIC     __attribute__((visibility("default")))
#define SIZE_LIMIT ((size_t)PTRDIFF_MAX)

/* A free block this large goes back to the system, which finds it again when it is touched. */
#define LARGE_BLOCK MIB(1)

/* ---- mappings of their own ---- */

static void *map_alone(size_t size)
{
    if (size > SIZE_LIMIT - 2 * PAGE_SIZE)
        return NULL;
    size_t whole = align_up(size, PAGE_SIZE) + PAGE_SIZE;
    size_t *head = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (head == MAP_FAILED)
        return NULL;
    *head = whole;
    return (char *)head + PAGE_SIZE;
}

/* True also for NULL. */
static bool is_alone(const void *pointer)
{
    return (uint64_t)(uintptr_t)pointer - HOSTED_RAM >= hosted_ram_bytes;
}

static bool is_block(const void *pointer)
{
    return frame_kind(port_frame_of(pointer)) == FRAME_LARGE;
}

static size_t *head_of(const void *pointer)
{
    return (size_t *)((uintptr_t)pointer - PAGE_SIZE);
}

/* ---- the uncommon ways ---- */

static void *fail(void)
{
    errno = ENOMEM;
    return NULL;
}

static NOINLINE void *alloc_slow(size_t size)
{
    void *pointer;
    if (size > KMALLOC_MAX) {
        pointer = map_alone(size);
    } else {
        bool is_shared = hosted_enter();
        pointer = kmalloc(align_up(size, 16));
        if (is_shared)
            hosted_leave();
    }
    return pointer ? pointer : fail();
}

static NOINLINE void free_slow(void *pointer)
{
    if (!pointer)
        return;
    if (is_alone(pointer)) {
        munmap(head_of(pointer), *head_of(pointer));
        return;
    }
    if (is_block(pointer) && kmalloc_usable_size(pointer) >= LARGE_BLOCK)
        madvise(pointer, kmalloc_usable_size(pointer), MADV_DONTNEED);
    bool is_shared = hosted_enter();
    kfree(pointer);
    if (is_shared)
        hosted_leave();
}

/* ---- what programs call ---- */

PUBLIC void *malloc(size_t size)
{
    if (LIKELY(hosted_cpu_offset != 0 && size <= KMALLOC_SLAB_MAX)) {
        void *pointer = magazine_pop(kmalloc_slot(align_up(size, 16)));
        if (LIKELY(pointer != NULL))
            return pointer;
    }
    return alloc_slow(size);
}

PUBLIC void free(void *pointer)
{
    if (UNLIKELY(hosted_cpu_offset == 0 || is_alone(pointer) || !kfree_fast(pointer)))
        free_slow(pointer);
}

PUBLIC void *calloc(size_t count, size_t size)
{
    size_t product;
    if (!multiply_fits(count, size, &product))
        return fail();
    void *pointer = malloc(product);
    if (pointer && !is_alone(pointer))
        memset(pointer, 0, product);
    return pointer;
}

PUBLIC size_t malloc_usable_size(void *pointer)
{
    if (!pointer)
        return 0;
    return is_alone(pointer) ? *head_of(pointer) - PAGE_SIZE : kmalloc_usable_size(pointer);
}

static void *move(void *pointer, size_t old_size, size_t size)
{
    void *moved = malloc(size);
    if (!moved)
        return NULL;
    memcpy(moved, pointer, old_size < size ? old_size : size);
    free(pointer);
    return moved;
}

PUBLIC void *realloc(void *pointer, size_t size)
{
    if (!pointer)
        return malloc(size);
    if (size == 0) {
        free(pointer);
        return NULL;
    }
    size_t usable = malloc_usable_size(pointer);
    if (is_alone(pointer) || size > KMALLOC_MAX || usable >= LARGE_BLOCK)
        return size <= usable && size >= usable / 2 ? pointer : move(pointer, usable, size);
    bool is_shared = hosted_enter();
    void *moved = krealloc(pointer, align_up(size, 16));
    if (is_shared)
        hosted_leave();
    return moved ? moved : fail();
}

PUBLIC void *reallocarray(void *pointer, size_t count, size_t size)
{
    size_t product;
    return multiply_fits(count, size, &product) ? realloc(pointer, product) : fail();
}

/* A size class or block of a power of two is aligned to its size; checked caches align to 16 only, but blocks do. */
static void *alloc_aligned(size_t alignment, size_t size)
{
    size_t rounded = size > alignment ? size : alignment;
    if (alignment <= 16)
        return malloc(size);
    if (rounded > KMALLOC_MAX)
        return alignment <= PAGE_SIZE ? malloc(rounded) : fail();
    rounded = is_power_of_two(rounded) ? rounded : (size_t)1 << (64 - __builtin_clzll(rounded));
    if ((alignment > PAGE_SIZE || slab_checks_new_caches) && rounded <= KMALLOC_SLAB_MAX)
        rounded = 2 * KMALLOC_SLAB_MAX;
    return malloc(rounded);
}

PUBLIC int posix_memalign(void **result, size_t alignment, size_t size)
{
    if (!is_power_of_two(alignment) || alignment % sizeof(void *) != 0)
        return EINVAL;
    int saved = errno;
    void *pointer = alloc_aligned(alignment, size);
    errno = saved;
    if (!pointer)
        return ENOMEM;
    *result = pointer;
    return 0;
}

PUBLIC void *aligned_alloc(size_t alignment, size_t size)
{
    if (is_power_of_two(alignment))
        return alloc_aligned(alignment, size);
    errno = EINVAL;
    return NULL;
}

PUBLIC void *memalign(size_t alignment, size_t size)
{
    return aligned_alloc(alignment, size);
}

PUBLIC void *valloc(size_t size)
{
    return alloc_aligned(PAGE_SIZE, size);
}

PUBLIC void *pvalloc(size_t size)
{
    return size > SIZE_LIMIT ? fail() : alloc_aligned(PAGE_SIZE, align_up(size, PAGE_SIZE));
}
