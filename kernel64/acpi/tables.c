/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The RSDP, and single tables. acpi/index.c has all tables of the machine.
 */
#include <acpi/tables.h>

#include <ashlar/fmt/acpi.h>

#include <lib/little_endian.h>
#include <lib/string.h>

/* A larger length is taken as corrupt; the largest real tables (SSDTs) are below 1 MiB. */
#define TABLE_MAX (64u << 20)

#define EBDA_SEGMENT_POINTER 0x40e
#define EBDA_SEARCHED        1024 /* bytes */
#define BIOS_AREA_START      0xe0000
#define BIOS_AREA_END        0x100000

status_t acpi_parse_root_pointer(const void *data, size_t size_bytes, struct acpi_root *root)
{
    const uint8_t *bytes = data;
    if (size_bytes < ACPI_RSDP_V1_SIZE)
        return STATUS_TRUNCATED;
    if (memcmp(bytes, ACPI_RSDP_SIGNATURE, 8) != 0 || !acpi_sums_to_zero(bytes, ACPI_RSDP_V1_SIZE))
        return STATUS_MALFORMED;

    struct acpi_root found = {
        .table = phys(get_le32(bytes + ACPI_RSDP_RSDT_ADDRESS)),
        .revision = bytes[ACPI_RSDP_REVISION],
    };
    acpi_copy_name(found.oem, bytes + ACPI_RSDP_OEM_ID, 6);

    if (found.revision >= 2 && size_bytes >= ACPI_RSDP_V2_SIZE) {
        uint32_t length = get_le32(bytes + ACPI_RSDP_LENGTH);
        uint64_t xsdt = get_le64(bytes + ACPI_RSDP_XSDT_ADDRESS);
        if (length >= ACPI_RSDP_V2_SIZE && length <= size_bytes && acpi_sums_to_zero(bytes, length) &&
            xsdt != 0) {
            found.rsdt = found.table;
            found.table = phys(xsdt);
            found.is_xsdt = true;
        }
    }
    if (found.table.raw == 0)
        return STATUS_MALFORMED;
    *root = found;
    return STATUS_OK;
}

static status_t scan_area(acpi_read_fn *read, struct phys_range area, struct acpi_root *root)
{
    for (; phys_range_size(area) >= ACPI_RSDP_V1_SIZE; area.start = phys_add(area.start, 16)) {
        /* The last one in an area may be of version 1, with fewer than 36 bytes before the end. */
        size_t size_bytes =
            phys_range_size(area) >= ACPI_RSDP_V2_SIZE ? ACPI_RSDP_V2_SIZE : ACPI_RSDP_V1_SIZE;
        const uint8_t *bytes = read(area.start, size_bytes);
        if (bytes && memcmp(bytes, ACPI_RSDP_SIGNATURE, 8) == 0 &&
            acpi_parse_root_pointer(bytes, size_bytes, root) == STATUS_OK)
            return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

struct phys_range acpi_find_ebda(acpi_read_fn *read)
{
    const void *segment = read(phys(EBDA_SEGMENT_POINTER), 2);
    uint64_t ebda = segment ? (uint64_t)get_le16(segment) << 4 : 0;
    /* A valid EBDA is between 64 KiB and the end of conventional memory. */
    return phys_range_at(phys(ebda), ebda >= 0x10000 && ebda < 0xa0000 ? EBDA_SEARCHED : 0);
}

status_t acpi_scan_root_pointer(acpi_read_fn *read, struct acpi_root *root)
{
    if (scan_area(read, acpi_find_ebda(read), root) == STATUS_OK)
        return STATUS_OK;
    return scan_area(read, phys_range_of(BIOS_AREA_START, BIOS_AREA_END), root);
}

status_t acpi_read_header(acpi_read_fn *read, phys_t address, struct acpi_table *table)
{
    *table = (struct acpi_table){ .address = address, .status = STATUS_TRUNCATED };
    const uint8_t *header = address.raw ? read(address, ACPI_HEADER_SIZE) : NULL;
    if (!header)
        return STATUS_TRUNCATED;

    uint32_t length = get_le32(header + ACPI_HEADER_LENGTH);
    acpi_copy_name(table->signature, header, 4);
    table->revision = header[ACPI_HEADER_REVISION];
    table->status = STATUS_MALFORMED;
    if (length < ACPI_HEADER_SIZE || length > TABLE_MAX)
        return STATUS_MALFORMED;
    table->length = length;
    table->status = STATUS_OK;
    return STATUS_OK;
}

status_t acpi_read_table(acpi_read_fn *read, phys_t address, struct acpi_table *table)
{
    status_t status = acpi_read_header(read, address, table);
    if (status != STATUS_OK)
        return status;
    const uint8_t *whole = read(address, table->length);
    if (!whole) {
        table->status = STATUS_TRUNCATED;
        return STATUS_TRUNCATED;
    }
    /* The FACS has neither a checksum nor a revision where the others have theirs. */
    table->checksum_ok = memcmp(table->signature, "FACS", 4) == 0 || acpi_sums_to_zero(whole, table->length);
    return STATUS_OK;
}

bool acpi_next_root_entry(const struct acpi_view *view, bool is_xsdt, size_t *cursor, phys_t *address)
{
    size_t width = is_xsdt ? 8 : 4;
    if (*cursor >= (view->length - ACPI_HEADER_SIZE) / width)
        return false;
    size_t at = ACPI_HEADER_SIZE + (*cursor)++ * width;
    *address = phys(is_xsdt ? acpi_view_u64(view, at) : acpi_view_u32(view, at));
    return true;
}
