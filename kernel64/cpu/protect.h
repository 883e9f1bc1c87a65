/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The protections that every CPU switches on.
 */

/**
 * cpu_protect_cpu() - switch on what CPUID says the executing CPU has: WP, NXE, SMEP, SMAP, UMIP, PGE, DE,
 * the PAT entries of <ashlar/hw/paging.h>, and an LFENCE that orders RDTSC.
 *
 * Everything else in CR4 but PAE is off afterwards.
 * Context: once on each CPU, after cpu_features_init(), interrupts off, and no page in use whose entry has
 * PAT index 4.
 */
void cpu_protect_cpu(void);

/**
 * cpu_protect() - cpu_protect_cpu() for the first CPU, with a line in the log that names it, and its errata.
 *
 * Context: once, first CPU, after traps_init(), interrupts off.
 */
void cpu_protect(void);
