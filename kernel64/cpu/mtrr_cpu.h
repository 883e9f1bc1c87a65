/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The MTRRs of this machine's CPUs, compared by the rules of cpu/mtrr.h.
 */
#include <cpu/mtrr.h>

/* Stores the BSP's values. Context: BSP, before mtrr_compare() on another. */
void mtrr_note_first(void);

/* Compares this CPU's values with the BSP's. Context: any other CPU; after traps_init_cpu(). */
struct mtrr_difference mtrr_compare(void);
