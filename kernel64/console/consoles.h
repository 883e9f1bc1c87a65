/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Which consoles and inputs this machine gets: what console= names, or all that there are. Each
 * console that comes up is first shown the log so far.
 */

/**
 * consoles_start() - find serial port, debug port and screen, and attach those that are wanted.
 *
 * Before ACPI's tables are claimed, before memory and interrupts: what goes wrong there is seen.
 * Context: once, after acpi_find_root().
 */
void consoles_start(void);

/**
 * consoles_attach_all() - attach every console that is there, whatever console= says: for a panic.
 *
 * A machine whose consoles have not been found yet gets COM1, the debug port, and the screen as far as it is
 * known.
 * Context: a panic, at any time.
 */
void consoles_attach_all(void);

/* The serial port of firmware's tables that could not be read before. After acpi_init_late(). */
void consoles_apply_firmware(void);

/* Serial port and keyboard as inputs, by interrupts where they come. After local_irq_enable(). */
void consoles_start_inputs(void);
