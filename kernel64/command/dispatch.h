/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Runs the commands that are registered (ashlar/command.h).
 *
 * Context of all, unless a function says otherwise: any.
 */
#include <ashlar/command.h>

/* Return: the name of the command at @index in alphabetical order, or NULL: a complete_words_fn. */
const char *dispatch_names(unsigned int index);

/* Return: the command with this name or alias, in either case; NULL when there is none. */
const struct command *dispatch_find(const char *name);

/* Return: the alias at @index of a command, by its name; NULL after the last. Context: any. */
const char *dispatch_alias(const char *command, unsigned int index);

/* What is called before and after a command whose output is a list. */
struct dispatch_lists {
    void (*begin)(void);
    void (*end)(void);
};

/* Sets them. @lists: must persist. Context: thread, once. */
void dispatch_set_lists(const struct dispatch_lists *lists);

/**
 * dispatch_line() - run the commands of a line in order, also after one that failed.
 * @line:   split by command/split.h; written to.
 * @failed: called for each command that did not return STATUS_OK, after its message is printed; may be NULL.
 *
 * A command may call this, up to DISPATCH_DEPTH_MAX deep and while DISPATCH_STACK_MIN bytes of the stack are
 * left; deeper calls are refused with a message.
 * The output of a command with a filter goes through it (print_set_filter()).
 *
 * Return: false when the rest of the line was not run, because it cannot be split: an unclosed quote, too
 *         many words, a '|' without a command or a word.
 * Context: the monitor's thread.
 */
#define DISPATCH_DEPTH_MAX 3
#define DISPATCH_STACK_MIN 6144
bool dispatch_line(char *line, void (*failed)(const char *command));
