/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The protections that every CPU switches on.
 */

/**
 * cpu_protect() - switch on what CPUID says the executing CPU has: WP, NXE, SMEP, SMAP, UMIP, PGE,
 * DE, MCE, and the PAT entries of <ashlar/hw/paging.h>.
 *
 * A CPU without NX is named in the log, because data can then be executed.
 * Context: once on each CPU, after cpu_features_init(), interrupts off, and no page in use whose
 *          entry has PAT index 4.
 */
void cpu_protect(void);
