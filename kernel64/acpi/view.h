/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * One ACPI table as bytes of checked length, and the three structures that recur in all tables: the header,
 * the generic address, and entries with type and length. Every parser of this room uses it, and none reads a
 * byte outside the table's own length.
 *
 * Not for finding tables (acpi/tables.h) or for their content (acpi/madt.h, ...).
 *
 * Context of everything here and in the parsers: any. They keep a pointer into the caller's bytes,
 * allocate nothing, lock nothing, and change nothing.
 */
#include <ashlar/addr.h>
#include <ashlar/status.h>

struct acpi_view {
    const uint8_t *bytes; /* of any alignment */
    size_t length;        /* from the header; at least as many bytes can be read */
};

struct acpi_header {
    char signature[5]; /* unprintable bytes are '?' here and below, trailing blanks are left out */
    uint32_t length;
    uint8_t revision;
    bool checksum_ok;
    char oem_id[7], oem_table_id[9];
    uint32_t oem_revision;
};

/* A generic address structure. */
struct acpi_gas {
    bool is_present; /* the table is long enough to have it; all else is 0 otherwise */
    uint8_t space;   /* ACPI_SPACE_...; other numbers occur */
    uint8_t width_bits, offset_bits, access_size;
    uint64_t address; /* as stored: of memory, or an I/O port */
};

struct acpi_entry {
    uint8_t type;
    uint8_t length;       /* 2 or more, inside the table */
    size_t offset;        /* in the table */
    const uint8_t *bytes; /* its first byte, the type */
};

/**
 * acpi_view_table() - check a table's signature and length.
 * @data, @size_bytes: readable bytes; may extend past the table.
 * @signature:     four characters, which must be the table's.
 * @minimum_bytes: of the fixed part of this kind; ACPI_HEADER_SIZE or more.
 * @view:          untouched on failure.
 *
 * The checksum is not verified here; acpi_view_header() returns it, and the caller decides.
 * Return: STATUS_OK; STATUS_TRUNCATED when the table reaches past @size_bytes or its own fixed part
 *         past its length; STATUS_MALFORMED for another signature or a length below the header's.
 */
status_t acpi_view_table(const void *data, size_t size_bytes, const char *signature, size_t minimum_bytes,
                         struct acpi_view *view) MUST_CHECK;

/* Decodes the header. @view: from acpi_view_table(). */
void acpi_view_header(const struct acpi_view *view, struct acpi_header *header);

/* Whether the table covers @size_bytes at @offset. */
bool acpi_view_covers(const struct acpi_view *view, size_t offset, size_t size_bytes);

/* The number at @offset, least significant byte first; 0 when the table does not cover it. */
uint8_t acpi_view_u8(const struct acpi_view *view, size_t offset);
uint16_t acpi_view_u16(const struct acpi_view *view, size_t offset);
uint32_t acpi_view_u32(const struct acpi_view *view, size_t offset);
uint64_t acpi_view_u64(const struct acpi_view *view, size_t offset);

/* The generic address at @offset. */
struct acpi_gas acpi_view_gas(const struct acpi_view *view, size_t offset);

/**
 * acpi_gas_is_usable() - whether an address is valid: not 0, in memory or an I/O port of 16 bits.
 * @gas: from acpi_view_gas().
 *
 * Width and access size are ignored: firmware writes 0, 8, 16, 32 and 64 for the same register.
 */
bool acpi_gas_is_usable(const struct acpi_gas *gas);

/**
 * acpi_next_entry() - iterate over entries that begin with type and length.
 * @view:   from acpi_view_table().
 * @offset: of the entry; advanced past it, or, at a bad one, unchanged.
 * @entry:  filled in; untouched at the end and at a bad one.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND at the table's end; STATUS_MALFORMED at an entry whose length is
 *         below 2 or past the table's end: the entries after it cannot be found.
 */
status_t acpi_next_entry(const struct acpi_view *view, size_t *offset, struct acpi_entry *entry) MUST_CHECK;

/* Whether the bytes sum to 0, as those of a table, an RSDP or an MP structure must. */
bool acpi_sums_to_zero(const void *data, size_t size_bytes);

/* Copies a name of at most @length bytes as a string: it ends at its NUL or before trailing blanks, and
   unprintable bytes become '?'. @to holds @length + 1 bytes. */
void acpi_copy_name(char *to, const void *from, size_t length);
