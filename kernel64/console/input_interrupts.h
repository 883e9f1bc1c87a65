/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Switches serial port and keyboard from polling to interrupts.
 */
#include <ashlar/dev/ps2.h>
#include <ashlar/dev/uart16550.h>

/**
 * serial_start_interrupts(), keyboard_start_interrupts() - use interrupts if they work.
 *
 * Each device is made to raise an interrupt at once. If it does not arrive within INPUT_WAIT_NS, firmware's
 * routing is wrong: the device stays polled, which is logged.
 * @isa: its ISA interrupt; -1: none, or unknown.
 * Context: thread, interrupts on.
 */
void serial_start_interrupts(struct uart16550 *uart, int isa);
void keyboard_start_interrupts(struct ps2_keyboard *keyboard);

#define INPUT_WAIT_NS 20000000
