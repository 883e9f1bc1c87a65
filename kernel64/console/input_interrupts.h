/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Switches serial port and keyboard from polling to interrupts, and back where those no longer arrive.
 */
#include <ashlar/dev/ps2.h>
#include <ashlar/dev/uart16550.h>
#include <ashlar/time_units.h>

/**
 * serial_start_interrupts(), keyboard_start_interrupts() - use interrupts if they work.
 *
 * Each device is made to raise an interrupt at once. If it does not arrive within INPUT_WAIT_NS, firmware's
 * routing is wrong: the device stays polled, which is logged.
 * @uart, @keyboard: initialised, and polled so far.
 * @isa: its ISA interrupt; -1: none, or unknown.
 * Context: thread, interrupts on.
 */
void serial_start_interrupts(struct uart16550 *uart, int isa);
void keyboard_start_interrupts(struct ps2_keyboard *keyboard);

/**
 * input_interrupts_check() - poll the devices whose line was masked in a storm (irq/line.h): they raise no
 * more interrupts. A CPU that halts for a key of theirs would not wake, inputs_poll() would find none, and
 * the serial port would keep its output queued. Logged.
 *
 * Context: thread, interrupts on or off; in each loop that waits for a key.
 * Cost: a load for each device.
 */
void input_interrupts_check(void);

#define INPUT_WAIT_NS (20 * NS_PER_MS)
