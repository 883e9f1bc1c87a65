/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Finding ACPI tables: the RSDP, the addresses in its root table, and a table's address, length and checksum.
 * Pure, hosted-tested; firmware's data is copied byte by byte and not trusted.
 *
 * Not for the list of all tables, which is index.h, nor for the content of a table. Each kind has its own
 * parser in this room.
 *
 * Context of all: any; they take no lock and call nothing but the acpi_read_fn. @read is access to physical
 * memory in all of them.
 */
#include <acpi/view.h>

/**
 * acpi_read_fn - access to physical memory.
 * Return: @size_bytes readable bytes at @address, or NULL when they cannot be read.
 */
typedef const void *acpi_read_fn(phys_t address, size_t size_bytes);

struct acpi_root {
    phys_t table;     /* of the RSDT or XSDT */
    bool is_xsdt;     /* 64-bit entries */
    phys_t rsdt;      /* of the RSDT beside the XSDT; 0: there is none */
    uint8_t revision; /* of the root pointer: 0 is ACPI 1.0 */
    char oem[7];
};

struct acpi_table {
    char signature[5]; /* unprintable bytes become '?' */
    uint8_t revision;
    bool checksum_ok;
    uint8_t
        status; /* status_t: STATUS_OK, or why it cannot be used; STATUS_INVALID: too short for its kind */
    uint32_t length; /* of the whole table; at least ACPI_HEADER_SIZE */
    phys_t address;
};

/**
 * acpi_parse_root_pointer() - read an RSDP.
 * @data, @size_bytes: its bytes, any alignment.
 * @root: untouched on failure.
 *
 * The XSDT is used when revision, length and both checksums are valid and its address is not 0, else the
 * RSDT.
 * Return: STATUS_OK; STATUS_TRUNCATED; STATUS_MALFORMED for a wrong signature or checksum, or when neither
 *         address is set.
 */
status_t acpi_parse_root_pointer(const void *data, size_t size_bytes, struct acpi_root *root) MUST_CHECK;

/**
 * acpi_scan_root_pointer() - search the legacy areas for an RSDP: the first KiB of the EBDA, then 0xe0000 to
 * 0xfffff, on 16-byte boundaries.
 * @read: access to physical memory.
 * @root: untouched on failure.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND.
 * Source: ACPI Specification 6.5, "Finding the RSDP on IA-PC Systems" (5.2.5.1).
 */
status_t acpi_scan_root_pointer(acpi_read_fn *read, struct acpi_root *root) MUST_CHECK;

/* Return: the part of the extended BIOS data area that is searched for an RSDP; its address is a word of the
   BIOS data area. Empty when that is out of range. */
struct phys_range acpi_find_ebda(acpi_read_fn *read);

/**
 * acpi_read_header() - read the header of one table, without the checksum.
 * @read:    access to physical memory.
 * @address: of the table; any value.
 * @table:   filled in; its status is what is returned.
 *
 * Return: STATUS_OK; STATUS_TRUNCATED when the header cannot be read; STATUS_MALFORMED when the length is
 *         below the header's or above 64 MiB.
 */
status_t acpi_read_header(acpi_read_fn *read, phys_t address, struct acpi_table *table) MUST_CHECK;

/**
 * acpi_read_table() - read the header of one table and check its checksum.
 * @read, @address, @table: as for acpi_read_header().
 *
 * Return: STATUS_OK, also with a wrong checksum; STATUS_TRUNCATED when it cannot be read whole;
 *         STATUS_MALFORMED as acpi_read_header().
 */
status_t acpi_read_table(acpi_read_fn *read, phys_t address, struct acpi_table *table) MUST_CHECK;

/**
 * acpi_next_root_entry() - iterate over the addresses in a root table; 0 and repeated ones occur.
 * @view:    of the RSDT or XSDT, as @is_xsdt says.
 * @cursor:  0 at first; opaque afterwards.
 * @address: receives the next address.
 *
 * Return: false after the last; a partial entry at the table's end is ignored.
 */
bool acpi_next_root_entry(const struct acpi_view *view, bool is_xsdt, size_t *cursor, phys_t *address);
