/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Machine checks: enabled, collected, reported. An uncorrectable error raises #MC, if the controls of its
 * bank are set; a corrected error stays in its bank until software reads it, and so does one found by a
 * scrubber.
 */
#include <ashlar/types.h>
#include <cpu/mc_status.h>

/**
 * machine_check_init_cpu() - enable machine checks on this CPU: set the controls of all its banks.
 *
 * Errors from before the boot are logged, counted, and cleared. CR4.MCE is set last: until then an error
 * resets the machine.
 * Context: each CPU, after traps_init_cpu(), again when it is brought back online; interrupts off.
 */
void machine_check_init_cpu(void);

/* Return: the number of this CPU's banks; 0: no machine checks (if its registers fault, this is logged).
   Context: any; the caller stays on its CPU. */
unsigned int machine_check_bank_count(void);

/**
 * machine_check_poll() - log, count and clear the errors in this CPU's banks.
 *
 * The first few errors get a line each; the rest is only counted.
 * Return: the number of banks with an error.
 * Context: on the CPU, interrupts off.
 */
unsigned int machine_check_poll(void);

/* Of one CPU, since boot. */
struct machine_check_counts {
    uint64_t corrected;
    uint64_t uncorrected; /* and no exception was raised */
    uint64_t from_before; /* found at the start */
};

/* @cpu: below percpu_count(). Context: any. */
struct machine_check_counts machine_check_counts(unsigned int cpu);

/**
 * machine_check_report() - each bank of the executing CPU that holds an error, on the consoles.
 *
 * Context: any, also the machine-check exception itself. Does not clear them, so that the firmware finds the
 * errors after a reset.
 */
void machine_check_report(void);
