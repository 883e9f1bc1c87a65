/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Memory before there is an allocator, in two parts.
 *
 * The reserve is the memory after kernel64 in the range that the loader allocated for it
 * (KERNEL_RESERVE_SIZE): about 3 MiB. It is available from the start and allocated from its front. The memory
 * map, which is stored in it, lists it as the boot image. Frames of it are used as page tables as long as the
 * kernel runs.
 *
 * Usable memory of the memory map is allocated when the reserve is exhausted, from early_add_map() to
 * early_finish(), below the end of the direct map, from the top of the highest range that is large enough.
 * After early_finish(), the runs that early_next_taken() lists stay allocated, and the rest belongs to the
 * buddy allocator.
 *
 * Only frames of the reserve can be freed. When the boot image is given to an allocator, [kernel_start of the
 * hand-off, early_left().start) stays allocated.
 *
 * Context of all: the BSP, one caller at a time; early_take_frame() and early_give_frame() also later, on any
 * CPU, in a thread or an interrupt: they take a lock of their own, of class LOCK_EARLY_FRAMES. No other
 * function takes one.
 */
#include <ashlar/addr.h>
#include <ashlar/mm/memmap.h>

/**
 * early_init() - set the reserve; resets all state.
 * @start, @end: page-aligned, in the boot direct map, at most KERNEL_RESERVE_SIZE apart.
 */
void early_init(phys_t start, phys_t end);

/* Holds back @bytes of the reserve until it is called with 0: early_take() uses usable memory instead. */
void early_hold_back(uint64_t bytes);

/* Marks the reserve below @address as allocated: the caller stored data from early_left() up to there. */
void early_reserve_below(phys_t address);

/**
 * early_add_map() - allocate from usable memory, too.
 * @ranges, @count: a memory map, which must persist.
 * @limit: page-aligned; memory at and above it is not used.
 *
 * The first MiB is not used: CPUs are started there.
 */
void early_add_map(const struct memmap_range *ranges, size_t count, phys_t limit);

/* Sets a new end of the direct map. @limit: page-aligned, not below allocated memory. */
void early_set_limit(phys_t limit);

/**
 * early_alloc() - allocate a block of usable memory permanently, not of the reserve.
 * @size_bytes: above 0; rounded up to pages.
 * @alignment:  a power of two; at least PAGE_SIZE is used.
 *
 * Return: its start, not cleared; PHYS_INVALID when no range is large enough, before early_add_map(), after
 *          early_finish(), and when it would need more than EARLY_RUNS_MAX runs.
 */
phys_t early_alloc(uint64_t size_bytes, uint64_t alignment);

/* Runs of usable memory that can be allocated: most machines need one. */
#define EARLY_RUNS_MAX 32

/**
 * early_take() - allocate memory permanently, of the reserve if it is large enough, else of usable memory.
 * @size_bytes, @alignment: the latter a power of two, at most PAGE_SIZE. Not cleared.
 *
 * Return: its address in the direct map; NULL when neither is large enough.
 */
void *early_take(size_t size_bytes, size_t alignment);

/* Allocates a frame for page tables; a freed one, if there is one.
   Return: PHYS_INVALID when there is none. */
phys_t early_take_frame(void);

/* Frees @frame, which is of early_take_frame(). A frame of the reserve is allocated again, any other frame is
   lost. */
void early_give_frame(phys_t frame);

/**
 * early_finish() - stop allocating usable memory; only the rest of the reserve is used.
 */
void early_finish(void);

/**
 * early_next_taken() - iterate over allocated usable memory, ascending, and all memory above the limit.
 * @cursor: 0 to begin with; opaque afterwards.
 * @run:    page-aligned; the last one begins at the limit and ends at MEMMAP_TOP.
 *
 * Adjacent runs of early_alloc() and early_take() are merged.
 * Return: false when there is none left.
 */
bool early_next_taken(size_t *cursor, struct phys_range *run);

/* Bytes of usable memory that early_take() and early_take_frame() allocated, without early_alloc()'s. */
uint64_t early_usable_taken(void);

/* The allocated part of the reserve, and the free part, which is page-aligned. */
struct phys_range early_taken(void);
struct phys_range early_left(void);
