/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * From a line to commands: ';' separates commands, blanks separate words. Between double or single
 * quotes neither separates anything. There are no escapes, variables or comments. Pure.
 */
#include <ashlar/status.h>

#define SPLIT_WORDS_MAX 16

/**
 * split_next() - the next command of a line.
 * @line: where to read on; moved behind the command. The line is written to.
 * @argc, @argv: its words, in the line, with @argv[@argc] NULL. Room for SPLIT_WORDS_MAX + 1.
 *
 * An empty command is passed over.
 * Return: STATUS_OK; STATUS_NOT_FOUND at the end; STATUS_MALFORMED for a quote that is never closed;
 *         STATUS_TOO_BIG for too many words. After the last two the rest of the line is given up.
 */
status_t split_next(char **line, int *argc, char **argv) MUST_CHECK;
