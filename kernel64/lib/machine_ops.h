/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The operations of the machine that the log, a panic, power-off, traps and locks need: the one seam at which
 * low rooms call higher ones. A hosted test fills in operations of its own.
 *
 * The room named beside an operation fills it in. Those of cpu are there before anything can log or panic:
 * machine_ops_init() is the first line of kernel64_main(). The others are NULL until their room is up, and
 * their callers check. They are constant once there is a second CPU, with two exceptions: the monitor sets
 * wait_for_restart, once, when it begins; and `crash twice` (trap/crash.c) replaces print_state before its
 * panic. docs/panic.md says when a panic uses which.
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

    /* cpu: interrupts off, all fixups disarmed (cpu/fixup.h). */
    void (*begin_panic)(void);

    /* cpu: disables interrupts and halts permanently. */
    NORETURN void (*halt)(void);

    /* cpu: resets the machine by a triple fault, which needs no device. */
    NORETURN void (*triple_fault)(void);

    /* trap: prints registers and a backtrace. @frame: of an exception; NULL for a call of panic(): then only
       control registers, because the general ones have been overwritten since. */
    void (*print_state)(const struct trap_frame *frame);

    /* trap: prints one line: the exception and its address. */
    void (*print_headline)(const struct trap_frame *frame);

    /* sync: prints the locks that the executing CPU holds or waits for, in a checked build. Context: a
     * report. */
    void (*print_locks)(void);

    /* irq: counts an interrupt without a handler, and sends its EOI. Context: in the interrupt. */
    void (*take_unexpected)(uint8_t vector);

    /* smp: stops all other CPUs permanently, without waiting for them. Does not return on a CPU that another
       one has stopped. */
    void (*stop_others)(void);

    /* smp: runs the cross-calls that are pending for this CPU. Called repeatedly while spinning for a polling
       lock. Context: interrupts off; the called functions may take locks. */
    void (*poll_calls)(void);

    /* smp: a flag: this is a virtual machine, whose CPUs may be preempted at any time. */
    bool is_guest;

    /* console: attaches all consoles. Called once, when the first panic begins, before it prints. Context: a
       panic; may fail in any way, including a fault. */
    void (*attach_consoles)(void);

    /* monitor: prints which keys restart the machine, and returns when one was pressed. Context: a panic,
       interrupts off, the other CPUs stopped, and locks possibly held by them; not called by a panic inside
       a panic. */
    void (*wait_for_restart)(void);
};

extern struct machine_ops machine_ops;
