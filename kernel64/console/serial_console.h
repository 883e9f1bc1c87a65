/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Which serial port is the console's: the one that console= names; else the one that firmware's console is on
 * (SPCR); else COM1; else one that firmware keeps for debugging (DBG2); else the first that the BIOS lists in
 * its data area.
 */
#include <ashlar/dev/console.h>
#include <console/option.h>

/**
 * serial_console_find() - find that port and set it up. A port that is named and cannot be used is said to be
 * so.
 * @choice: what console= says of a serial port; NULL when it says nothing.
 *
 * Context: the first CPU, before address_space_init(). Only the first call does something.
 */
void serial_console_find(const struct console_choice *choice);

/* The same in a panic: only what needs no memory is looked at. */
void serial_console_find_in_panic(void);

/* Return: its console; NULL when there is no port. */
struct console *serial_console(void);

/* SPCR and DBG2 once more, if they could not be read before. After acpi_init_late(). @is_attached: to the
   log. */
void serial_console_look_again(bool is_attached);

/* It is an input of the monitor, and interrupts. After irq_init(). */
void serial_console_start_input(void);
