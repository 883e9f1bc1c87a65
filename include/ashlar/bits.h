/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Bit helpers. Alignments are powers of two. No helper checks for overflow unless its contract says so: a
 * number from outside the kernel goes through overflow.h, or range_end().
 *
 * Context of all: any. Pure.
 */
#include <ashlar/overflow.h>
#include <ashlar/types.h>

#define BIT(n) (1ULL << (n))

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)
#define TIB(n) ((uint64_t)(n) << 40)

/* How many bits are set. By halves: the kernel does not count on the instruction. */
static inline unsigned int bit_count(uint64_t value)
{
    value -= value >> 1 & 0x5555555555555555u;
    value = (value & 0x3333333333333333u) + (value >> 2 & 0x3333333333333333u);
    value = (value + (value >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (unsigned int)(value * 0x0101010101010101u >> 56);
}

static inline bool is_power_of_two(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

static inline bool is_aligned(uint64_t value, uint64_t alignment)
{
    return (value & (alignment - 1)) == 0;
}

static inline uint64_t align_down(uint64_t value, uint64_t alignment)
{
    return value & ~(alignment - 1);
}

static inline uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

/**
 * range_end() - start + length, saturated instead of wrapping.
 * @start, @length: any values.
 *
 * Return: the exclusive end; UINT64_MAX when it would pass 2^64.
 */
static inline uint64_t range_end(uint64_t start, uint64_t length)
{
    uint64_t end;
    return add_fits(start, length, &end) ? end : UINT64_MAX;
}
