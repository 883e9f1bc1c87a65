/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What the parts of the ACPI fuzzer share. Each fuzz_...() parses an input of @size bytes, at most MOST, that
 * ends where the address sanitizer begins to watch, and holds the result against a plain second reading of
 * the same bytes.
 */
#include <acpi/view.h>

#include "fuzz.h"

#define MOST 8192 /* of anything in one input */

/* Return: the little-endian number of @size_bytes, at most 4, at @at. */
uint32_t number(const uint8_t *at, size_t size_bytes);

/* Insists on a printable string that ends within @limit bytes. */
void is_name(const char *name, size_t limit);

/* Requires a status that a parser may return for a bad table, and for a good one a view of @data. Return:
 * whether it is good. */
bool check_parsed(status_t status, const struct acpi_view *view, const uint8_t *data, size_t size);

/* acpi_tables.c: a table each. */
void fuzz_madt(const uint8_t *data, size_t size);
void fuzz_fadt(const uint8_t *data, size_t size);
void fuzz_power(const uint8_t *data, size_t size);
void fuzz_hpet(const uint8_t *data, size_t size);
void fuzz_slit(const uint8_t *data, size_t size);
void fuzz_mcfg(const uint8_t *data, size_t size);
void fuzz_serial_port(const uint8_t *data, size_t size);

/* acpi_nodes.c: an SRAT followed by a SLIT. */
void fuzz_srat(const uint8_t *data, size_t size);

/* acpi_memory.c: what searches memory for tables, in a memory that has @data at one of four places. */
void set_memory(const uint8_t *data, size_t size, unsigned int place);
void fuzz_tables(const uint8_t *data, size_t size);
void fuzz_mp(const uint8_t *data, size_t size);
