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
 */
void dispatch_line(char *line, void (*failed)(const char *command));
