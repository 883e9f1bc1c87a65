/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The 256 gates: one table for all CPUs, because the IST stacks are in each CPU's TSS.
 */
#include <ashlar/types.h>

/* Every vector's stub has this size, so that the gates can be computed. */
#define TRAP_STUB_SIZE 16

/* Fills the table in. Context: BSP, once, before idt_init_cpu(). */
void idt_init(void);

/* Loads it on the executing CPU. Context: each CPU, after gdt_init_cpu(); interrupts off. */
void idt_init_cpu(void);
