/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The prompt: the loop that reads and runs commands.
 */
#include <ashlar/dev/input.h>
#include <ashlar/types.h>

/**
 * monitor_wait_for_key() - wait for the next key, for a command that runs until one is pressed.
 * @deadline_ns: of clock_now_ns().
 *
 * Return: a key; KEY_NONE at the deadline.
 * Context: a command.
 */
int monitor_wait_for_key(uint64_t deadline_ns);

/* Whether the command was typed; false while run= runs. Context: a command. */
bool monitor_is_attended(void);

/* Logs a line and resets the machine: `reboot` and Ctrl-Alt-Del. Context: a command. */
NORETURN void monitor_reboot(void);

/* Prints the verdict and exits by the methods of power/exit.h: `exit`. Context: a command. */
NORETURN void monitor_exit(void);

/**
 * monitor_run() - run the commands of run=, then prompt for ever.
 *
 * A failing command of run= makes the verdict `fail`. A run= that is too long or cannot be split into words
 * exits at once, because an `exit` in it would not be reached. Marks the boot stage "prompt" before the first
 * command.
 * Context: the BSP's boot thread, interrupts off or on.
 */
NORETURN void monitor_run(void);
