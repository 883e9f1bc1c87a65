/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * ACPI on this machine: where its tables are, that nothing overwrites them, and how they are read afterwards.
 *
 * For platform/, which makes struct platform of them, and for the command `acpi`. Other rooms read
 * platform/platform.h.
 */
#include <acpi/tables.h>
#include <acpi/view.h>

/**
 * acpi_find_root() - from here on tables can be found that the boot direct map reaches.
 *
 * Nothing with the option noacpi, or where there is no root.
 * Context: once, after machine_read_handoff().
 */
void acpi_find_root(void);

/**
 * acpi_init() - claim each table's memory.
 *
 * Nothing with the option noacpi, or where there is no root; the log says which.
 * Context: once, between machine_collect_claims() and machine_sweep_claims().
 */
void acpi_init(void);

/* Return: what acpi_find_root() found; NULL when there is no root, or with noacpi. */
const struct acpi_index *acpi_tables_here(void);

/**
 * acpi_read() - the one access to tables: an acpi_read_fn.
 *
 * Through the boot direct map until acpi_init_late(), then wherever they lie. What it returns stays readable.
 * Context: as the reader's.
 */
const void *acpi_read(phys_t address, size_t size_bytes);

/**
 * acpi_init_late() - read tables wherever they lie, through vm/firmware_memory.h. Pointers that acpi_read()
 *                    gave before are not good any more.
 *
 * Tables that were out of reach are read now, and those that are bad are named.
 * Context: once, after address_space_init().
 */
void acpi_init_late(void);

/**
 * acpi_find_here() - the first table of a kind, with its bytes.
 * @signature:  four characters.
 * @size_bytes: of the table; what its parser wants as size.
 *
 * Of two tables with one signature the second is left alone: it is another machine's, or a copy.
 * Cost: a look at each kept header.
 * Return: its first byte; NULL when there is none that can be read.
 */
const void *acpi_find_here(const char *signature, size_t *size_bytes);
