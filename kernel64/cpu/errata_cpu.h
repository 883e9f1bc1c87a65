/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The errata of this machine's CPUs, by the table of cpu/errata.h. Code with a workaround calls
 * errata_applies().
 */
#include <cpu/errata.h>

/**
 * errata_init() - find and log the BSP's errata, and call errata_init_cpu().
 * Context: BSP, once; traps work.
 */
void errata_init(void);

/* The workaround on each CPU: disables C1E. Context: each CPU, after traps_init_cpu(); again when it is
   brought back online. */
void errata_init_cpu(void);

/* Return: whether a workaround is needed. ERRATUM_C1E: only if C1E could not be disabled. Context: any. */
bool errata_applies(enum erratum erratum);

/* Microcode revision of the BSP; 0 when unknown. Context: any. */
uint32_t errata_microcode(void);

/* The number of CPUs on which C1E was disabled. Context: any. */
unsigned int errata_c1e_count(void);
