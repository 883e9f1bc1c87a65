/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Splits a line into commands: ';' separates commands, blanks separate words, and a '|' precedes the filter
 * of a command's output. Between double or single quotes none of them does. There are no escapes, variables
 * or comments. Pure.
 */
#include <ashlar/status.h>

#define SPLIT_WORDS_MAX 16

/**
 * split_next() - get the next command of a line.
 * @line: the rest of the line; moved past the command. The line is modified.
 * @argc, @argv: its words, in the line, with @argv[@argc] NULL. SPLIT_WORDS_MAX + 1 elements.
 * @filter: the word after '|', in the line; NULL without one.
 *
 * An empty command is skipped.
 * Return: STATUS_OK; STATUS_NOT_FOUND at the end; STATUS_MALFORMED for a quote that is never closed;
 *         STATUS_TOO_BIG for too many words; STATUS_INVALID for a '|' that is not between a command and one
 *         word. After the last three the rest of the line cannot be split.
 * Context: any.
 */
status_t split_next(char **line, int *argc, char **argv, const char **filter) MUST_CHECK;
