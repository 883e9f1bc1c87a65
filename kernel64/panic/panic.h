/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The end: what was expected, what was found, what to try, on every console, with registers and
 * a backtrace; then the verdict line, and the way out of leave.h if a script is waiting for one.
 */
#include <ashlar/types.h>

struct trap_frame;

/**
 * panic() - stop the machine with a message.
 * @format: what was expected, what was found, what to try. One or a few lines.
 *
 * Context: any. A panic inside a panic prints one line and ends at once.
 */
NORETURN void panic(const char *format, ...) PRINTF_LIKE(1, 2);

/* The same for an exception: the report shows @frame instead of the caller's state. */
NORETURN void panic_trap(const struct trap_frame *frame);

/**
 * panic_set_wait() - what a panic that halts does for the person in front of it.
 * @wait: returns when the machine is to be restarted, which is then done by leave_by_reset(). Called with
 *        interrupts off, other CPUs stopped, and locks perhaps held for ever. NULL, as at the start: the CPU
 *        halts for good. Not called by a panic inside a panic.
 * @words: what to press, for the last line of the report.
 */
void panic_set_wait(void (*wait)(void), const char *words);

/**
 * panic_set_leaves() - whether a panic leaves by leave(VERDICT_PANIC).
 * @leaves: true from the moment a run that run= started begins. A panic also leaves when
 *          debugexit= named a port. Otherwise it halts, so that a person can read the screen.
 */
void panic_set_leaves(bool leaves);

/**
 * panic_set_consoles() - who attaches the consoles that are there and not attached.
 * @attach_all: called once, when the first panic begins, before it prints. May fail in any way, a fault
 *              included.
 */
void panic_set_consoles(void (*attach_all)(void));
