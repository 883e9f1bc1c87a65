/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * run=: commands without a user, and the two ways in which a run or a user ends the machine. It does not need
 * the monitor, which a build may leave out.
 */
#include <ashlar/types.h>

/* Bytes of run=, the NUL included. */
#define RUN_MAX 1024

/**
 * run_commands() - run the commands of run=, if the option was given.
 *
 * A failing command makes the verdict `fail`. A run= that is too long or cannot be split into words exits at
 * once, because an `exit` in it would not be reached.
 * Context: the BSP's boot thread, once, interrupts off or on.
 */
void run_commands(void);

/* Whether run= was given, and not empty. Context: any, after run_commands() has begun. */
bool run_was_given(void);

/* Whether the command was typed; false while run= runs. Context: a command. */
bool run_is_attended(void);

/* Logs it and resets the machine: `reboot` and Ctrl-Alt-Del. Context: a command. */
NORETURN void run_reboot(void);

/* Prints the verdict and exits by the methods of power/exit.h: `exit`. Context: a command. */
NORETURN void run_exit(void);
