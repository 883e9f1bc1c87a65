/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The clocksource watchdog: compares the TSC with another counter, and marks it unstable when it deviates.
 * The rule is time/watchdog_rule.h.
 */
#include <ashlar/dev/clock.h>
#include <ashlar/types.h>

/**
 * watchdog_start() - compare with a counter from now on.
 * @reference: NULL: none; then only watchdog_mark_unstable() has an effect.
 * @unstable:  called once when the TSC is unstable, in an interrupt: chooses another clocksource.
 *
 * Context: BSP, interrupts off.
 */
void watchdog_start(struct clock_counter *reference, void (*unstable)(void));

/**
 * watchdog_poll() - compare, if the last comparison is WATCHDOG_MIN_NS ago; for timer interrupts and polling
 * loops.
 *
 * No CPU is woken for it: a machine that sleeps is compared when it wakes.
 * Context: interrupts off. Takes no lock: a second CPU returns at once.
 * Cost: two loads when nothing is due, else three accesses of the reference.
 */
void watchdog_poll(void);

/**
 * watchdog_mark_unstable() - replace the TSC as clocksource, regardless of the comparisons.
 *
 * It happens now, or at the next poll when another CPU is in one.
 * Context: interrupts off.
 */
void watchdog_mark_unstable(void);

/**
 * watchdog_drift_ppm() - the deviation that the last comparison found.
 * @ppm: receives parts per million; positive: the TSC is fast.
 *
 * Return: false when nothing was compared yet.
 * Context: any.
 */
bool watchdog_drift_ppm(int64_t *ppm);

/* Number of comparisons made. Context: any. */
uint64_t watchdog_count(void);
