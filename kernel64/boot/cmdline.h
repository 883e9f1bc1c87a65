/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The kernel command line: words separated by blanks, each NAME or NAME=VALUE; a value in double
 * quotes may hold blanks (run="test; exit"). Pure, hosted-tested. Where a name comes twice, the
 * last one counts, so that what fw_cfg appends overrides what the loader gave.
 */
#include <ashlar/status.h>

struct cmdline_option {
    const char *name;
    size_t name_length;
    const char *value; /* without the quotes; NULL when the word has no '=' */
    size_t value_length;
};

/**
 * cmdline_next() - the next word.
 * @line:   NUL-terminated.
 * @cursor: 0 to begin with; opaque afterwards.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND at the end; STATUS_MALFORMED for a quote that is never
 *         closed (the option holds the rest of the line, and the next call says NOT_FOUND).
 */
status_t cmdline_next(const char *line, size_t *cursor, struct cmdline_option *option);

/**
 * cmdline_value() - the value of the last option called @name.
 * @buffer, @size: receives the value as a string, "" for an option without one; untouched when
 *                 the option is absent.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND; STATUS_TOO_BIG when it was cut.
 */
status_t cmdline_value(const char *line, const char *name, char *buffer, size_t size);

/* Return: whether @name is there at all. */
bool cmdline_has(const char *line, const char *name);
