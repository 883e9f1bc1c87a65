/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the root pointer to the tables.
 *
 * A cursor counts: 0 .. n-1 are the root table's entries, n the FADT's DSDT, n+1 its FACS. The
 * number of entries is derived from the root table's length at each step, so nothing is kept
 * between calls. A root table is at most ROOT_TABLE_MAX bytes long, which is far above what any
 * machine has and keeps a broken length from making us read for ever.
 */
#include <acpi/tables.h>
#include <ashlar/fmt/acpi.h>

#include <lib/little_endian.h>
#include <lib/string.h>

#define ROOT_TABLE_MAX 65536u
/* A table above this is taken for a broken length; the largest real ones (SSDTs) stay below 1 MiB. */
#define TABLE_MAX (64u << 20)

#define EBDA_SEGMENT_POINTER 0x40e
#define BIOS_AREA_START      0xe0000
#define BIOS_AREA_END        0x100000

static bool sums_to_zero(const uint8_t *bytes, size_t size_bytes)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < size_bytes; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum == 0;
}

/* Names are padded with blanks. */
static void copy_name(char *to, const uint8_t *from, size_t length)
{
    while (length > 0 && from[length - 1] == ' ')
        length--;
    for (size_t i = 0; i < length; i++)
        to[i] = from[i] >= 0x20 && from[i] < 0x7f ? (char)from[i] : '?';
    to[length] = '\0';
}

status_t acpi_parse_root_pointer(const void *data, size_t size_bytes, struct acpi_root *root)
{
    const uint8_t *bytes = data;
    if (size_bytes < ACPI_RSDP_V1_SIZE)
        return STATUS_TRUNCATED;
    if (memcmp(bytes, ACPI_RSDP_SIGNATURE, 8) != 0 || !sums_to_zero(bytes, ACPI_RSDP_V1_SIZE))
        return STATUS_MALFORMED;

    struct acpi_root found = {
        .table = phys(get_le32(bytes + ACPI_RSDP_RSDT_ADDRESS)),
        .revision = bytes[ACPI_RSDP_REVISION],
    };
    copy_name(found.oem, bytes + ACPI_RSDP_OEM_ID, 6);

    if (found.revision >= 2 && size_bytes >= ACPI_RSDP_V2_SIZE) {
        uint32_t length = get_le32(bytes + ACPI_RSDP_LENGTH);
        uint64_t xsdt = get_le64(bytes + ACPI_RSDP_XSDT_ADDRESS);
        if (length >= ACPI_RSDP_V2_SIZE && length <= size_bytes && sums_to_zero(bytes, length) && xsdt != 0) {
            found.table = phys(xsdt);
            found.is_xsdt = true;
        }
    }
    if (found.table.raw == 0)
        return STATUS_MALFORMED;
    *root = found;
    return STATUS_OK;
}

static status_t scan_area(acpi_read_fn *read, uint64_t start, uint64_t end, struct acpi_root *root)
{
    for (uint64_t at = start; at + ACPI_RSDP_V1_SIZE <= end; at += 16) {
        /* The last one in an area may be of version 1 only: 36 bytes need not be there. */
        size_t size_bytes = at + ACPI_RSDP_V2_SIZE <= end ? ACPI_RSDP_V2_SIZE : ACPI_RSDP_V1_SIZE;
        const uint8_t *bytes = read(phys(at), size_bytes);
        if (bytes && memcmp(bytes, ACPI_RSDP_SIGNATURE, 8) == 0 &&
            acpi_parse_root_pointer(bytes, size_bytes, root) == STATUS_OK)
            return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

status_t acpi_scan_root_pointer(acpi_read_fn *read, struct acpi_root *root)
{
    const uint8_t *segment = read(phys(EBDA_SEGMENT_POINTER), 2);
    if (segment) {
        uint64_t ebda = (uint64_t)(segment[0] | segment[1] << 8) << 4;
        /* A real EBDA lies between the first 64 KiB and the end of conventional memory. */
        if (ebda >= 0x10000 && ebda < 0xa0000 && scan_area(read, ebda, ebda + 1024, root) == STATUS_OK)
            return STATUS_OK;
    }
    return scan_area(read, BIOS_AREA_START, BIOS_AREA_END, root);
}

status_t acpi_read_table(acpi_read_fn *read, phys_t address, struct acpi_table *table)
{
    *table = (struct acpi_table){ .address = address };
    const uint8_t *header = address.raw ? read(address, ACPI_HEADER_SIZE) : NULL;
    if (!header)
        return STATUS_TRUNCATED;

    uint32_t length = get_le32(header + ACPI_HEADER_LENGTH);
    copy_name(table->signature, header, 4);
    table->revision = header[ACPI_HEADER_REVISION];
    if (length < ACPI_HEADER_SIZE || length > TABLE_MAX)
        return STATUS_MALFORMED;

    const uint8_t *whole = read(address, length);
    if (!whole)
        return STATUS_TRUNCATED;
    table->length = length;
    /* The FACS has neither a checksum nor a revision where the others have theirs. */
    table->checksum_ok = memcmp(table->signature, "FACS", 4) == 0 || sums_to_zero(whole, length);
    return STATUS_OK;
}

/* The DSDT or the FACS of the first FADT: the 64-bit field where it is there and not 0, else the 32-bit one. */
static phys_t fadt_address(acpi_read_fn *read, const struct acpi_root *root, unsigned int wide, unsigned int narrow)
{
    struct acpi_table fadt;
    if (acpi_find_table(read, root, "FACP", &fadt) != STATUS_OK)
        return phys(0);
    const uint8_t *bytes = read(fadt.address, fadt.length);
    if (!bytes)
        return phys(0);
    if (fadt.length >= wide + 8 && get_le64(bytes + wide) != 0)
        return phys(get_le64(bytes + wide));
    return phys(fadt.length >= narrow + 4 ? get_le32(bytes + narrow) : 0);
}

static size_t root_entries(acpi_read_fn *read, const struct acpi_root *root, const uint8_t **entries)
{
    struct acpi_table table;
    if (acpi_read_table(read, root->table, &table) != STATUS_OK || table.length > ROOT_TABLE_MAX)
        return 0;
    const uint8_t *bytes = read(root->table, table.length);
    if (!bytes)
        return 0;
    *entries = bytes + ACPI_HEADER_SIZE;
    return (table.length - ACPI_HEADER_SIZE) / (root->is_xsdt ? 8 : 4);
}

status_t acpi_next_table(acpi_read_fn *read, const struct acpi_root *root, size_t *cursor,
                         struct acpi_table *table)
{
    const uint8_t *entries = NULL;
    size_t count = root_entries(read, root, &entries);
    size_t at = (*cursor)++;

    phys_t address;
    if (at < count)
        address = phys(root->is_xsdt ? get_le64(entries + at * 8) : get_le32(entries + at * 4));
    else if (at == count)
        address = fadt_address(read, root, ACPI_FADT_X_DSDT, ACPI_FADT_DSDT);
    else if (at == count + 1)
        address = fadt_address(read, root, ACPI_FADT_X_FACS, ACPI_FADT_FACS);
    else
        return STATUS_NOT_FOUND;
    return acpi_read_table(read, address, table);
}

status_t acpi_find_table(acpi_read_fn *read, const struct acpi_root *root, const char *signature,
                         struct acpi_table *table)
{
    const uint8_t *entries = NULL;
    size_t count = root_entries(read, root, &entries);
    for (size_t i = 0; i < count; i++) {
        phys_t address = phys(root->is_xsdt ? get_le64(entries + i * 8) : get_le32(entries + i * 4));
        if (acpi_read_table(read, address, table) == STATUS_OK && strcmp(table->signature, signature) == 0)
            return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

status_t acpi_find_dsdt(acpi_read_fn *read, const struct acpi_root *root, struct acpi_table *table)
{
    phys_t address = fadt_address(read, root, ACPI_FADT_X_DSDT, ACPI_FADT_DSDT);
    return acpi_read_table(read, address, table) == STATUS_OK ? STATUS_OK : STATUS_NOT_FOUND;
}
