/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Registering a monitor command, beside the code that it shows:
 *
 *     static status_t command_walk(int argc, char **argv) { ... }
 *     COMMAND(walk, command_walk, .group = GROUP_MEMORY, .arguments = "ADDRESS|FUNCTION",
 *             .help = "page-table walk of a virtual address", .example = "walk kernel64_main",
 *             .see_also = "audit vmap peek");
 *
 * The linker collects the entries (sorted by name) between __commands_start and __commands_end;
 * nothing else lists them.
 */
#include <ashlar/status.h>

/* The groups of `help`, in its order: identifier, name, headline. No command has a group's name. */
#define COMMAND_GROUPS(G)                                                                                    \
    G(GROUP_MACHINE, "machine", "the machine, its firmware, I/O ports")                                      \
    G(GROUP_MEMORY, "memory", "RAM, page tables, allocators")                                                \
    G(GROUP_PROCESSORS, "processors", "CPUs, their registers, interrupts, locks")                            \
    G(GROUP_TIME, "time", "clocks and timers")                                                               \
    G(GROUP_OUTPUT, "output", "the log, the report, the screen")                                             \
    G(GROUP_TESTS, "tests", "tests, benchmarks and faults on purpose")                                       \
    G(GROUP_POWER, "power", "the end of the run")

#define COMMAND_GROUP_ENUM(group, name, headline) group,
enum command_group { COMMAND_GROUPS(COMMAND_GROUP_ENUM) COMMAND_GROUP_COUNT };
#undef COMMAND_GROUP_ENUM

struct command {
    const char *name;
    enum command_group group;
    bool is_list;          /* prints a list, at once: its lines may be side by side (monitor/columns.h) */
    const char *arguments; /* as help prints them; "" when there are none: others are refused before run() */
    const char *help;      /* one line, no full stop */
    const char *example;   /* a line to type, which begins with the name */
    const char *see_also;  /* names of other commands, separated by single blanks; "" when there are none */

    /**
     * run() - execute the command.
     * @argc, @argv: as in C; argv[0] is the command's name. The strings may be written to and
     *               live until run() returns.
     *
     * Return: STATUS_OK; STATUS_INVALID makes the monitor print the usage line, after the command has
     *         printed what was wrong (log/arguments.h); any other status is printed as its sentence,
     *         unless the command has printed in STYLE_ERROR why it failed.
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

/*
 * Registers a command. @word: its name. @function: run(). The other arguments are initialisers of all further
 * members but words(): one that is left out does not compile.
 */
#define COMMAND(word, function, group_, arguments_, help_, example_, see_also_)                              \
    COMMAND_WITH_WORDS(word, function, group_, arguments_, help_, example_, see_also_, .words = NULL)

#define COMMAND_WITH_WORDS(word, function, group_, arguments_, help_, example_, see_also_, words_)           \
    COMMAND_ENTRY(word, function, group_, arguments_, help_, example_, see_also_, words_, .is_list = false)

/* Registers a command whose output is a list. @words_: may be NULL. */
#define COMMAND_LIST(word, function, group_, arguments_, help_, example_, see_also_, words_)                 \
    COMMAND_ENTRY(word, function, group_, arguments_, help_, example_, see_also_, words_, .is_list = true)

#define COMMAND_ENTRY(word, function, group_, arguments_, help_, example_, see_also_, words_, is_list_)      \
    static const struct command command_entry_##word USED SECTION(".commands." #word)                        \
        ALIGNED(sizeof(void *)) = {                                                                          \
            .name = #word, .run = function, group_, arguments_, help_, example_, see_also_, words_, is_list_ \
        }

extern const struct command __commands_start[], __commands_end[];
