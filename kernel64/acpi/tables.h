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
 * acpi_read_header() - what one table says of itself, without its sum.
 * @table: filled in; its status is what is returned.
 *
 * Return: STATUS_OK; STATUS_TRUNCATED when the header cannot be read; STATUS_MALFORMED when the length is
 *         below the header's or above 64 MiB.
 */
status_t acpi_read_header(acpi_read_fn *read, phys_t address, struct acpi_table *table) MUST_CHECK;

/**
 * acpi_read_table() - the header of one table, and whether its bytes add up.
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

/* Tables that are kept whatever they are, and those that are kept besides because they are the first of their
   kind. */
#define ACPI_TABLES_MAX 512
#define ACPI_KINDS_MAX  64

/* All that was found on the way from the root pointer. */
struct acpi_index {
    struct acpi_root root;        /* the one that is used */
    struct acpi_table root_table; /* of its RSDT or XSDT; its status says whether it could be used at all */
    struct acpi_table refused;    /* the XSDT, where the RSDT serves instead; address 0: none was refused */
    size_t listed;                /* entries of the root table */
    size_t left_out;              /* of those, how many are not kept, for want of room */
    size_t entries_cut;           /* and how many were not looked at */
    size_t count;
    /* In the root table's order, each address once; then the DSDT and the FACS that the first FADT names.
       Those whose status is not STATUS_OK are among them. */
    struct acpi_table tables[ACPI_TABLES_MAX + ACPI_KINDS_MAX + 2];
};

/**
 * acpi_index_build() - read the root table and the header and checksum of all that it lists.
 * @root: from the root pointer.
 *
 * An XSDT that cannot be read, has a wrong checksum or leads to no table gives way to the RSDT, unless that
 * is no better. A table with a wrong checksum is kept.
 * Cost: each table's bytes once, at most ACPI_SUMMED_MAX of them; a table that goes beyond is STATUS_TOO_BIG.
 */
void acpi_index_build(acpi_read_fn *read, const struct acpi_root *root, struct acpi_index *index);
#define ACPI_SUMMED_MAX (256u << 20)

/* Return: whether what a root pointer names can be read and is no root table, neither the XSDT nor the
   RSDT. */
bool acpi_root_leads_nowhere(acpi_read_fn *read, const struct acpi_root *root);

/**
 * acpi_index_retry() - once more what could not be read before, with a reader that reaches further.
 * @root: as for acpi_index_build().
 */
void acpi_index_retry(acpi_read_fn *read, const struct acpi_root *root, struct acpi_index *index);

/**
 * acpi_index_find() - a table of a kind that can be used.
 * @after: the one before; NULL for the first.
 *
 * Return: NULL when there is none.
 */
const struct acpi_table *acpi_index_find(const struct acpi_index *index, const char *signature,
                                         const struct acpi_table *after);
