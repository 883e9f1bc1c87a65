/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The ACPI tables of this machine: finding them, reserving their memory, reading them.
 *
 * For platform/, which makes struct platform of them, and for the command `acpi`. Other rooms read
 * platform/platform.h.
 */
#include <acpi/index.h>
#include <acpi/view.h>

/**
 * acpi_find_root() - find the RSDP and index all tables that the boot direct map reaches.
 *
 * Does nothing with the option noacpi, or without an RSDP.
 * Context: once, after machine_read_handoff().
 */
void acpi_find_root(void);

/**
 * acpi_init() - add each table's memory to the memory map.
 *
 * Without tables, it logs the reason.
 * Context: once, between machine_read_memory_map() and machine_build_memory_map().
 */
void acpi_init(void);

/* Return: all tables; NULL without an RSDP, or with the option noacpi.
   Context: any, after acpi_find_root(). */
const struct acpi_index *acpi_tables_here(void);

/**
 * acpi_read() - read physical memory of tables: an acpi_read_fn.
 * @address, @size_bytes: any values.
 *
 * Uses the boot direct map until acpi_init_late(), then it reaches all memory.
 * Return: the bytes, which stay mapped; NULL when they cannot be read.
 * Context: early boot; after acpi_init_late() thread, one caller at a time.
 */
const void *acpi_read(phys_t address, size_t size_bytes);

/**
 * acpi_init_late() - make acpi_read() reach all memory, through vm/firmware_memory.h. Pointers that it
 * returned before become invalid.
 *
 * Indexes tables that were out of reach before, and logs the invalid ones.
 * Context: once, after address_space_init().
 */
void acpi_init_late(void);

/**
 * acpi_find_here() - the first table of a kind, with its bytes.
 * @signature:  four characters.
 * @size_bytes: receives the table's length.
 *
 * A second table with the same signature is ignored.
 * Return: its first byte; NULL when there is none that can be read.
 * Context: early boot; after acpi_init_late() thread, one caller at a time.
 * Cost: a comparison for each table.
 */
const void *acpi_find_here(const char *signature, size_t *size_bytes);
