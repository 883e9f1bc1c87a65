/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The kernel command line as options: the values given for registered options (ashlar/option.h).
 *
 * The line has two parts, the loader's and QEMU's fw_cfg's. Both are parsed separately until there is memory
 * to join them. The last of several options of one name counts.
 *
 * Context of all: any, after options_set_parts(); before it, all options are absent.
 */
#include <ashlar/option.h>

/* Sets the two parts, which must persist. @from_loader: NULL when there is none. */
void options_set_parts(const char *from_loader, const char *appended);

/* Replaces them by the joined line, which must persist. */
void options_set_line(const char *line);

/**
 * option_read() - the value of an option.
 * @buffer, @size: receives it as a string, "" for an option without a value; @size at least 1.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND when it was not given, and @buffer is untouched; STATUS_TOO_BIG when
 *          the value was truncated.
 */
status_t option_read(const struct option *option, char *buffer, size_t size) MUST_CHECK;

/* Return: whether it was given, with or without a value. */
bool option_is_given(const struct option *option);

/* Calls apply() of the options that have it and were given. After options_set_parts(), once. */
void options_apply_early(void);

/* Warns of each word of the line that is not an option. After options_set_line(), once. */
void options_warn_unknown(void);
