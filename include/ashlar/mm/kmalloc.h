/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Memory of any size. Up to KMALLOC_SLAB_MAX bytes it is an object of a slab cache, the next larger
 * size class: steps of 8 bytes up to 64, from there four to each doubling, so that at most a fifth is
 * lost. Above, it is a block of frames, rounded up to a power of two.
 *
 * Context of all: CHECK_MAY_ALLOCATE() of ashlar/sync/context.h: any, also interrupts, not NMI, not in a
 *                 cross-call, with no lock held but those allowed there. They never sleep.
 * Cost of all: 34 instructions a pair up to KMALLOC_SLAB_MAX, at most 20,000 a call; a request that finds no
 *              memory shrinks first, for up to 60,000.
 */
#include <ashlar/status.h>

#define KMALLOC_SLAB_MAX 8192u
#define KMALLOC_MAX      (1ull << 30)

/**
 * kmalloc() - take memory.
 * @size_bytes: 0 .. KMALLOC_MAX; 0 is a valid request for an object without content.
 *
 * Return: memory, content undefined, aligned to 16 bytes when size_bytes is a multiple of 16, to its size
 *         when that is a power of two up to PAGE_SIZE (in a checked build: to 16 bytes), to PAGE_SIZE above
 *         KMALLOC_SLAB_MAX, and to 8 bytes at least; NULL when there is none.
 */
void *kmalloc(size_t size_bytes) MUST_CHECK;

/* Zeroed memory for @count things of @size_bytes each; NULL also when the product is 2^64 or more. */
void *kcalloc(size_t count, size_t size_bytes) MUST_CHECK;

/**
 * krealloc() - change the size.
 * @pointer:    from these functions; NULL: as kmalloc().
 * @size_bytes: the new size, as for kmalloc().
 *
 * Return: where the content now is, up to the smaller of both sizes; NULL, and @pointer stays as it
 *         was, when there is no memory for a larger size. A smaller size never fails.
 */
void *krealloc(void *pointer, size_t size_bytes) MUST_CHECK;

/**
 * kfree() - give memory back.
 * @pointer: from these functions or from slab_alloc(); NULL does nothing.
 *
 * Wrong pointers are reported as slab_free() and buddy_free() do; one into no frame that has a descriptor
 * (buddy_owns()) faults.
 */
void kfree(void *pointer);

/* How many bytes @pointer may really use; in a checked build what it was asked for. */
size_t kmalloc_usable_size(const void *pointer);

/* Requests above KMALLOC_SLAB_MAX that are in use. */
struct kmalloc_blocks {
    uint64_t blocks, frames;
};
struct kmalloc_blocks kmalloc_blocks(void);

/* Brings the size classes up: once, one CPU, after slab_init(). */
status_t kmalloc_init(void) MUST_CHECK;
