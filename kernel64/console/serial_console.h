/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The serial port of the console: console='s; else that of firmware's console (SPCR); else COM1; else a debug
 * port (DBG2); else the first of the BIOS data area.
 */
#include <ashlar/dev/console.h>
#include <console/option.h>

/**
 * serial_console_find() - find that port and initialise it. If console='s port cannot be used, this is
 * logged.
 * @choice: the serial port of console=; NULL when it has none.
 *
 * Context: the BSP, before address_space_init(). Only the first call has an effect.
 */
void serial_console_find(const struct console_choice *choice);

/* The same in a panic: only sources that need no memory are tried. */
void serial_console_find_in_panic(void);

/* Return: the console; NULL when there is no port. */
struct console *serial_console(void);

/* Tries SPCR and DBG2 again, if they could not be read before. After acpi_init_late(). @is_attached: whether
   the serial console is attached to the log. */
void serial_console_look_again(bool is_attached);

/* Adds the port as an input of the monitor, and enables its interrupt. After irq_init(). */
void serial_console_start_input(void);
