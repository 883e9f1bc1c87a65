/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The end: what was expected, what was found, what to try, on every console, with registers and
 * a backtrace; then the verdict line and the way out that leave.h chooses.
 */
#include <ashlar/types.h>

struct trap_frame;

/**
 * panic() - stop the machine with a message.
 * @format: what was expected, what was found, what to try. One or a few lines.
 *
 * Context: any. A panic inside a panic prints one line and halts.
 */
NORETURN void panic(const char *format, ...) PRINTF_LIKE(1, 2);

/* The same for an exception: the report shows @frame instead of the caller's state. */
NORETURN void panic_trap(const struct trap_frame *frame);
