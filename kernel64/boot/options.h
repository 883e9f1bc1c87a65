/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The kernel command line as options: what was given for each that is registered (ashlar/option.h).
 *
 * The line has two parts, the loader's and what QEMU's fw_cfg appends, and is read in both states: as parts,
 * until there is room to join them, and joined. Of an option that is given twice the last one counts.
 *
 * Context of all: any, after options_set_parts(); before it, no option is given.
 */
#include <ashlar/option.h>

/* The two parts, which stay. @from_loader: NULL when there is none. */
void options_set_parts(const char *from_loader, const char *appended);

/* The joined line, which stays, takes their place. */
void options_set_line(const char *line);

/**
 * option_read() - the value that was given.
 * @buffer, @size: receives it as a string, "" for an option without a value; @size at least 1.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND when it was not given, and @buffer is untouched; STATUS_TOO_BIG when
 * the value was cut.
 */
status_t option_read(const struct option *option, char *buffer, size_t size);

/* Return: whether it was given, with or without a value. */
bool option_is_given(const struct option *option);

/* Calls apply() of the options that have it and were given. After options_set_parts(), once. */
void options_apply_early(void);

/* Names each word of the line that is no option in a warning. After options_set_line(), once. */
void options_warn_unknown(void);
