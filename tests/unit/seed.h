/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Random numbers for hosted tests, from a seed that is printed and that ASHLAR_SEED sets. All files of a
 * program draw from one sequence; without a seed it ends the program.
 */
#include <ashlar/prng.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Weak, so that each file that includes this has the same ones. */
__attribute__((weak)) uint64_t seed_first;
__attribute__((weak)) __thread uint64_t seed_state;

static inline void seed_from_environment(void)
{
    const char *given = getenv("ASHLAR_SEED");
    seed_first = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761u;
    printf("ASHLAR_SEED=%llu\n", (unsigned long long)seed_first);
    seed_state = seed_first | 1;
}

/* Starts the sequence of the calling thread, which is the test's @thread-th, from 0. */
static inline void seed_thread(unsigned int thread)
{
    seed_state = (seed_first + (thread + 1) * 0x9e3779b97f4a7c15) | 1;
}

static inline uint64_t seed_next(void)
{
    if (seed_state == 0) {
        fprintf(stderr, "a random number before seed_from_environment()\n");
        abort();
    }
    return prng_next(&seed_state);
}

/* 0 .. limit - 1 */
static inline unsigned int seed_below(unsigned int limit)
{
    return (unsigned int)((seed_next() >> 33) % limit);
}
