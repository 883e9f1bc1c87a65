/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The counters that this machine has beside the time-stamp counter.
 */
#include <ashlar/dev/clock.h>
#include <ashlar/dev/hpet.h>
#include <ashlar/dev/pit8254.h>

/**
 * counters_init_early() - the PIT, which has ports and no table.
 * Context: once, first CPU, interrupts off.
 */
void counters_init_early(void);

/**
 * counters_init() - HPET and PM timer, as firmware's tables describe them. Option: nohpet.
 * Context: once, first CPU, interrupts off; devices can be mapped, ACPI's tables be read.
 */
void counters_init(void);

/* The counters, the best first: hpet, pm-timer, pit; NULL behind the last. */
struct clock_counter *counters_get(unsigned int index);

/* This one is not used any more: it stands still, or counts at a rate that is not its own. */
void counters_reject(const struct clock_counter *counter);

#define COUNTERS_MAX 3

/* NULL where there is none. The HPET is also for tests, which borrow its comparators. */
struct hpet *counters_hpet(void);
struct pit8254 *counters_pit(void);
