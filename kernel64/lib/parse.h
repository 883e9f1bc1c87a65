/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Parsers of numbers in options and commands.
 *
 * Context of all: any. Pure.
 */
#include <ashlar/status.h>

/**
 * parse_number() - a whole number: decimal, or hexadecimal with the prefix 0x.
 * @text:   all of it must be the number.
 * @result: untouched on failure.
 *
 * Return: STATUS_OK; STATUS_INVALID; STATUS_TOO_BIG above 2^64 - 1.
 */
status_t parse_number(const char *text, uint64_t *result) MUST_CHECK;

/* The same with an optional suffix K, M, G or T (either case, powers of 1024): a size in bytes. */
status_t parse_size(const char *text, uint64_t *result) MUST_CHECK;

/**
 * parse_next_range() - the next of a list of numbers and ranges, such as 0-3,8.
 * @list:        advanced past the range and its comma; unchanged on failure.
 * @first, @last: the range, both inclusive; equal for a single number. Untouched on failure.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND at the end; STATUS_INVALID; STATUS_TOO_BIG.
 */
status_t parse_next_range(const char **list, uint64_t *first, uint64_t *last) MUST_CHECK;
