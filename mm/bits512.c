/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 512 free bits; see bits512.h.
 *
 * Every change is one atomic operation on one word. All are sequentially consistent, because what
 * keeps the hints of buddy.c right is a store here and a load there on one CPU, and the reverse on
 * another; on x86-64 a locked operation is that anyway, and a load costs nothing more.
 */
#include "bits512.h"

#include <ashlar/bits.h>

static uint64_t word_at(const struct bits512 *bits, unsigned word)
{
    return __atomic_load_n(&bits->word[word], __ATOMIC_SEQ_CST);
}

/* 2^order bits from 0 on; order at most 6. */
static uint64_t block_mask(unsigned order)
{
    return BITS512_ALL >> (64 - (1u << order));
}

/* Bits [lo, hi) of a word, both at most 64. */
static uint64_t range_mask(unsigned lo, unsigned hi)
{
    return lo >= hi ? 0 : BITS512_ALL >> (64 - (hi - lo)) << lo;
}

/* The part of word number @word that lies in bits [lo, hi) of all. */
static uint64_t word_range(unsigned word, unsigned lo, unsigned hi)
{
    unsigned base = word * 64;
    return range_mask(lo > base ? lo - base : 0, hi < base + 64 ? hi - base : 64);
}

/* Where blocks of an order may begin in a word. */
static const uint64_t aligned_bits[] = {
    BITS512_ALL,         0x5555555555555555u, 0x1111111111111111u, 0x0101010101010101u,
    0x0001000100010001u, 0x0000000100000001u, 0x0000000000000001u,
};

/* The first bits of all blocks of @order, at most 6, that are free in a word. */
static uint64_t block_starts(uint64_t word, unsigned order)
{
    for (unsigned i = 0; i < order; i++)
        word &= word >> (1u << i);
    return word & aligned_bits[order];
}

static unsigned highest_bit(uint64_t word)
{
    return 63 - (unsigned)__builtin_clzll(word);
}

/* ---- taking ---- */

static bool take_in_word(struct bits512 *bits, unsigned word, unsigned order, uint64_t range, unsigned *index)
{
    uint64_t old = word_at(bits, word), starts;
    while ((starts = block_starts(old & range, order)) != 0) {
        unsigned bit = highest_bit(starts);
        if (__atomic_compare_exchange_n(&bits->word[word], &old, old & ~(block_mask(order) << bit), false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            *index = word * 64 + bit;
            return true;
        }
    }
    return false;
}

static enum bits512_result take_words(struct bits512 *bits, unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint64_t full = BITS512_ALL;
        if (__atomic_compare_exchange_n(&bits->word[first + i], &full, 0, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST))
            continue;
        if (i == 0)
            return BITS512_NONE;
        while (i-- > 0)
            bits512_give_mask(bits, first + i, BITS512_ALL);
        return BITS512_UNDONE;
    }
    return BITS512_TAKEN;
}

static bool are_full(const struct bits512 *bits, unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (word_at(bits, first + i) != BITS512_ALL)
            return false;
    return true;
}

static enum bits512_result take_groups(struct bits512 *bits, unsigned order, unsigned lo, unsigned hi,
                                       unsigned *index)
{
    unsigned size = 1u << order;
    enum bits512_result result = BITS512_NONE;
    for (unsigned at = hi; at >= lo + size; at -= size) {
        unsigned first = (at - size) / 64;
        if (!are_full(bits, first, size / 64))
            continue;
        enum bits512_result one = take_words(bits, first, size / 64);
        if (one == BITS512_TAKEN) {
            *index = at - size;
            return one;
        }
        if (one == BITS512_UNDONE)
            result = one;
    }
    return result;
}

enum bits512_result bits512_take(struct bits512 *bits, unsigned order, unsigned lo, unsigned hi,
                                 unsigned *index)
{
    if (order > 6)
        return take_groups(bits, order, lo, hi, index);

    /* A full word is the last resort: it is part of something larger. */
    for (unsigned breaks_full = order == 6; breaks_full < 2; breaks_full++) {
        for (unsigned word = (hi + 63) / 64; word-- > lo / 64;) {
            if ((word_at(bits, word) != BITS512_ALL || breaks_full) &&
                take_in_word(bits, word, order, word_range(word, lo, hi), index))
                return BITS512_TAKEN;
        }
    }
    return BITS512_NONE;
}

enum bits512_result bits512_take_all(struct bits512 *bits)
{
    return take_words(bits, 0, BITS512_WORDS);
}

/* The lowest @wanted of the bits set; all of them when there are fewer. */
static uint64_t lowest_bits(uint64_t word, unsigned wanted)
{
    uint64_t rest = word;
    for (; wanted > 0 && rest != 0; wanted--)
        rest &= rest - 1;
    return word & ~rest;
}

unsigned bits512_take_some(struct bits512 *bits, unsigned wanted, uint64_t *mask)
{
    for (unsigned breaks_full = 0; breaks_full < 2; breaks_full++) {
        for (unsigned word = 0; word < BITS512_WORDS; word++) {
            uint64_t old = word_at(bits, word);
            while (old != 0 && (old != BITS512_ALL || breaks_full)) {
                uint64_t taken = wanted >= 64 ? old : lowest_bits(old, wanted);
                if (__atomic_compare_exchange_n(&bits->word[word], &old, old & ~taken, false,
                                                __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
                    *mask = taken;
                    return word;
                }
            }
        }
    }
    return BITS512_WORDS;
}

/* ---- giving ---- */

uint64_t bits512_give_mask(struct bits512 *bits, unsigned word, uint64_t mask)
{
    return __atomic_fetch_or(&bits->word[word], mask, __ATOMIC_SEQ_CST) & mask;
}

bool bits512_give(struct bits512 *bits, unsigned order, unsigned index)
{
    if (order <= 6)
        return bits512_give_mask(bits, index / 64, block_mask(order) << index % 64) == 0;
    uint64_t set_already = 0;
    for (unsigned i = 0; i < 1u << (order - 6); i++)
        set_already |= bits512_give_mask(bits, index / 64 + i, BITS512_ALL);
    return set_already == 0;
}

/* ---- looking ---- */

int bits512_largest(const struct bits512 *bits, unsigned word)
{
    uint64_t starts = word_at(bits, word);
    int order = -1;
    if (starts != BITS512_ALL) {
        for (; starts != 0; starts &= starts >> (1u << order) & aligned_bits[order + 1])
            order++;
        return order;
    }
    for (order = 6; order < 9; order++) {
        unsigned words = 2u << (order - 6);
        if (!are_full(bits, word & ~(words - 1), words))
            break;
    }
    return order;
}

bool bits512_has(const struct bits512 *bits, unsigned order)
{
    for (unsigned word = 0; word < BITS512_WORDS; word++)
        if (bits512_largest(bits, word) >= (int)order)
            return true;
    return false;
}

bool bits512_is_full(const struct bits512 *bits)
{
    return are_full(bits, 0, BITS512_WORDS);
}

void bits512_count(const struct bits512 *bits, unsigned lo, unsigned hi, uint64_t blocks[10])
{
    for (unsigned at = lo; at < hi;) {
        unsigned order = 0;
        if (!(word_at(bits, at / 64) >> at % 64 & 1)) {
            at++;
            continue;
        }
        while (order < 9) {
            unsigned size = 2u << order;
            bool fits = is_aligned(at, size) && at + size <= hi;
            if (!fits || !(order < 6 ? (block_starts(word_at(bits, at / 64), order + 1) >> at % 64 & 1) != 0
                                     : are_full(bits, at / 64, size / 64)))
                break;
            order++;
        }
        blocks[order]++;
        at += 1u << order;
    }
}
