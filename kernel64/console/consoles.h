/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Selection of the consoles and inputs: those of console=, or all. The log so far is replayed on each console
 * first.
 */
#include <ashlar/dev/scan_keys.h>

/**
 * consoles_init() - make a panic attach every console found, regardless of console=.
 *
 * Before consoles_start() these are COM1, the debug port, and the screen as far as it is known.
 * Context: once, BSP, after machine_ops_init().
 */
void consoles_init(void);

/**
 * consoles_start() - find serial port, debug port and screen, and attach the selected ones.
 *
 * Called before ACPI's tables are reserved, before memory and interrupts, so that failures there are visible.
 * Context: once, after acpi_find_root().
 */
void consoles_start(void);

/**
 * consoles_apply_firmware() - find the serial port in tables that could not be read before.
 *
 * Context: once, BSP, after platform_init().
 */
void consoles_apply_firmware(void);

/* The layout of the PC's keyboard; the US one at first. Context: that of the thread that reads the inputs. */
void consoles_set_keymap(const struct keymap *keymap);
const struct keymap *consoles_keymap(void);

/**
 * consoles_start_inputs() - add serial port and keyboard as inputs, by interrupts where those arrive,
 * else polled.
 *
 * Context: once, BSP, after irq_init(), interrupts on.
 */
void consoles_start_inputs(void);
