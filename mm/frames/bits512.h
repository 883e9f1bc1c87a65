/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * 512 bits, of which a set one is something free. Blocks are aligned powers of two; splitting and
 * merging happen by themselves, because a block is only the bits that it is made of.
 *
 * Private to the buddy allocator, which uses it twice: for the frames of 2 MiB, for the 2 MiB pieces of
 * 1 GiB. Nothing here is atomic: the caller holds the allocator's lock, or owns the bits alone.
 */
#include <ashlar/types.h>

#define BITS512_WORDS      8
#define BITS512_WORD_ORDER 6 /* a block of this order is one word; larger ones are several */
#define BITS512_ORDERS     9 /* orders 0 .. 8; all 512 together are no block of theirs */
#define BITS512_ALL        UINT64_MAX

struct bits512 {
    uint64_t word[BITS512_WORDS];
} ALIGNED(64);

/**
 * bits512_take_blocks() - take up to @wanted blocks of @order, the highest ones, but out of a full word only
 * those that no other word has.
 * @order:   0 .. 8; of order BITS512_WORD_ORDER and more at most one is taken.
 * @lo, @hi: blocks lie in bits [lo, hi); multiples of 2^order, at most 512.
 * @wanted:  at least 1.
 * @indexes: receives their first bits.
 *
 * Return: how many there were; 0 only when there is none.
 * Cost: about 300 instructions, and 12 for each block.
 */
unsigned int bits512_take_blocks(struct bits512 *bits, unsigned int order, unsigned int lo, unsigned int hi,
                                 unsigned int wanted, unsigned int *indexes);

/**
 * bits512_take_some() - take up to @wanted single bits of one word, of a broken one rather than a full one.
 * @wanted: 1 .. 64.
 * @mask:   receives the bits taken.
 *
 * Return: the word's number; BITS512_WORDS when no bit is set.
 */
unsigned int bits512_take_some(struct bits512 *bits, unsigned int wanted, uint64_t *mask);

/* Gives bits of one word, or a block. Return: false, and nothing changes, when one of them is set already. */
bool bits512_give_mask(struct bits512 *bits, unsigned int word, uint64_t mask);
bool bits512_give(struct bits512 *bits, unsigned int order, unsigned int index);

/* Sets all bits but [lo, hi). */
void bits512_fill_around(struct bits512 *bits, unsigned int lo, unsigned int hi);

void bits512_clear(struct bits512 *bits);

/* Whether a block of @order, 0 .. 9, is free anywhere; in, or around, one word. */
bool bits512_has(const struct bits512 *bits, unsigned int order);
bool bits512_has_at(const struct bits512 *bits, unsigned int word, unsigned int order);

/* Return: n when the largest free block is of order n - 1, 0 when there is none.
   @most: 0 .. BITS512_ORDERS, and not less than the result. */
unsigned int bits512_orders(const struct bits512 *bits, unsigned int most);

/* Adds the free blocks among bits [lo, hi) to @blocks, each at its largest order. */
void bits512_count(const struct bits512 *bits, unsigned int lo, unsigned int hi, uint64_t blocks[10]);
