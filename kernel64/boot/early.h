/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Memory before there is an allocator, in two parts.
 *
 * The reserve is what kernel64 leaves over of the memory that the loader found for it (KERNEL_RESERVE_SIZE):
 * some 3 MiB behind the kernel. It serves from the first moment, is taken from the front, and the memory map,
 * which lies in it too, lists it as the boot image. Frames of it serve as page tables as long as the machine
 * runs.
 *
 * Usable memory of the swept map serves when the reserve is used up, from early_add_map() to early_finish(),
 * below the end of the direct map. It is taken from the top of the highest range that has room.
 * early_finish() ends that: what early_next_taken() lists is taken for good, the rest is the buddy
 * allocator's.
 *
 * Nothing is given back but frames of the reserve. Whoever gives the boot image to an allocator keeps
 * [kernel_start of the hand-off, early_left().start).
 *
 * Context of all: the first CPU, one caller at a time; early_take_frame() and early_give_frame() also later,
 * under the lock of the page tables that the frames are for. No function takes a lock.
 */
#include <ashlar/addr.h>
#include <ashlar/mm/memmap.h>

/**
 * early_init() - the reserve; forgets everything before.
 * @start, @end: page-aligned, in the boot direct map, at most KERNEL_RESERVE_SIZE apart.
 */
void early_init(phys_t start, phys_t end);

/* @bytes of the reserve are held back until this is called with 0: early_take() passes to usable memory
 * before. */
void early_hold_back(uint64_t bytes);

/* What of the reserve lies below @address is taken: the caller has written from early_left() up to there. */
void early_reserve_below(phys_t address);

/**
 * early_add_map() - from now on usable memory serves, too.
 * @ranges, @count: a swept map, which stays.
 * @limit: page-aligned; memory at and above it is out of reach.
 *
 * The first MiB is left alone: CPUs are started there.
 */
void early_add_map(const struct memmap_range *ranges, size_t count, phys_t limit);

/* The direct map ends elsewhere now. @limit: page-aligned, not below memory that was taken. */
void early_set_limit(phys_t limit);

/**
 * early_alloc() - a block of usable memory, for good, whether the reserve has room or not.
 * @size_bytes: above 0; rounded up to pages.
 * @alignment:  a power of two; below PAGE_SIZE counts as that.
 *
 * Return: its start, not cleared; PHYS_INVALID when no range has room, before early_add_map(), after
 *         early_finish(), and when it would be run EARLY_RUNS_MAX + 1.
 */
phys_t early_alloc(uint64_t size_bytes, uint64_t alignment);

/* Runs of usable memory that can be taken: one is enough for all on nearly every machine. */
#define EARLY_RUNS_MAX 32

/**
 * early_take() - memory for good, of the reserve if it has room, else of usable memory.
 * @size_bytes, @alignment: the latter a power of two, at most PAGE_SIZE. Not cleared.
 *
 * Return: where it is in the direct map; NULL when neither has room.
 */
void *early_take(size_t size_bytes, size_t alignment);

/* A frame of it, for page tables; one that was given back, if there is one. Return: PHYS_INVALID when there
   is none. */
phys_t early_take_frame(void);

/* @frame: from early_take_frame(), not in use. One of the reserve is given out again, another one is lost. */
void early_give_frame(phys_t frame);

/**
 * early_finish() - usable memory is the allocator's now; only what is left of the reserve serves.
 */
void early_finish(void);

/**
 * early_next_taken() - iterate over usable memory that is taken, ascending, and all beyond the limit.
 * @cursor: 0 to begin with; opaque afterwards.
 * @run:    page-aligned; the last one begins at the limit and ends at MEMMAP_TOP.
 *
 * Runs of early_alloc() and early_take() that touch are one.
 * Return: false when there is none left.
 */
bool early_next_taken(size_t *cursor, struct phys_range *run);

/* Bytes of usable memory that early_take() and early_take_frame() have taken; early_alloc()'s are not
 * counted. */
uint64_t early_usable_taken(void);

/* Of the reserve: what has been taken, and what is left; the latter in whole pages. */
struct phys_range early_taken(void);
struct phys_range early_left(void);
