/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The time: nanoseconds since boot, on all CPUs, monotonic. The clocksource is the TSC where it is reliable,
 * another counter elsewhere; time/time.c decides.
 *
 * Not for the date: time/wall_clock.h. Not for callbacks at a time: time/timer.h.
 */
#include <ashlar/dev/clock.h>
#include <ashlar/types.h>

/**
 * clock_init() - make the TSC the clocksource, at an estimated rate.
 * @zero:    the tick that is second 0.
 * @rate_hz: ticks in a second; above 0.
 *
 * Context: once, BSP, interrupts off; for time/tsc.c.
 */
void clock_init(uint64_t zero, uint64_t rate_hz);

/**
 * clock_now_ns() - the time.
 *
 * Return: nanoseconds since boot. Everything before the call on this CPU, loads included, happened before
 *         that time; so it is monotonic across CPUs whose TSCs are synchronized.
 * Context: any but NMI; no lock where the clocksource is the TSC, HPET or PM timer; the PIT's driver takes
 *          one.
 * Cost: 19 instructions with the TSC; no division. An access of the device otherwise: 0.3 to 1 us.
 */
uint64_t clock_now_ns(void);

/**
 * clock_stamp_ns() - the time for the log.
 *
 * Return: as clock_now_ns(); with the PIT as clocksource the TSC's time instead, which may differ and go
 *         back.
 * Context: any, also NMI and panic: no lock is taken.
 */
uint64_t clock_stamp_ns(void);

/**
 * clock_nanoseconds() - the time at a tick of the TSC, past or future.
 * @ticks: as RDTSC counts.
 *
 * Return: nanoseconds since boot, by the rate that was valid at that tick: the result for a tick in the past
 *         never changes.
 * Context: any, also NMI.
 */
uint64_t clock_nanoseconds(uint64_t ticks);

/**
 * clock_duration_ns() - how long a number of TSC ticks takes at the rate that is valid now.
 * @ticks: below 2^63.
 *
 * Return: nanoseconds.
 * Context: any, also NMI.
 */
uint64_t clock_duration_ns(uint64_t ticks);

/**
 * clock_tick_of() - a tick of the TSC at which clock_now_ns() is @ns or later, close to the first such one.
 * @ns: nanoseconds since boot, not before the last change of rate: earlier ones give the tick of that change.
 *
 * Return: the tick; later than the first one by a few, and one more for each 4 s between the last change of
 *         rate and @ns. UINT64_MAX where the TSC does not count so far.
 * Context: any; while clock_is_tsc().
 */
uint64_t clock_tick_of(uint64_t ns);

/* The clocksource's name: "tsc", "hpet", "pm-timer", "pit". Context: any. */
const char *clock_name(void);

/* Whether the TSC is the clocksource. Context: any. */
bool clock_is_tsc(void);

/* The TSC's rate in Hz, by the latest measurement. Context: any. */
uint64_t clock_tsc_hz(void);

/* Whether that rate is final. Context: any. */
bool clock_tsc_rate_is_final(void);

/**
 * clock_ticks_per_ns() - a counter's ticks in a nanosecond, times 2^CLOCK_SHIFT, rounded down, plus 1.
 * @rate_hz: below 2^61.
 *
 * Return: at least 1.
 * Context: any.
 */
uint64_t clock_ticks_per_ns(uint64_t rate_hz);

#define CLOCK_SHIFT 32

/* ---- for time/tsc.c, time/time.c and time/wrap_guard.c ---- */

/* The most changes of rate and of clocksource, clock_init() included, that a boot can make: VERIFYed. */
#define CLOCK_CHANGES_MAX 8

/**
 * clock_set_tsc_rate() - change the TSC's rate. Time neither steps nor goes back.
 * @rate_hz: above 0.
 *
 * Context: interrupts off, one caller at a time.
 */
void clock_set_tsc_rate(uint64_t rate_hz);

/* Mark the rate as final: it is not measured again. Context: as clock_set_tsc_rate(). */
void clock_set_tsc_rate_final(void);

/**
 * clock_set_counter() - make another counter the clocksource. Time neither steps nor goes back.
 * @counter: read at least once in each quarter of its width from now on, for which clock_now_ns() counts:
 *           wrap_guard_start().
 *
 * Context: interrupts off, one caller at a time.
 */
void clock_set_counter(struct clock_counter *counter);

/**
 * clock_wide_count(), clock_add_wraps() - the count of the clocksource, widened to 64 bits; add wraps of it
 * that no reader saw, which steps the time forward.
 * @wraps: whole wraps.
 *
 * Return: clock_wide_count(): counts since clock_set_counter(), plus the first.
 * Context: any but NMI; while a counter is the clocksource.
 */
uint64_t clock_wide_count(void);
void clock_add_wraps(uint64_t wraps);
