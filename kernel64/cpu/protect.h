/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The protections that are enabled on every CPU.
 */

/**
 * cpu_protect_cpu() - enable what the executing CPU has: WP, NXE, SMEP, SMAP, UMIP, PGE, DE, the PAT entries
 * of <ashlar/hw/paging.h>, and an LFENCE that orders RDTSC.
 *
 * All other bits of CR4 except PAE are cleared.
 * Context: once on each CPU, after cpu_features_init(), interrupts off, and no page in use whose entry has
 * PAT index 4.
 */
void cpu_protect_cpu(void);

/**
 * cpu_protect() - cpu_protect_cpu() for the BSP; logs the CPU's name and its errata.
 *
 * Context: once, BSP, after traps_init(), interrupts off.
 */
void cpu_protect(void);
