/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The prompt: the loop that reads and runs commands.
 */
#include <ashlar/types.h>

/* Whether the command was typed; false while run= runs. Context: a command. */
bool monitor_is_attended(void);

/**
 * monitor_run() - run the commands of run=, then prompt for ever.
 *
 * A failing command of run= makes the verdict `fail`. A run= that is too long or cannot be split into words
 * exits at once, because an `exit` in it would not be reached. Marks the boot stage "prompt" before the first
 * command.
 * Context: the BSP's boot thread, interrupts off or on.
 */
NORETURN void monitor_run(void);
