/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What the log, a panic and power-off need of the machine: the one seam at which the lowest rooms call higher
 * ones. lib, log, power and panic include nothing of cpu, trap or smp; a hosted test fills in operations of
 * its own.
 *
 * The room named beside an operation fills it in. Those of cpu are there before anything can log or panic:
 * machine_ops_init() is the first line of kernel64_main(). The others are NULL until their room is up, and
 * their callers check.
 *
 * Context of all: any, also NMI and panic. They take no lock.
 */
#include <ashlar/types.h>

struct trap_frame;

struct machine_ops {
    /* cpu: number of the executing CPU. */
    unsigned int (*cpu)(void);

    /* cpu: the time-stamp counter. */
    uint64_t (*ticks)(void);

    /* cpu: interrupts off, and no exception leads back to a fixup (cpu/fixup.h). */
    void (*begin_panic)(void);

    /* cpu: interrupts off, halted for good. */
    NORETURN void (*halt)(void);

    /* cpu: resets the machine by a triple fault, which needs no device. */
    NORETURN void (*triple_fault)(void);

    /* trap: registers and a backtrace. @frame: of an exception; NULL for a panic that code called itself:
       control registers only, because the general ones have been overwritten since. */
    void (*print_state)(const struct trap_frame *frame);

    /* trap: one line: which exception, and where. */
    void (*print_headline)(const struct trap_frame *frame);

    /* smp: stops all other CPUs for good. Does not return on a CPU that another one has stopped. */
    void (*stop_others)(void);
};

extern struct machine_ops machine_ops;
