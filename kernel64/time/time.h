/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Choosing clocksource and clockevent of this machine. Not for reading the time (time/clock.h) or for timers
 * (time/timer.h).
 */
#include <ashlar/types.h>

/**
 * time_init() - choose the clockevent; timers work from now on. Option: events=.
 *
 * Rates are still estimates, good to some 2 % (time/tsc.h).
 * Context: once, BSP, interrupts off, after controllers_init() and tsc_begin_calibration().
 */
void time_init(void);

/**
 * time_calibrate() - end the calibration of the rates, and choose the clocksource: when all CPUs are online.
 *
 * It is the TSC; with notsc, or once it is marked unstable, the best other counter.
 * Context: once, BSP's thread.
 */
void time_calibrate(void);

/* The LAPIC timer's rate in Hz before its divider; 0: not known. Context: any, after time_init(). */
uint64_t time_lapic_hz(void);

/* Nanoseconds spent on sampling counters and waiting for calibration, in all. Context: any. */
uint64_t time_measuring_ns(void);
