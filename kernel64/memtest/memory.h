/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The memory under test: blocks taken from the buddy allocator, which nothing else uses meanwhile, and given
 * back afterwards but for frames that failed. Hosted-tested.
 *
 * Positions are bytes in the sequence of blocks, which is in no order of addresses.
 *
 * Context of all: thread, one caller at a time, where nothing else is said.
 */
#include <ashlar/addr.h>
#include <memtest/sweep.h>

/* What memtest_take() leaves in the allocator, when it does not take everything. */
#define MEMTEST_KEPT_BYTES (1024 * 1024ULL)

/**
 * memtest_take() - take free memory.
 * @limit_bytes: at most so much, rounded down to pages; UINT64_MAX for no limit.
 * @all:         also the zones' reserves, and the last MEMTEST_KEPT_BYTES.
 *
 * What other CPUs' caches and empty slabs hold is not free: the caller gives it back first.
 * Return: the bytes taken.
 * Cost: a call of buddy_alloc() a block.
 */
uint64_t memtest_take(uint64_t limit_bytes, bool all);

/**
 * memtest_next_piece() - iterate over a part of the memory.
 * @position: bytes; of the part's start at first, of its end when @is_down. Moved past the piece.
 * @end:      of the part, bytes; its start when @is_down.
 * @is_down:  from the end to the start.
 * @size:     which pieces: see there. MEMTEST_WHOLE: blocks that begin in the part.
 * @piece:      receives it.
 *
 * Return: false at the end; @piece is untouched.
 * Context: any CPU, any number at a time, between memtest_take() and memtest_give().
 */
bool memtest_next_piece(uint64_t *position, uint64_t end, bool is_down, enum memtest_size size,
                        struct memtest_piece *piece);

/**
 * memtest_mark() - have memtest_give() keep a frame from use.
 * @address: in the memory under test.
 *
 * Context: as memtest_next_piece(); the frame's descriptor is written.
 */
void memtest_mark(phys_t address);

/**
 * memtest_give() - give all of it back, but for frames that were marked.
 *
 * A marked frame stays in no list, and is kept until the machine restarts. Its block is split for it.
 * Return: frames that were kept now.
 */
uint64_t memtest_give(void);

/* Return: frames that are kept from use since the boot. Context: any. */
uint64_t memtest_isolated_frames(void);

/* The first so many of them are remembered by address. */
#define MEMTEST_ISOLATED_MAX 64

/* Return: the address of one, in the order in which they were kept; PHYS_INVALID from
   MEMTEST_ISOLATED_MAX, or their number, on. Context: any. */
phys_t memtest_isolated(unsigned int index);
