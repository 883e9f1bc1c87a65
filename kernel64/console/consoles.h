/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Which consoles and inputs are used: those that console= names, or all that exist. Each console is first
 * shown the log so far.
 */

/**
 * consoles_init() - from here on a panic attaches every console that is there, whatever console= says.
 *
 * A machine whose consoles have not been found yet then gets COM1, the debug port, and the screen as far as
 * it is known.
 * Context: once, first CPU, after machine_ops_init().
 */
void consoles_init(void);

/**
 * consoles_start() - find serial port, debug port and screen, and attach those that are wanted.
 *
 * Before ACPI's tables are reserved, before memory and interrupts, so that failures there are seen.
 * Context: once, after acpi_find_root().
 */
void consoles_start(void);

/**
 * consoles_apply_firmware() - find the serial port in tables that could not be read before.
 *
 * Context: once, first CPU, after platform_init().
 */
void consoles_apply_firmware(void);

/**
 * consoles_start_inputs() - serial port and keyboard as inputs, by interrupts where those arrive, else
 * polled.
 *
 * Context: once, first CPU, after irq_init(), interrupts on.
 */
void consoles_start_inputs(void);
