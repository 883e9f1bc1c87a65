/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The CPU's part of lib/machine_ops.h; halt and triple fault also for the rooms above.
 */
#include <ashlar/types.h>

/* Sets the CPU's operations. Context: BSP, once, before anything logs or panics. */
void machine_ops_init(void);

/* Disables interrupts and halts permanently. Context: any. */
NORETURN void cpu_halt_forever(void);

/* Resets the machine: an exception with no gate for it, nor for a double fault. Context: any. */
NORETURN void cpu_triple_fault(void);
