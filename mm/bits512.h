/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * 512 bits that several CPUs take from and give to without a lock: a set bit is something free, and
 * clearing it atomically is taking it. Blocks are aligned powers of two; splitting and merging
 * happen by themselves, because a block is only the bits that it is made of.
 *
 * Private to the buddy allocator, which uses it twice: for the frames of 2 MiB, for the 2 MiB
 * pieces of 1 GiB.
 */
#include <ashlar/types.h>

#define BITS512_WORDS 8
#define BITS512_ALL   UINT64_MAX

struct bits512 {
    uint64_t word[BITS512_WORDS];
} ALIGNED(64);

enum bits512_result {
    BITS512_NONE,   /* there was no such block */
    BITS512_TAKEN,  /* the block is the caller's */
    BITS512_UNDONE, /* none, and words were hidden from others for a moment: look at them again */
};

/**
 * bits512_take() - take a block.
 * @order: 0 .. 8.
 * @lo, @hi: the block lies in bits [lo, hi); multiples of 2^order, at most 512.
 * @index: receives its first bit.
 *
 * Orders above 6 take their words one by one and give them back when one of them is missing.
 */
enum bits512_result bits512_take(struct bits512 *bits, unsigned order, unsigned lo, unsigned hi,
                                 unsigned *index);

/* Takes all 512, or none. */
enum bits512_result bits512_take_all(struct bits512 *bits);

/**
 * bits512_take_some() - take up to @wanted single bits of one word, of a broken one rather than a full one.
 * @wanted: 1 .. 64.
 * @mask:   receives the bits taken.
 *
 * Return: the word's number; BITS512_WORDS when no bit is set.
 */
unsigned bits512_take_some(struct bits512 *bits, unsigned wanted, uint64_t *mask);

/* Gives bits of one word. Return: those of them that were set already. */
uint64_t bits512_give_mask(struct bits512 *bits, unsigned word, uint64_t mask);

/* Gives a block. Return: whether none of it was set already. */
bool bits512_give(struct bits512 *bits, unsigned order, unsigned index);

/* The order of the largest free block in, or around, one word: -1 when it is 0, 9 when all are set. */
int bits512_largest(const struct bits512 *bits, unsigned word);

/* Whether a block of @order, 0 .. 8, could be taken anywhere. */
bool bits512_has(const struct bits512 *bits, unsigned order);

bool bits512_is_full(const struct bits512 *bits);

/* Adds the free blocks among bits [lo, hi) to @blocks, each at its largest order. */
void bits512_count(const struct bits512 *bits, unsigned lo, unsigned hi, uint64_t blocks[10]);
