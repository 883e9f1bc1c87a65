/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The CPU's part of lib/machine_ops.h, and the two ends of a CPU, for the rooms above that need no seam.
 */
#include <ashlar/types.h>

/* Fills in the operations that are the CPU's. Context: first CPU, once, before anything logs or panics. */
void machine_ops_init(void);

/* Interrupts off and halted for good. Context: any. */
NORETURN void cpu_halt_forever(void);

/* Resets the machine: an exception with no gate for it, nor for a double fault. Context: any. */
NORETURN void cpu_triple_fault(void);
