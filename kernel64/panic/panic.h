/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Panic: what was expected, what was found and what to try, on every console, with registers and a backtrace;
 * then the verdict line; then power_exit() if a script waits for it, else the machine halts.
 *
 * Hooks, because what they call stands above this room and may itself panic: the consoles, and the wait for a
 * key. Registers and the other CPUs are reached through lib/machine_ops.h.
 */
#include <ashlar/types.h>

struct trap_frame;

/**
 * panic() - stop the machine with a message.
 * @format: what was expected, what was found, what to try. One or a few lines.
 *
 * A panic inside a panic prints one line and ends at once.
 * Context: any. Takes no lock without a limit on the wait.
 */
NORETURN void panic(const char *format, ...) PRINTF_LIKE(1, 2);

/**
 * panic_trap() - panic() for an exception: the report shows @frame instead of the caller's state.
 * @frame: of the exception.
 *
 * Context: any.
 */
NORETURN void panic_trap(const struct trap_frame *frame);

/**
 * panic_set_wait() - what a panic that halts does for a person at the machine.
 * @wait:  returns when the machine is to be rebooted. Called with interrupts off, the other CPUs stopped, and
 *         locks perhaps held for good; not called by a panic inside a panic. NULL, as at the start: the CPU
 *         halts for good.
 * @words: what to press, for the last line of the report.
 *
 * Context: boot, one CPU.
 */
void panic_set_wait(void (*wait)(void), const char *words);

/**
 * panic_set_exits() - whether a panic ends by power_exit(VERDICT_PANIC).
 * @exits: true while the commands of run= run. A panic also exits when debugexit= named a port. Otherwise it
 *         halts, so that a person can read the screen.
 *
 * Context: thread.
 */
void panic_set_exits(bool exits);

/**
 * panic_set_consoles() - how to attach the consoles that exist and are not attached.
 * @attach_all: called once, when the first panic begins, before it prints. May fail in any way, a fault
 *              included.
 *
 * Context: boot, one CPU.
 */
void panic_set_consoles(void (*attach_all)(void));
