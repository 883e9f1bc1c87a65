/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Finding ACPI tables: from a root pointer to each table's address, length and checksum. Pure,
 * hosted-tested; what firmware wrote is copied byte by byte and never trusted.
 *
 * Not here: what stands in a table. Each kind has its own parser beside this file.
 */
#include <acpi/view.h>

/**
 * acpi_read_fn - access to physical memory.
 * Return: @size_bytes readable bytes at @address, or NULL when that cannot be read.
 */
typedef const void *acpi_read_fn(phys_t address, size_t size_bytes);

struct acpi_root {
    phys_t table;     /* of the RSDT or XSDT */
    bool is_xsdt;     /* 64-bit entries */
    uint8_t revision; /* of the root pointer: 0 is ACPI 1.0 */
    char oem[7];
};

struct acpi_table {
    char signature[5]; /* unprintable bytes become '?' */
    phys_t address;
    uint32_t length; /* of the whole table; at least ACPI_HEADER_SIZE */
    uint8_t revision;
    bool checksum_ok;
};

/**
 * acpi_parse_root_pointer() - read an RSDP.
 * @data, @size_bytes: its bytes, any alignment.
 *
 * The XSDT is taken when revision, length and both checksums carry it and its address is not 0,
 * else the RSDT.
 * Return: STATUS_OK; STATUS_TRUNCATED; STATUS_MALFORMED for a wrong signature or checksum.
 */
status_t acpi_parse_root_pointer(const void *data, size_t size_bytes, struct acpi_root *root) MUST_CHECK;

/**
 * acpi_scan_root_pointer() - look for an RSDP where PC firmware without a better way leaves it:
 * the first KiB of the EBDA, then 0xe0000 to 0xfffff, on 16-byte boundaries.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND.
 */
status_t acpi_scan_root_pointer(acpi_read_fn *read, struct acpi_root *root) MUST_CHECK;

/* Return: where the BIOS says that its extended data area begins; 0 when it says nothing that can be true. */
uint64_t acpi_find_ebda(acpi_read_fn *read);

/* What of it is searched for pointers, in bytes. */
#define ACPI_EBDA_SEARCHED 1024

/**
 * acpi_read_table() - the header of one table.
 *
 * Return: STATUS_OK, also with a wrong checksum; STATUS_TRUNCATED when it cannot be read whole;
 *         STATUS_MALFORMED when its length is below its own header.
 */
status_t acpi_read_table(acpi_read_fn *read, phys_t address, struct acpi_table *table) MUST_CHECK;

/**
 * acpi_next_root_entry() - iterate over the addresses in a root table; 0 and repeated ones occur.
 * @view:    of the RSDT or XSDT, as @is_xsdt says.
 * @cursor:  0 to begin with; opaque afterwards.
 *
 * Return: false when there is none left; a part of one at the table's end is not one.
 */
bool acpi_next_root_entry(const struct acpi_view *view, bool is_xsdt, size_t *cursor, phys_t *address);

/**
 * acpi_next_table() - iterate over the tables that the root lists, then the DSDT and the FACS that
 * the first FADT names.
 * @cursor: 0 to begin with; opaque afterwards.
 * @table:  filled in; on a bad entry only its address is set.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND at the end; anything else: this entry is bad, go on.
 */
status_t acpi_next_table(acpi_read_fn *read, const struct acpi_root *root, size_t *cursor,
                         struct acpi_table *table) MUST_CHECK;

/* Return: STATUS_OK and the first table of that signature; STATUS_NOT_FOUND. */
status_t acpi_find_table(acpi_read_fn *read, const struct acpi_root *root, const char *signature,
                         struct acpi_table *table) MUST_CHECK;

/* The DSDT that the first FADT names. Return: as acpi_find_table(). */
status_t acpi_find_dsdt(acpi_read_fn *read, const struct acpi_root *root,
                        struct acpi_table *table) MUST_CHECK;
