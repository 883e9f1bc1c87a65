/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The counters of this machine other than the TSC: HPET, PM timer, PIT.
 */
#include <ashlar/dev/clock.h>
#include <ashlar/dev/hpet.h>
#include <ashlar/dev/pit8254.h>

/**
 * counters_init_early() - find the PIT, which needs neither a table nor a mapping.
 *
 * Context: once, BSP, interrupts off.
 */
void counters_init_early(void);

/**
 * counters_init() - find HPET and PM timer where firmware's tables have them. Option: nohpet.
 *
 * Context: once, BSP, interrupts off; devices can be mapped, the tables be read.
 */
void counters_init(void);

#define COUNTERS_MAX 3

/**
 * counters_get() - the counters, the best first: hpet, pm-timer, pit.
 * @index: 0 .. COUNTERS_MAX.
 *
 * Return: NULL after the last.
 * Context: any, after counters_init_early().
 */
struct clock_counter *counters_get(unsigned int index);

/**
 * counters_reject() - do not offer a counter any more: it stands still, or its rate is wrong.
 * @counter: from counters_get(), whose indexes change by this.
 *
 * Context: BSP, before another CPU asks for counters.
 */
void counters_reject(const struct clock_counter *counter);

/* The drivers' HPET and PIT, for their clockevent devices; NULL: none. Tests use spare comparators of the
   HPET. Context of both: any. */
struct hpet *counters_hpet(void);
struct pit8254 *counters_pit(void);
