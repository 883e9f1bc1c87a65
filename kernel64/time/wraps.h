/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Rounds of a narrow counter that nobody saw: the PIT as clock wraps every 55 ms, and a CPU that has
 * interrupts off for longer, or a virtual machine that is stopped, looks at it too late. Pure, hosted-tested.
 *
 * The time-stamp counter of one CPU is the witness. It need not be a good clock (it was left for being none):
 * its ratio to the counter is learnt anew from each look that came in time, and from a late one only whole
 * rounds are taken. A witness that points between two rounds knows nothing.
 */
#include <ashlar/types.h>

struct wraps {
    uint64_t tick, count; /* at the last look: the witness's, and the counter's widened count */
    uint64_t ratio;       /* ticks in a count, times 2^16; 0: not known */
    bool has_looked;
};

enum wraps_verdict {
    WRAPS_NONE,
    WRAPS_MISSED, /* so many are to be added to the count */
    WRAPS_UNKNOWN /* some may have been missed, and nobody knows how many */
};

/* @tick_hz, @count_hz: how fast both run, as far as is known. */
void wraps_begin(struct wraps *wraps, uint64_t tick_hz, uint64_t count_hz);

/**
 * wraps_check() - how many rounds were missed since the last look.
 * @tick, @count: read together, on one CPU.
 * @bits:         of the counter; below 64.
 * @missed:       receives how many; 0 but for WRAPS_MISSED. They are taken to be added to what @count will
 *                be.
 */
enum wraps_verdict wraps_check(struct wraps *wraps, uint64_t tick, uint64_t count, unsigned int bits,
                               uint64_t *missed);
