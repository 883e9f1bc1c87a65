/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Panic: what was expected, what was found and what to try, on every console, with registers and a backtrace;
 * then the verdict line; then power_exit() if a script waits for it, else a reboot at a key. docs/panic.md
 * has the steps, and what the code that runs in them may rely on.
 *
 * Higher rooms, which may panic themselves, are reached through lib/machine_ops.h: registers, the other CPUs,
 * the consoles, and the wait for a key.
 */
#include <ashlar/types.h>

struct trap_frame;

/**
 * panic() - stop the machine with a message.
 * @format: what was expected, what was found, what to try. One or a few lines.
 *
 * A panic inside a panic prints one line and the verdict, and exits or halts without waiting for a key; one
 * inside that prints nothing.
 * Context: any, also NMI, and with any lock held. The wait for the consoles' lock is bounded; no other is
 * taken.
 */
NORETURN void panic(const char *format, ...) PRINTF_LIKE(1, 2);

/**
 * panic_trap() - panic() for an exception: the report shows @frame instead of the caller's state.
 * @frame: of the exception.
 *
 * Context: as panic().
 */
NORETURN void panic_trap(const struct trap_frame *frame);

/**
 * panic_set_exits() - whether a panic ends by power_exit(VERDICT_PANIC).
 * @exits: true while the commands of run= run. A panic also exits when debugexit= named a port. Otherwise it
 *         waits for a key, so that a person can read the screen, and reboots.
 *
 * Context: thread.
 */
void panic_set_exits(bool exits);
