/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Memory before there is an allocator: what kernel64 leaves over of the reserve that the loader found for it,
 * some 3 MiB behind the kernel. It is taken from the front and never given back; the memory map, which lies
 * in it too, lists it as the boot image. Whoever gives the boot image back to an allocator keeps
 * [kernel_start of the hand-off, early_left().start): the kernel, the memory map, page tables.
 *
 * Context: the first CPU, until the allocators are up.
 */
#include <ashlar/addr.h>

/* [start, end): page-aligned, in the boot direct map. */
void early_init(phys_t start, phys_t end);

/* What lies below @address is taken: somebody has written from early_left() up to there. */
void early_take_below(phys_t address);

/**
 * early_take() - memory for good.
 * @size_bytes, @alignment: the latter a power of two, at most PAGE_SIZE. Not cleared.
 *
 * Return: where it is in the direct map; NULL when there is not that much left.
 */
void *early_take(size_t size_bytes, size_t alignment);

/* A page of it, for page tables. Return: PHYS_INVALID when none is left. */
phys_t early_take_frame(void);

/* What has been taken, and what nobody has taken yet; the latter in whole pages. */
struct phys_range early_taken(void);
struct phys_range early_left(void);
