/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Whether the time-stamp counter still tells the truth, by comparing it with another counter.
 */
#include <ashlar/dev/clock.h>
#include <ashlar/types.h>

/**
 * watchdog_start() - compare with this from now on.
 * @reference: NULL: there is none, and nothing is watched until watchdog_mark_unstable().
 * @demote:    called when the time-stamp counter lies; chooses another clock. In an interrupt.
 *
 * Context: first CPU.
 */
void watchdog_start(struct clock_counter *reference, void (*demote)(void));

/**
 * watchdog_poll() - look, if it is time to. For timer interrupts and for who waits.
 *
 * Nobody is woken for it: a machine that sleeps is looked at when it wakes.
 * Context: interrupts off.
 */
void watchdog_poll(void);

/**
 * watchdog_mark_unstable() - the time-stamp counter is not to be the clock any longer, whatever the reference
 * says.
 *
 * The same follows as when it lies: now, or, when another CPU is at it, at the next look.
 * Context: interrupts off.
 */
void watchdog_mark_unstable(void);

/* The difference that was found last, in parts of a million; positive: the clock runs fast. False: nothing
   was compared. */
bool watchdog_drift_ppm(int64_t *ppm);

/* How many comparisons were made. */
uint64_t watchdog_count(void);
