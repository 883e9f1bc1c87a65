/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Exceptions and interrupts, from the gate to a function in C.
 *
 * Vectors 0 to 31 are the CPU's exceptions. An exception without a fixup (cpu/fixup.h) ends in panic_trap();
 * an NMI of unknown cause is reported and survived. Vectors 32 to 255 are interrupts: each has at most one
 * handler; one without is counted, reported, and never fatal.
 *
 * There is no user mode, so every trap comes from the kernel: no stub executes SWAPGS.
 */
#include <ashlar/addr.h>
#include <cpu/exceptions.h>
#include <cpu/trap_frame.h>

/**
 * traps_init() - GDT, TSS and IDT of the BSP.
 *
 * Before it an exception resets the machine; afterwards each is reported, with symbols: %pS works from here
 * on. Registers the BSP's stacks (panic/stacks.h).
 * Context: the BSP, once, interrupts off.
 */
void traps_init(void);

/**
 * traps_init_cpu() - the same for another CPU: its segments, its per-CPU data, the one IDT.
 * @stack_top: for each enum trap_stack from 1 on.
 * @cpu:       its number: PERCPU_MINE() works from here on.
 *
 * Context: that CPU, once, interrupts off.
 */
void traps_init_cpu(const virt_t *stack_top, unsigned int cpu);

/**
 * traps_claim_sole_cpu() - make this CPU the only one that an NMI does not halt, for a panic.
 *
 * It stops no CPU itself: ipi_stop_others() sends the NMIs.
 * Return: false when another CPU was first: this one has to stop.
 * Context: any, also NMI and panic.
 */
bool traps_claim_sole_cpu(void);

/**
 * trap_handler_fn - an interrupt's handler.
 * @frame: the interrupted state; what the handler changes in it is loaded on return.
 *
 * Context: interrupts off, on the interrupted stack.
 */
typedef void trap_handler_fn(struct trap_frame *frame);

/**
 * traps_set_handler() - set the handler of an interrupt.
 * @vector:  32 .. 255.
 * @handler: NULL removes the present one.
 *
 * Context: any. An interrupt during the call sees the old or the new handler.
 */
void traps_set_handler(uint8_t vector, trap_handler_fn *handler);

/* Return: the handler of @vector, 32 .. 255, or NULL. Context: any. */
trap_handler_fn *traps_handler(uint8_t vector);

/* Return: the count of interrupts of @vector, 32 .. 255, on @cpu, with or without a handler. Context: any. */
uint64_t traps_taken_count(unsigned int cpu, uint8_t vector);

/* Return: the count of interrupts of @vector, 32 .. 255, without a handler, on all CPUs. Context: any. */
uint64_t traps_unexpected_count(uint8_t vector);
