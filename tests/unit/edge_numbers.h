/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Numbers at which sums and products of 64 bits begin to wrap: around each power of two, by a byte and by a
 * page, and around 0, which is 2^64 from the other side.
 */
#include <ashlar/bits.h>

#define EDGE_STEPS 9u
#define EDGES      (65 * EDGE_STEPS)

/* @n: 0 .. EDGES - 1. */
static inline uint64_t edge_number(unsigned int n)
{
    static const int64_t steps[EDGE_STEPS] = { -4097, -4096, -4095, -1, 0, 1, 4095, 4096, 4097 };
    uint64_t power = n / EDGE_STEPS < 64 ? BIT(n / EDGE_STEPS) : 0;
    return power + (uint64_t)steps[n % EDGE_STEPS];
}
