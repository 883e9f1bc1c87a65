/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What time it is: nanoseconds since boot, on all CPUs, never going back.
 *
 * The time-stamp counter is read where it can be trusted, another counter elsewhere; time/time.h decides.
 * What day it is: time/wall_clock.h. To be called at a time: time/timer.h.
 */
#include <ashlar/dev/clock.h>
#include <ashlar/types.h>

/**
 * clock_init() - the time-stamp counter is the clock, at a rate that is a first idea.
 * @zero: the tick of the time-stamp counter that counts as second 0.
 *
 * Context: once, first CPU, interrupts off. time/tsc.c has the rate.
 */
void clock_init(uint64_t zero, uint64_t rate_hz);

/**
 * clock_now_ns() - the time.
 *
 * Return: nanoseconds since boot. What happened before on this CPU is before it, also a load; so it is
 *         monotonic on all CPUs whose counters agree.
 * Context: any; no lock, no division.
 */
uint64_t clock_now_ns(void);

/* The same for the log, which may be in an NMI: no lock is taken. With the PIT as clock it is the time-stamp
   counter's time, which may differ from clock_now_ns() and go back. Context: any, also NMI and panic. */
uint64_t clock_stamp_ns(void);

/* Nanoseconds since boot at a tick of the time-stamp counter, past or future. Context: any. */
uint64_t clock_nanoseconds(uint64_t ticks);

/* Return: the first tick of the time-stamp counter at which clock_now_ns() is @ns or later. Only while
   clock_is_tsc(). */
uint64_t clock_tick_of(uint64_t ns);

/* "tsc", or the counter's name. */
const char *clock_name(void);
bool clock_is_tsc(void);

/* The time-stamp counter's rate as it is believed now. */
uint64_t clock_tsc_hz(void);

/* Return: how many ticks of a counter a nanosecond has, times 2^CLOCK_SHIFT, rounded up. @rate_hz: below
   2^62. */
uint64_t clock_ticks_per_ns(uint64_t rate_hz);

#define CLOCK_SHIFT 32

/* ---- for time/tsc.c, time/time.c and time/watchdog.c ---- */

/**
 * clock_set_tsc_rate() - the time-stamp counter runs at this rate. What the clock is, stays so; time goes on
 * from where it is.
 *
 * Context: interrupts off, one caller at a time. At most CLOCK_CHANGES_MAX changes of either kind: VERIFYed.
 */
void clock_set_tsc_rate(uint64_t rate_hz);

/**
 * clock_set_counter() - another counter is the clock from now on.
 *
 * It must be read at least once each time it has counted a quarter of its width: clock_now_ns() does.
 */
void clock_set_counter(struct clock_counter *counter);

/**
 * clock_wide_count() - the count of the counter that is the clock, widened to 64 bits.
 * clock_add_wraps() - it has wrapped so many times more than anybody saw: time leaps forward.
 *
 * Context: any but NMI; while a counter is the clock.
 */
uint64_t clock_wide_count(void);
void clock_add_wraps(uint64_t rounds);

#define CLOCK_CHANGES_MAX 8
