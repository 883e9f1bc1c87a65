/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Last words: text on COM1 and on the VGA text screen, for when kernel64 cannot be started. While
 * all goes well the stub says nothing.
 */
#include <ashlar/types.h>

#pragma GCC visibility push(hidden)

/* Both: any text, 7-bit; '\n' ends a line. Waits for the serial port, but not for ever. */
void words_say(const char *text);
void words_say_number(uint64_t number);

/* Ends the sentence and halts. */
NORETURN void words_halt(const char *text);

#pragma GCC visibility pop
