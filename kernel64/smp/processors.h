/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The other CPUs, with the address space and the memory nodes they get.
 */

/* smp_start() on this machine. Context: as smp_start(). */
void processors_start(void);
