/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Output of fatal errors on COM1, the debug port and the VGA text screen. The stub prints nothing else.
 *
 * Context of all: the stub, one CPU, interrupts off.
 */
#include <ashlar/types.h>

#pragma GCC visibility push(hidden)

/* @text: 7-bit ASCII; '\n' ends a line. The wait for the serial port is bounded. */
void console_write(const char *text);
void console_write_hex(uint64_t number);

/* Prints the text and a line end, and halts. */
NORETURN void fatal(const char *text);

#pragma GCC visibility pop
