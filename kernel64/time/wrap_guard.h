/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Reads a narrow counter that is the clocksource often enough to see every wrap, and corrects for wraps that
 * were missed.
 */
#include <ashlar/dev/clock.h>

/**
 * wrap_guard_start() - read the clock four times in each wrap of the counter, or in 2^32 counts of a wider
 * one.
 * @counter: the clocksource.
 *
 * When a read is late by a whole wrap or more, the missed wraps are counted by the TSC (time/wraps.h) and
 * added, with a line in the log; if the TSC cannot tell their number, the line says that time may be lost.
 * Context: interrupts off, after clock_set_counter().
 */
void wrap_guard_start(struct clock_counter *counter);

/* Number of wraps added. Context: any. */
uint64_t wrap_guard_added(void);
