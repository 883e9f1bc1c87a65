/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Tables in words, for the monitor's `acpi`: what each parser makes of its table, a line a fact.
 */
#include <acpi/mp_table.h>

/**
 * acpi_print_table() - say what stands in a table.
 * @signature:  of a kind that there is a parser for.
 * @data, @size_bytes: the table.
 *
 * Return: STATUS_OK; STATUS_UNSUPPORTED for a kind without a parser; what the parser said of a bad one.
 */
status_t acpi_print_table(const char *signature, const void *data, size_t size_bytes);

/* The kinds that there is a parser for; NULL behind the last. A complete_words_fn. */
const char *acpi_known_signature(unsigned int index);

/* The MP tables in words. */
void acpi_print_mp(const struct mp_pointer *pointer, const struct mp_table *table);
