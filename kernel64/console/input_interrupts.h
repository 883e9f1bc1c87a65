/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Serial port and keyboard, from polling to interrupts.
 */
#include <ashlar/dev/ps2.h>
#include <ashlar/dev/uart16550.h>

/**
 * serial_start_interrupts(), keyboard_start_interrupts() - have them interrupt, if that works.
 *
 * Each is asked for an interrupt at once. One that does not come within INPUT_WAIT_NS is not wired as
 * firmware says: the device is polled as before, and the log says so.
 * @isa: the ISA interrupt that it has; -1: none, or not known.
 * Context: thread, interrupts on.
 */
void serial_start_interrupts(struct uart16550 *uart, int isa);
void keyboard_start_interrupts(struct ps2_keyboard *keyboard);

#define INPUT_WAIT_NS 20000000
