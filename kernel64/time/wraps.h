/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Counting missed wraps of a narrow counter: the PIT wraps every 55 ms, and a CPU with interrupts off for
 * longer, or a stopped virtual machine, reads it too late. Free of hardware, hosted-tested.
 *
 * The TSC of one CPU counts them. It need not be a good clock (it was marked unstable): its ratio to the
 * counter is measured again by each timely read, and a late read takes only whole wraps from it. If the TSC's
 * result is between two wraps, the number is unknown.
 *
 * Context of all: any, one caller at a time for one struct wraps.
 */
#include <ashlar/types.h>

struct wraps {
    uint64_t tick, count; /* at the last check: the TSC's, and the counter's widened count */
    uint64_t ratio;       /* ticks in a count, times 2^16; 0: not known */
    bool has_last;        /* there was one */
};

enum wraps_verdict {
    WRAPS_NONE,
    WRAPS_MISSED, /* a known number, to be added to the count */
    WRAPS_UNKNOWN /* perhaps some, and their number is not known */
};

/**
 * wraps_begin() - begin a series of checks.
 * @wraps:    filled in.
 * @tick_hz:  the TSC's rate, by the latest measurement.
 * @count_hz: the counter's rate; above 0.
 */
void wraps_begin(struct wraps *wraps, uint64_t tick_hz, uint64_t count_hz);

/**
 * wraps_check() - how many wraps were missed since the last check.
 * @wraps:  begun.
 * @tick, @count: read together on one CPU.
 * @bits:   of the counter; below 64.
 * @missed: receives the number; 0 but for WRAPS_MISSED. The caller adds them to what @count will be.
 *
 * Return: as above; WRAPS_NONE for the first check.
 */
enum wraps_verdict wraps_check(struct wraps *wraps, uint64_t tick, uint64_t count, unsigned int bits,
                               uint64_t *missed);
