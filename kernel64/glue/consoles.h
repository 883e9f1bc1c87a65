/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Which consoles and inputs this machine gets: what console= names, or all that there are. Each
 * console that comes up is first shown the log so far.
 */

/* COM1, before the loader's words were read, so that a panic about them is seen. Ports only. */
void consoles_init_early(void);

/* What console= says of serial ports. After machine_read_handoff(). */
void consoles_apply_option(void);

/*
 * The serial port that firmware's console is on (SPCR), where console= says nothing; where there is no COM1, also one that
 * firmware keeps for debugging (DBG2). After acpi_init().
 */
void consoles_apply_firmware(void);

/* The framebuffer or the VGA text screen, and the keyboard. After address_space_init(). */
void consoles_init_screen(void);
