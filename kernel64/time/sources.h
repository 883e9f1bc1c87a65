/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Which clocks and timers this machine has, and which are used.
 */
#include <ashlar/dev/clock.h>
#include <ashlar/dev/hpet.h>

/**
 * time_init() - find the counters, measure what nobody tells, choose the clock and what interrupts; timers work then.
 *
 * The rule, by preference:
 *
 *     reference   hpet, pm-timer, pit: the finest first. Measuring the time-stamp counter, it is passed over when it denies
 *                 the first idea of the rate and the next confirms that, or when it stands still
 *     clock       the time-stamp counter; with the option notsc, or once it was found to lie, the reference
 *
 * Measuring takes at most 15 ms. Where all rates are given they are only checked, by a glance at the
 * reference; one that it denies is measured like one that nobody gave. Options: nohpet, notsc.
 * Context: once, first CPU, interrupts off, after irq_init().
 */
void time_init(void);

/* The counters beside the time-stamp counter, the best first; NULL behind the last. */
struct clock_counter *time_counter(unsigned int index);

/* The HPET, for tests that borrow its comparators; NULL where there is none. */
struct hpet *time_hpet(void);

/* The LAPIC timer's rate before its divider; 0: not known. */
uint64_t time_lapic_hz(void);

/* How long measuring took in all; and how far apart the windows were that count. 0 where nothing was measured. */
uint64_t time_measuring_ns(void);
uint32_t time_measuring_spread_ppm(void);
