/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Tables as text, for the command `acpi`: the output of each table's parser, a line for each fact.
 *
 * Context of all: thread; they print.
 */
#include <acpi/mp_table.h>

/**
 * acpi_print_table() - print a table's content.
 * @signature:  four characters.
 * @data, @size_bytes: the table.
 *
 * Return: STATUS_OK; STATUS_UNSUPPORTED for a kind without a parser; the parser's status for a bad table.
 */
status_t acpi_print_table(const char *signature, const void *data, size_t size_bytes) MUST_CHECK;

/* Return: the signature of the parser with this index; NULL after the last. A complete_words_fn. */
const char *acpi_known_signature(unsigned int index);

/* Prints the MP tables. */
void acpi_print_mp(const struct mp_pointer *pointer, const struct mp_table *table);
