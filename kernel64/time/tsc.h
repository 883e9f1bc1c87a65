/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The TSC as a clocksource: its rate on this machine, from the first estimate to the final value.
 *
 *     estimate       reported by the hypervisor or the CPU; else one sample against the PIT, good to some
 *                    2 %; else assumed
 *     calibrated     when all CPUs are online, over the time since the first samples, against the best
 *                    other counter
 *     refined        against the same counter TSC_REFINE_NS later, in one timer interrupt; then the rate is
 *                    final
 *
 * A rate that a hypervisor reports is kept when both measurements confirm it; one that a CPU reports is an
 * estimate (time/tsc_rate.h).
 */
#include <ashlar/dev/clock.h>
#include <time/calibrate.h>
#include <time/tsc_rate.h>

#define TSC_REFINE_NS NS_PER_SECOND

/**
 * tsc_init() - estimate the rate, and start the clock: the log shows seconds from now on.
 * @zero: the tick that is second 0.
 *
 * Context: once, BSP, interrupts off; options can be read.
 */
void tsc_init(uint64_t zero);

/**
 * tsc_begin_calibration() - take the first sample against each counter.
 *
 * Context: once, BSP, after counters_init().
 */
void tsc_begin_calibration(void);

/**
 * tsc_end_calibration() - set the rate by the second samples, and arm one timer for the refinement.
 *
 * Waits only where the time since the first sample is too short for its error: at most 3 ms for each counter.
 * A counter that stands still is dropped with a line in the log, and so is one that neither another counter
 * nor the reported rate confirms while others are confirmed.
 * Context: once, BSP, interrupts on or off, timers work.
 */
void tsc_end_calibration(void);

/* Context of all that follow: any, after tsc_init(). */

/* The counter that the rate was measured against; NULL: none, or before tsc_end_calibration(). */
struct clock_counter *tsc_reference(void);

/* The rate that CPU or hypervisor report; source NULL: none. */
const struct tsc_rate *tsc_rate_reported(void);

/* The source of the current rate: what reported it (time/tsc_rate.h), a counter's name, or "assumed". */
const char *tsc_rate_source(void);

/* The bound of its error in parts per million, if its source is right; 0: unknown, as of a reported rate. */
uint32_t tsc_rate_error_ppm(void);

/* Whether the reported rate is off by more than tsc_rate_check() allows. */
bool tsc_rate_is_refuted(void);

/* The first estimate in Hz, and its source. */
uint64_t tsc_initial_hz(void);
const char *tsc_initial_source(void);

/* Nanoseconds spent on taking samples and on waiting. */
uint64_t tsc_measuring_ns(void);

/* The TSC, read after all earlier instructions: the counter that calibrate() measures. */
uint64_t tsc_read_ordered(void);
