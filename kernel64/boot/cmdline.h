/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The kernel command line: words separated by blanks, each NAME or NAME=VALUE. A blank between double quotes
 * does not separate; the quotes enclose a value (run="test; exit") or the whole word ("run=test; exit"), as
 * GRUB passes a quoted word. A backslash makes the quote, apostrophe or backslash after it literal: GRUB puts
 * one before each.
 *
 * A newline ends a word even between quotes: an unclosed quote in the loader's line does not extend into the
 * line that is joined to it. The last of several options of one name counts, so that fw_cfg overrides the
 * loader.
 *
 * Pure, hosted-tested. Lines are NUL-terminated.
 * Context: any.
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
 * cmdline_is_file_name() - whether the first word of a line is the name of the kernel's file.
 *
 * kexec and loaders of Multiboot 1 put it there. A word that begins with a slash, or one without a value that
 * contains a slash or a dot, is a file name; no option has that form.
 */
bool cmdline_is_file_name(const struct cmdline_option *option);

/**
 * cmdline_copy() - an option's value without its quoting.
 * @buffer, @size: receives it as a string, "" for an option without a value; @size at least 1.
 *
 * Return: STATUS_OK; STATUS_TOO_BIG when it was truncated.
 */
status_t cmdline_copy(const struct cmdline_option *option, char *buffer, size_t size) MUST_CHECK;

/**
 * cmdline_value() - the value of the last option called @name.
 * @buffer, @size: as for cmdline_copy(); untouched when the option is absent.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND; STATUS_TOO_BIG when it was truncated.
 */
status_t cmdline_value(const char *line, const char *name, char *buffer, size_t size) MUST_CHECK;

/* Return: whether @name is given, with or without a value. */
bool cmdline_has(const char *line, const char *name);
