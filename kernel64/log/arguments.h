/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The arguments of commands: each function checks one thing, and prints what is wrong with which word and
 * what would be right. A command then returns STATUS_INVALID, for its usage line. In this room, because the
 * rooms above it have commands, and the functions print.
 *
 * Context of all: as print().
 */
#include <ashlar/status.h>

/* Prints "'WORD' is not EXPECTED". @format: of what is expected, with its article: "a CPU, 0 to 3". */
void argument_refuse(const char *word, const char *format, ...) PRINTF_LIKE(2, 3);

/**
 * arguments_count() - check the number of arguments.
 * @argc, @argv: of the command, with its name.
 * @least, @most: without the name.
 *
 * Return: false, after a message, when one is missing, or a word follows that the command does not take.
 */
bool arguments_count(int argc, char **argv, int least, int most) MUST_CHECK;

/**
 * argument_number() - parse a number in a range.
 * @word:  decimal, or hexadecimal after 0x.
 * @what:  what it is, with its article: "a port".
 * @least, @most: both allowed.
 * @value: untouched on failure.
 *
 * Return: false, after a message, when it is not.
 */
bool argument_number(const char *word, const char *what, uint64_t least, uint64_t most,
                     uint64_t *value) MUST_CHECK;

/**
 * argument_choice() - find a word among a few.
 * @word:    as it was typed.
 * @choices: in lower case; typed in either.
 * @count:   of @choices, 1 or more.
 * @index:   of the one that was typed; untouched on failure.
 *
 * Return: false, after a message that lists them, when it is none.
 */
bool argument_choice(const char *word, const char *const *choices, unsigned int count,
                     unsigned int *index) MUST_CHECK;
