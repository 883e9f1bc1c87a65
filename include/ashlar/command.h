/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Registering a monitor command, beside the code that it shows:
 *
 *     static status_t command_walk(int argc, char **argv) { ... }
 *     COMMAND(walk, "ADDRESS", "page-table walk of a virtual address", command_walk);
 *
 * The linker collects the entries (sorted by name) between __commands_start and __commands_end;
 * nothing else lists them.
 */
#include <ashlar/status.h>

struct command {
    const char *name;
    const char *arguments; /* as help prints them; "" when there are none: others are refused before run() */
    const char *help;      /* one line, no full stop */

    /**
     * run() - execute the command.
     * @argc, @argv: as in C; argv[0] is the command's name. The strings may be written to and
     *               live until run() returns.
     *
     * Return: STATUS_OK; STATUS_INVALID makes the monitor print the usage line; any other
     *         status is printed as its sentence.
     * Context: thread, interrupts on. May sleep.
     */
    status_t (*run)(int argc, char **argv);

    /**
     * words() - possible first arguments, for completion; NULL: not known.
     * @index: 0, 1, 2, ...
     *
     * Return: an argument, or NULL after the last.
     */
    const char *(*words)(unsigned int index);
};

#define COMMAND_WITH_WORDS(word, arguments_text, help_text, function, words_function)                        \
    static const struct command command_entry_##word USED SECTION(".commands." #word)                        \
        ALIGNED(sizeof(void *)) = { #word, arguments_text, help_text, function, words_function }

#define COMMAND(word, arguments_text, help_text, function)                                                   \
    COMMAND_WITH_WORDS(word, arguments_text, help_text, function, NULL)

extern const struct command __commands_start[], __commands_end[];
