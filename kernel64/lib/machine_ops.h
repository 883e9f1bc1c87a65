/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * All that diag asks of the machine. kernel64/trap/machine_ops.c answers; a hosted test brings its
 * own answers. This is how a panic shows registers although diag may not include cpu.
 *
 * Context of all: any, also NMI and panic.
 */
#include <ashlar/types.h>

struct trap_frame;

/* The time-stamp counter, and the number of this CPU. */
uint64_t diag_port_ticks(void);
unsigned int diag_port_cpu(void);

/* Interrupts off, no exception leads back to who waits for one, and the other CPUs stand still. */
void diag_port_begin_panic(void);

/* @function is called when a panic begins, also a second one, and lets no other CPU go on. */
void diag_port_set_stop_others(void (*function)(void));

/* Interrupts off and no way back. */
NORETURN void diag_port_halt(void);

/* Resets the CPU by a triple fault: the way that needs no device. */
NORETURN void diag_port_triple_fault(void);

/**
 * diag_port_print_state() - the registers, and what they tell.
 * @frame: of an exception; NULL for a panic that the code called itself, which shows control
 *         registers only, because the general ones are the caller's no longer.
 */
void diag_port_print_state(const struct trap_frame *frame);

/* One line: which exception, and where. */
void diag_port_print_headline(const struct trap_frame *frame);
