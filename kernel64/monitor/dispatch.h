/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * From words to the commands that registered themselves (ashlar/command.h).
 */
#include <ashlar/command.h>

/* Return: the name of the command at @index in the order of names, or NULL: a complete_words_fn. */
const char *dispatch_names(unsigned index);

/* Return: the command, or NULL. */
const struct command *dispatch_find(const char *name);

/**
 * dispatch_line() - run the commands of a line, one after the other, also behind one that failed.
 * @line:   split by monitor/split.h; written to.
 * @failed: told of each command that did not return STATUS_OK, after the person was; may be NULL.
 *
 * A command may itself call this, DISPATCH_DEPTH_MAX deep in all, and while DISPATCH_STACK_MIN bytes are left
 * of the stack; what is deeper is refused, in words.
 *
 * Return: false when the line's end was not run, because it cannot be split: an open quote, too many words.
 * Context: the monitor's thread.
 */
#define DISPATCH_DEPTH_MAX 3
#define DISPATCH_STACK_MIN 6144
bool dispatch_line(char *line, void (*failed)(const char *command));
