/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The layout of the keyboard: the option keymap= and the command `keymap`. */

/* Applies the option. Context: the monitor's thread. */
void keymap_start(void);
