/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Fixups: fault-protected code, and where execution continues after an exception in it. For registers that a
 * CPU or a hypervisor may refuse, and memory that may not be mapped.
 *
 * The fixups of a CPU nest: each is on the stack of its fixup_try(), and the innermost is per-CPU data.
 * trap/traps.c calls fixup_apply() before an exception is fatal, and sets the fixups aside while it runs a
 * handler: an exception in a handler must not run the interrupted code's fixup.
 */
#include <cpu/percpu.h>
#include <cpu/trap_frame.h>

typedef void fixup_fn(void *argument);

/**
 * fixup_try() - run a function that may raise an exception.
 * @function: called with @argument. It is abandoned at an exception: it must hold no lock and leave no state
 * inconsistent.
 * @caught:   the state at the exception, if there was one; else untouched.
 *
 * May be nested. NMI, double fault and machine check are not caught, nor is an exception in an interrupt
 * handler that runs meanwhile.
 *
 * Return: true when @function returned, false when it raised an exception.
 * Context: any but NMI; after traps_init_cpu(). The caller must stay on its CPU.
 */
bool fixup_try(fixup_fn *function, void *argument, struct trap_frame *caught);

/**
 * fixup_apply() - continue the interrupted code at the end of the innermost fixup_try().
 * @frame: of an exception; changed if there is a fixup.
 *
 * Return: whether there is one.
 * Context: the exception, on its CPU.
 */
bool fixup_apply(struct trap_frame *frame);

struct fixup;
PERCPU_DECLARE(struct fixup *, fixup);

/* Disarms this CPU's fixups. Return: for fixup_restore(). Context: interrupts off. */
static inline struct fixup *fixup_set_aside(void)
{
    struct fixup *innermost = PERCPU_MINE(fixup);
    PERCPU_MINE(fixup) = NULL;
    return innermost;
}

/* Arms the fixups of fixup_set_aside() again. Context: the same interrupt, on its CPU. */
static inline void fixup_restore(struct fixup *innermost)
{
    PERCPU_MINE(fixup) = innermost;
}

/* Disarms this CPU's fixups permanently: an exception in a panic must not leave it. Context: any. */
void fixup_disarm_all(void);
