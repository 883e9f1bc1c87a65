/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Has a narrow counter that is the clock read often enough, and makes good what was missed.
 */
#include <ashlar/dev/clock.h>

/**
 * wrap_guard_start() - read the clock four times in each of the counter's rounds (2^32 counts, where it has
 * more bits).
 *
 * One that is late for a round and more has the rounds added that the time-stamp counter tells of
 * (time/wraps.h), with a line in the log; where that cannot tell, the line says that time may be lost.
 * Context: interrupts off, behind clock_set_counter().
 */
void wrap_guard_start(struct clock_counter *counter);

/* How many rounds were added since. */
uint64_t wrap_guard_added(void);
