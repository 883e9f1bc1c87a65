/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 512 free bits; see bits512.h.
 */
#include "bits512.h"

#include <ashlar/bits.h>

/* 2^order bits from 0 on; order at most 6. */
static uint64_t block_mask(unsigned int order)
{
    return BITS512_ALL >> (64 - (1u << order));
}

/* Bits [lo, hi) of a word, both at most 64. */
static uint64_t range_mask(unsigned int lo, unsigned int hi)
{
    return lo >= hi ? 0 : BITS512_ALL >> (64 - (hi - lo)) << lo;
}

/* The part of word number @word that lies in bits [lo, hi) of all. */
static uint64_t word_range(unsigned int word, unsigned int lo, unsigned int hi)
{
    unsigned int base = word * 64;
    if (lo <= base && base + 64 <= hi)
        return BITS512_ALL;
    return range_mask(lo > base ? lo - base : 0, hi < base + 64 ? (hi > base ? hi - base : 0) : 64);
}

/* Where blocks of an order may begin in a word. */
static const uint64_t aligned_bits[] = {
    BITS512_ALL,         0x5555555555555555u, 0x1111111111111111u, 0x0101010101010101u,
    0x0001000100010001u, 0x0000000100000001u, 0x0000000000000001u,
};

/* The first bits of all blocks of @order, at most 6, that are free in a word. */
static uint64_t block_starts(uint64_t word, unsigned int order)
{
    for (unsigned int i = 0; i < order && word != 0; i++)
        word &= word >> (1u << i);
    return word & aligned_bits[order];
}

static unsigned int highest_bit(uint64_t word)
{
    return 63 - (unsigned int)__builtin_clzll(word);
}

static bool are_all(const struct bits512 *bits, unsigned int first, unsigned int count, uint64_t value)
{
    for (unsigned int i = 0; i < count; i++)
        if (bits->word[first + i] != value)
            return false;
    return true;
}

static void set_words(struct bits512 *bits, unsigned int first, unsigned int count, uint64_t value)
{
    for (unsigned int i = 0; i < count; i++)
        bits->word[first + i] = value;
}

/* ---- taking ---- */

static unsigned int take_words(struct bits512 *bits, unsigned int order, unsigned int lo, unsigned int hi,
                               unsigned int *index)
{
    unsigned int words = 1u << (order - BITS512_WORD_ORDER);
    for (unsigned int end = hi / 64; end >= lo / 64 + words; end -= words) {
        unsigned int first = end - words;
        if (!are_all(bits, first, words, BITS512_ALL))
            continue;
        set_words(bits, first, words, 0);
        *index = first * 64;
        return 1;
    }
    return 0;
}

/* Takes up to @wanted blocks of one word, of those that begin at @starts, from the highest down. Return: how
   many. */
static unsigned int take_in_word(struct bits512 *bits, unsigned int word, uint64_t starts, unsigned int order,
                                 unsigned int wanted, unsigned int *indexes)
{
    uint64_t mask = block_mask(order), taken = 0;
    unsigned int count = 0;
    for (; count < wanted && starts != 0; count++) {
        unsigned int bit = highest_bit(starts);
        starts &= ~BIT(bit);
        taken |= mask << bit;
        indexes[count] = word * 64 + bit;
    }
    bits->word[word] &= ~taken;
    return count;
}

unsigned int bits512_take_blocks(struct bits512 *bits, unsigned int order, unsigned int lo, unsigned int hi,
                                 unsigned int wanted, unsigned int *indexes)
{
    if (lo >= hi)
        return 0;
    if (order >= BITS512_WORD_ORDER)
        return take_words(bits, order, lo, hi, indexes);

    unsigned int count = 0, full = BITS512_WORDS;
    for (unsigned int word = (hi + 63) / 64; count < wanted && word-- > lo / 64;) {
        if (bits->word[word] == 0)
            continue;
        uint64_t starts = block_starts(bits->word[word] & word_range(word, lo, hi), order);
        if (starts == 0)
            continue;
        if (bits->word[word] != BITS512_ALL)
            count += take_in_word(bits, word, starts, order, wanted - count, indexes + count);
        else if (full == BITS512_WORDS)
            full = word;
    }
    if (count < wanted && full < BITS512_WORDS)
        count += take_in_word(bits, full, block_starts(word_range(full, lo, hi), order), order,
                              wanted - count, indexes + count);
    return count;
}

/* The lowest @wanted of the bits set; all of them when there are fewer. */
static uint64_t lowest_bits(uint64_t word, unsigned int wanted)
{
    uint64_t rest = word;
    for (; wanted > 0 && rest != 0; wanted--)
        rest &= rest - 1;
    return word & ~rest;
}

unsigned int bits512_take_some(struct bits512 *bits, unsigned int wanted, uint64_t *mask)
{
    unsigned int found = BITS512_WORDS;
    for (unsigned int word = 0; word < BITS512_WORDS; word++) {
        if (bits->word[word] == 0 || (bits->word[word] == BITS512_ALL && found < BITS512_WORDS))
            continue;
        found = word;
        if (bits->word[word] != BITS512_ALL)
            break;
    }
    if (found < BITS512_WORDS) {
        *mask = wanted >= 64 ? bits->word[found] : lowest_bits(bits->word[found], wanted);
        bits->word[found] &= ~*mask;
    }
    return found;
}

/* ---- giving ---- */

bool bits512_give_mask(struct bits512 *bits, unsigned int word, uint64_t mask)
{
    if ((bits->word[word] & mask) != 0)
        return false;
    bits->word[word] |= mask;
    return true;
}

bool bits512_give(struct bits512 *bits, unsigned int order, unsigned int index)
{
    if (order < BITS512_WORD_ORDER)
        return bits512_give_mask(bits, index / 64, block_mask(order) << index % 64);
    unsigned int words = 1u << (order - BITS512_WORD_ORDER);
    if (!are_all(bits, index / 64, words, 0))
        return false;
    set_words(bits, index / 64, words, BITS512_ALL);
    return true;
}

void bits512_fill_around(struct bits512 *bits, unsigned int lo, unsigned int hi)
{
    for (unsigned int word = 0; word < BITS512_WORDS; word++)
        bits->word[word] = ~word_range(word, lo, hi);
}

void bits512_clear(struct bits512 *bits)
{
    set_words(bits, 0, BITS512_WORDS, 0);
}

/* ---- looking ---- */

bool bits512_has_at(const struct bits512 *bits, unsigned int word, unsigned int order)
{
    if (order < BITS512_WORD_ORDER)
        return block_starts(bits->word[word], order) != 0;
    unsigned int words = 1u << (order - BITS512_WORD_ORDER);
    return are_all(bits, word & ~(words - 1), words, BITS512_ALL);
}

bool bits512_has(const struct bits512 *bits, unsigned int order)
{
    unsigned int step = order > BITS512_WORD_ORDER ? 1u << (order - BITS512_WORD_ORDER) : 1;
    for (unsigned int word = 0; word < BITS512_WORDS; word += step)
        if (bits->word[word] != 0 && bits512_has_at(bits, word, order))
            return true;
    return false;
}

static unsigned int orders_in_word(uint64_t word)
{
    unsigned int orders = 0;
    for (; orders < BITS512_WORD_ORDER && word != 0; orders++)
        word = word & word >> (1u << orders) & aligned_bits[orders + 1];
    return orders + (word != 0);
}

unsigned int bits512_orders(const struct bits512 *bits, unsigned int most)
{
    unsigned int orders = 0;
    for (; most > BITS512_WORD_ORDER; most--)
        if (bits512_has(bits, most - 1))
            return most;
    for (unsigned int word = 0; word < BITS512_WORDS && orders < most; word++) {
        unsigned int here = bits->word[word] != 0 ? orders_in_word(bits->word[word]) : 0;
        orders = here > orders ? here : orders;
    }
    return orders;
}

void bits512_count(const struct bits512 *bits, unsigned int lo, unsigned int hi, uint64_t blocks[10])
{
    for (unsigned int at = lo; at < hi;) {
        unsigned int order = 0;
        uint64_t word = bits->word[at / 64];
        if (word >> at % 64 == 0) {
            at = (at / 64 + 1) * 64;
            continue;
        }
        if (!(word >> at % 64 & 1)) {
            at++;
            continue;
        }
        while (order < BITS512_ORDERS) {
            unsigned int size = 2u << order;
            bool fits = is_aligned(at, size) && at + size <= hi;
            if (!fits || !(order < BITS512_WORD_ORDER ? (block_starts(word, order + 1) >> at % 64 & 1) != 0
                                                      : are_all(bits, at / 64, size / 64, BITS512_ALL)))
                break;
            order++;
        }
        blocks[order]++;
        at += 1u << order;
    }
}
