/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Which clocks and timers this machine has, and which are used.
 */
#include <ashlar/types.h>

/**
 * time_init() - choose what interrupts; timers work then. Options: events.
 *
 * The rates are still first ideas, good to some 2 % (time/tsc.h).
 * Context: once, first CPU, interrupts off, after irq_init() and tsc_begin_calibration().
 */
void time_init(void);

/**
 * time_calibrate() - have the rates measured, and choose the clock: when the processors are up.
 *
 * It is the time-stamp counter; with the option notsc, or once it is marked unstable, the best other counter.
 * Context: once, first CPU.
 */
void time_calibrate(void);

/* The LAPIC timer's rate before its divider; 0: not known. */
uint64_t time_lapic_hz(void);

/* How long was looked at counters and waited for measuring, in all. */
uint64_t time_measuring_ns(void);
