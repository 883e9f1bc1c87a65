/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Finding the SMBIOS table: from the loader's copy, from the EFI configuration table, or by a scan of the
 * BIOS area. Pure, hosted-tested; firmware's data is not trusted.
 *
 * Not for the structures of the table: smbios/table.h.
 *
 * Context of all: any; they call nothing but the boot_read_fn.
 * Source: DMTF DSP0134 3.7.0, "Accessing SMBIOS information" (5.2).
 */
#include <boot/boot_info.h>

enum smbios_source {
    SMBIOS_FROM_LOADER, /* the copy in a Multiboot2 tag */
    SMBIOS_FROM_EFI,
    SMBIOS_FROM_SCAN,
};

/* An entry point: place and version of the table. */
struct smbios_entry {
    enum smbios_source source;
    uint8_t major, minor; /* of the specification that the table follows */
    bool is_cut;          /* the entry point gives more than SMBIOS_TABLE_MAX; the rest is ignored */
    uint16_t count;       /* of structures; 0: not given, the table ends at its end structure */
    uint32_t length;      /* bytes; 1 .. SMBIOS_TABLE_MAX */
    phys_t address;       /* PHYS_INVALID when the loader copied the table, which is then at @copy */
    const uint8_t *copy;
};

/* Tables of servers with hundreds of DIMM slots have 100 KiB. */
#define SMBIOS_TABLE_MAX (1u << 20)

/**
 * smbios_parse_entry() - read an entry point.
 * @data, @size_bytes: its bytes, any alignment; may extend past it.
 * @entry: untouched on failure; its source is not set.
 *
 * Both kinds: the 32-bit one ("_SM_", since version 2.1) and the 64-bit one ("_SM3_", since 3.0).
 * Return: STATUS_OK; STATUS_TRUNCATED when it extends past @size_bytes; STATUS_MALFORMED for a wrong anchor,
 *         checksum or length, or a table of no bytes.
 */
status_t smbios_parse_entry(const void *data, size_t size_bytes, struct smbios_entry *entry) MUST_CHECK;

/**
 * smbios_locate() - find the table's entry point.
 * @info:  of the loader.
 * @read:  access to physical memory.
 * @entry: untouched on failure.
 *
 * In this order: the loader's copy, which may be of the table or of an entry point; SMBIOS 3.0 and then 2.1
 * in the EFI configuration table; the scan, of a machine that was not started by EFI. The table itself is not
 * read.
 * Return: STATUS_OK; STATUS_NOT_FOUND.
 * Cost: 4096 comparisons for the scan.
 */
status_t smbios_locate(const struct boot_info *info, boot_read_fn *read,
                       struct smbios_entry *entry) MUST_CHECK;
