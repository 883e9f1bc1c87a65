/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The kernel command line: words separated by blanks, each NAME or NAME=VALUE. Between double
 * quotes a blank separates nothing; they may stand around a value (run="test; exit") or around
 * the whole word ("run=test; exit"), which is how GRUB passes on what its user quoted. A backslash
 * before a quote, an apostrophe or a backslash takes it literally: GRUB puts one before each.
 *
 * A newline ends a word even between quotes, so that where lines were joined a quote left open in
 * one cannot swallow the next. Where a name comes twice, the last one counts, so that what fw_cfg
 * appends overrides what the loader gave.
 *
 * Pure, hosted-tested. Lines are NUL-terminated. Context: any.
 */
#include <ashlar/status.h>

struct cmdline_option {
    const char *name;
    size_t name_length;
    const char *value; /* as written, cmdline_copy() undoes the quoting; NULL when there is no '=' */
    size_t value_length;
};

/**
 * cmdline_next() - the next word.
 * @cursor: 0 to begin with; opaque afterwards.
 * @option: views into @line; untouched at the end.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND at the end; STATUS_MALFORMED for a quote that is never
 *         closed (the option holds the rest of the line and can be used).
 */
status_t cmdline_next(const char *line, size_t *cursor, struct cmdline_option *option) MUST_CHECK;

/**
 * cmdline_is_file_name() - whether the first word of a line is the kernel's own file.
 *
 * Some loaders put it there: kexec, and those that follow Multiboot 1. A word that begins with a slash, or
 * one without a value that has a slash or a dot in it, is one; no option looks like that.
 */
bool cmdline_is_file_name(const struct cmdline_option *option);

/**
 * cmdline_copy() - an option's value without its quoting.
 * @buffer, @size: receives it as a string, "" for an option without a value; @size at least 1.
 *
 * Return: STATUS_OK; STATUS_TOO_BIG when it was cut.
 */
status_t cmdline_copy(const struct cmdline_option *option, char *buffer, size_t size);

/**
 * cmdline_value() - the value of the last option called @name.
 * @buffer, @size: as for cmdline_copy(); untouched when the option is absent.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND; STATUS_TOO_BIG when it was cut.
 */
status_t cmdline_value(const char *line, const char *name, char *buffer, size_t size);

/* Return: whether @name is there at all. */
bool cmdline_has(const char *line, const char *name);
