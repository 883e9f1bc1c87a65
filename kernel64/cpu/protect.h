/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The first CPU's identity, and the protections that every CPU switches on.
 */

/**
 * cpu_protect() - switch on what CPUID says the executing CPU has: WP, NXE, SMEP, SMAP, UMIP, PGE,
 * DE, MCE, and the PAT entries of <ashlar/hw/paging.h>.
 *
 * A CPU without NX is named in the log, because data can then be executed.
 * Context: once on each CPU, after traps_init() and cpu_features_init(), interrupts off, no page in use whose
 * entry has PAT index 4.
 */
void cpu_protect(void);
