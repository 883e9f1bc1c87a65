/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * How the monitor ends. Context of both: the monitor's thread.
 */
#include <ashlar/types.h>

/* Says so in the log and resets the machine: `reboot` and Ctrl-Alt-Del. */
NORETURN void monitor_reboot(void);

/* Prints the verdict and exits by the methods of power/exit.h: `exit`. */
NORETURN void monitor_exit(void);
