/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The prompt: the loop that reads what a person types and runs it.
 */
#include <ashlar/dev/input.h>
#include <ashlar/types.h>

/**
 * monitor_wait_for_key() - the next key, for a command that goes on until one is pressed.
 * @deadline_ns: as clock_now_ns() counts.
 *
 * Return: a key; KEY_NONE when the time has come. Context: a command.
 */
int monitor_wait_for_key(uint64_t deadline_ns);

/* Whether a person may type; false while run= runs. Context: a command. */
bool monitor_is_attended(void);

/* Says so in the log and resets the machine: what `reboot` and Ctrl-Alt-Del do. Context: a command. */
NORETURN void monitor_reboot(void);

/* Prints the verdict and leaves by the ladder of power/exit.h: what `exit` does. Context: a command. */
NORETURN void monitor_exit(void);

/**
 * monitor_run() - run what run= says, then prompt for ever.
 *
 * A command of run= that fails makes the verdict fail; one that is too long, or whose end cannot be split
 * into words, leaves at once, because an `exit` in it would not be reached. Marks the boot stage "prompt"
 * before the first command.
 * Context: the first CPU's boot thread, interrupts off or on.
 */
NORETURN void monitor_run(void);
