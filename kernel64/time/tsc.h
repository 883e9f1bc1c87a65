/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The time-stamp counter as a clocksource: how fast it runs, from the first idea to what is final.
 *
 *     first idea     told by the hypervisor or the CPU; else by one look at the PIT, to some 2 %; else
 *                    assumed
 *     calibrated     over the time in which the machine boots, when its processors are up, against the best
 *                    counter there is
 *     refined        against the same, TSC_REFINE_NS later, by one timer interrupt; then the rate is final
 *
 * What a hypervisor tells is kept where both measurements confirm it; what a CPU tells is a first idea
 * (time/tsc_rate.h).
 */
#include <ashlar/dev/clock.h>
#include <time/calibrate.h>
#include <time/tsc_rate.h>

#define TSC_REFINE_NS NS_PER_SECOND

/**
 * tsc_init() - the first idea; the clock counts from now on, and the log shows seconds.
 * @zero: the tick that counts as second 0.
 *
 * Context: once, first CPU, interrupts off; options can be asked.
 */
void tsc_init(uint64_t zero);

/* The windows against counters_get()'s counters begin. Context: once, first CPU, behind counters_init(). */
void tsc_begin_calibration(void);

/**
 * tsc_end_calibration() - the rate by the windows that have begun, and one timer that will refine it.
 *
 * Waits only for windows that are shorter than their error asks for: 3 ms at most for each counter. A counter
 * that stands still, or that no other and nobody's word confirms while others are confirmed, is left out,
 * with a line in the log.
 * Context: once, first CPU, interrupts on or off, timers work.
 */
void tsc_end_calibration(void);

/* What the rate was measured against, for who goes on comparing; NULL: nothing, and before
   tsc_end_calibration(). */
struct clock_counter *tsc_reference(void);

/* What somebody told; source NULL: nobody did. */
const struct tsc_rate *tsc_rate_reported(void);

/* Where the rate comes from as it is believed now: what tells it (time/tsc_rate.h), a counter's name, or
   "assumed". */
const char *tsc_rate_source(void);

/* By how much it may be off, in parts in a million, as far as its source is right; 0: unknown, as of a rate
   that was told. */
uint32_t tsc_rate_error_ppm(void);

/* Whether it was told wrong by more than tsc_rate_check() allows. */
bool tsc_rate_is_refuted(void);

/* The rate that was believed at first, and whose it was. */
uint64_t tsc_first_hz(void);
const char *tsc_first_source(void);

/* How long was looked at counters and waited for windows, in all. */
uint64_t tsc_measuring_ns(void);

/* For calibrate(): the counter itself. */
uint64_t tsc_read_ordered(void);
