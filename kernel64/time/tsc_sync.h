/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * All CPUs' time-stamp counters are one clock, or it is left: tsc_sync_rule.h has how they are compared.
 */
#include <cpu/percpu.h>

/**
 * tsc_sync_init_cpu() - have this CPU's counter counted as the first one's, where firmware has moved it and
 * the CPU can tell.
 *
 * IA32_TSC_ADJUST holds all that was ever added to the counter since reset; counters that began together and
 * have the same in it agree. One that differs from the first CPU's is set to that, with a line in the log.
 * Context: each CPU as it comes up, the first one first; interrupts off, no timer armed.
 * Source: Intel SDM vol. 3B, "Time-Stamp Counter Adjustment".
 */
void tsc_sync_init_cpu(void);

/* Has a function called on all CPUs at once, and waits for it: ipi_call_all(). */
typedef void tsc_sync_call_fn(void (*function)(void *argument), void *argument);

/**
 * tsc_sync_check() - compare the counters of all CPUs, and act on it: whenever one has come up.
 * @on_all: how all CPUs are called.
 * @cpus:   how many they are; with one there is nothing to do.
 *
 * Who is to blame is named in the log, with the least that it must be off by. The time-stamp counter is then
 * no longer the clock, as when the watch finds that it lies; where there is no other clock, the log says so.
 * Takes each CPU TSC_SYNC_ROUNDS rounds when all have come, for which none stays longer than
 * TSC_SYNC_STAY_NS. Context: interrupts on, one caller at a time.
 */
void tsc_sync_check(tsc_sync_call_fn *on_all, unsigned int cpus);

/**
 * tsc_sync_tick() - one round of a comparison that goes on for as long as the machine runs, where the
 * counters are not invariant.
 *
 * Such a counter may stop in a halt, or change its pace, on one CPU and not on another: that they agreed once
 * says nothing. A CPU that finds itself behind marks the time-stamp counter unstable, as the watch does. No
 * CPU is woken for it.
 * Context: interrupts off. One load where there is nothing to do, else a round.
 */
void tsc_sync_tick(void);

/**
 * tsc_sync_recheck() - tsc_sync_check() again, as it was called last, if that is TSC_SYNC_RECHECK_NS ago and
 * the counters are not invariant. Context: as tsc_sync_check(); for whoever comes by.
 */
void tsc_sync_recheck(void);

#define TSC_SYNC_RECHECK_NS 1000000000ULL

/*
 * A round is two misses of the cache when others write, some 0.2 us; in a few tens each CPU has been before
 * and after each other. A CPU is called by an interrupt and may have to be woken, in a hypervisor for some
 * tens of us; 255 that share two cores take 6 ms when each stays for so long.
 */
#define TSC_SYNC_ROUNDS  32
#define TSC_SYNC_STAY_NS 50000

/* Return: false when nothing was compared. @ns: the largest difference between two CPUs that was ever
   seen. */
bool tsc_sync_max_ns(uint64_t *ns);

/* For tests: ticks that are added to what tsc_sync_check() reads on a CPU, as if its counter were ahead. */
PERCPU_DECLARE(uint64_t, tsc_sync_test_skew);
