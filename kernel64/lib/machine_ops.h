/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What the log, a panic, power-off, traps and locks need of the machine: the one seam at which low rooms call
 * higher ones. A hosted test fills in operations of its own.
 *
 * The room named beside an operation fills it in. Those of cpu are there before anything can log or panic:
 * machine_ops_init() is the first line of kernel64_main(). The others are NULL until their room is up, and
 * their callers check. All are constant once there is a second CPU, but for wait_for_restart: the monitor
 * sets it, once, when it begins. docs/panic.md says when a panic uses which.
 *
 * Context of all, unless it says otherwise: any, also NMI and panic. Of locks they take only the log's, with
 * a bound on the wait, and only where they print or attach a console.
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

    /* trap: registers and a backtrace. @frame: of an exception; NULL for a call of panic(): control registers
       only, because the general ones have been overwritten since. */
    void (*print_state)(const struct trap_frame *frame);

    /* trap: one line: which exception, and where. */
    void (*print_headline)(const struct trap_frame *frame);

    /* irq: takes an interrupt that has no handler, and sends its EOI. Context: in the interrupt. */
    void (*take_unexpected)(uint8_t vector);

    /* smp: stops all other CPUs for good, without waiting for them. Does not return on a CPU that another one
       has stopped. */
    void (*stop_others)(void);

    /* smp: serves what other CPUs call this one for. Called again and again while a lock that polls calls is
       waited for. Context: interrupts off. What is served may take locks. */
    void (*poll_calls)(void);

    /* smp: not an operation: whether this is a virtual machine, whose CPUs may stop running at any time. */
    bool is_guest;

    /* console: attaches every console that is there. Called once, when the first panic begins, before it
       prints. Context: a panic; may fail in any way, a fault included. */
    void (*attach_consoles)(void);

    /* monitor: prints which keys restart the machine, and returns when one was pressed. Context: a panic,
       interrupts off, the other CPUs stopped, and locks perhaps held for good; not called by a panic inside a
       panic. */
    void (*wait_for_restart)(void);
};

extern struct machine_ops machine_ops;
