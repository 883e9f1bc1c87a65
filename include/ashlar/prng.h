/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Pseudo-random numbers for tests, hosted and in the kernel. Not for anything that must be unpredictable.
 * Hosted tests use tests/unit/seed.h, which prints the seed and can repeat a run.
 */
#include <ashlar/types.h>

/**
 * prng_next() - get the next number of a sequence.
 * @state: of the sequence; any value but 0 at first, never 0 afterwards.
 *
 * Return: 64 bits, the upper ones of better quality.
 * Context: any; one caller at a time for each @state.
 * Source: Vigna, xorshift generators: xorshift64*.
 */
static inline uint64_t prng_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}
