/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The TSC sync check: whether the TSCs of all CPUs are synchronized; if not, another clocksource is chosen.
 * The comparison is time/tsc_sync_rule.h.
 */
#include <ashlar/time_units.h>
#include <cpu/percpu.h>

/**
 * tsc_sync_init_cpu() - undo an offset that firmware has added to this CPU's TSC, if the CPU has
 * IA32_TSC_ADJUST.
 *
 * IA32_TSC_ADJUST holds the sum of all that was added to the TSC since reset; TSCs that started together and
 * have equal sums are synchronized. One that differs from the BSP's is set to it, with a line in the log.
 * Context: each CPU as it starts, the BSP first; interrupts off, no timer armed.
 * Source: Intel SDM vol. 3B, "Time-Stamp Counter Adjustment", 18.17.3.
 */
void tsc_sync_init_cpu(void);

/* Calls @function(@argument) on all CPUs at once and waits: ipi_call_all(). */
typedef void tsc_sync_call_fn(void (*function)(void *argument), void *argument);

/**
 * tsc_sync_check() - compare the TSCs of all CPUs: whenever one has come online.
 * @on_all: calls all CPUs.
 * @cpus:   how many are online; with one there is nothing to compare.
 *
 * CPUs whose TSC differs are logged, with a lower bound of the difference. The TSC is then marked unstable;
 * where there is no other counter, the log says so.
 * Context: CHECK_MAY_SLEEP() of ashlar/sync/context.h: thread, interrupts on, no lock held; one caller at a
 *          time.
 * Cost: TSC_SYNC_ROUNDS rounds on each CPU once all have joined, at most TSC_SYNC_STAY_NS.
 */
void tsc_sync_check(tsc_sync_call_fn *on_all, unsigned int cpus);

/**
 * tsc_sync_tick() - one round of the continuous check, where TSCs are not invariant.
 *
 * Such a TSC may stop in HLT or change its rate on one CPU and not on another, so one check at boot is not
 * enough. A CPU that finds itself behind marks the TSC unstable. No CPU is woken for it.
 * Context: interrupts off; timer interrupts and the idle loop.
 * Cost: one load where TSCs are invariant, else a round at most 1000 times a second.
 */
void tsc_sync_tick(void);

/**
 * tsc_sync_recheck() - tsc_sync_check() again with its last arguments, if that is TSC_SYNC_RECHECK_NS ago and
 * the TSCs are not invariant.
 *
 * Context: as tsc_sync_check().
 */
void tsc_sync_recheck(void);

#define TSC_SYNC_RECHECK_NS (1 * NS_PER_SECOND)

/*
 * A round is two cache misses when others write, some 0.2 us; in a few tens of them each CPU has had a round
 * before and after one of each other CPU. A called CPU takes an IPI and may have to wake up, under a
 * hypervisor in some tens of us; 255 CPUs on two cores take 6 ms when each stays for so long.
 */
#define TSC_SYNC_ROUNDS  32
#define TSC_SYNC_STAY_NS (50 * NS_PER_US)

/**
 * tsc_sync_max_ns() - the largest difference between two CPUs that was ever found.
 * @ns: receives it; 0: none.
 *
 * Return: false when nothing was compared.
 * Context: any.
 */
bool tsc_sync_max_ns(uint64_t *ns);

/* For tests: ticks that are added to a CPU's TSC in comparisons, as if it were ahead. */
PERCPU_DECLARE(uint64_t, tsc_sync_test_skew);
