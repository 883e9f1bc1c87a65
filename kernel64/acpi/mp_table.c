/* SPDX-License-Identifier: BSD-2-Clause */
/* The MP floating pointer and the MP configuration table. */
#include <acpi/mp_table.h>
#include <ashlar/fmt/acpi.h>
#include <ashlar/fmt/mp_table.h>

#include <lib/little_endian.h>
#include <lib/string.h>

#define BASE_MEMORY_KIB 0x413
#define BIOS_AREA_START 0xf0000
#define BIOS_AREA_END   0x100000

status_t mp_parse_pointer(const void *data, size_t size_bytes, struct mp_pointer *pointer)
{
    const uint8_t *bytes = data;
    if (size_bytes < MP_POINTER_SIZE)
        return STATUS_TRUNCATED;
    /* The specification has only this length, one unit of 16 bytes, and the checksum covers no more here. */
    if (memcmp(bytes, MP_POINTER_SIGNATURE, 4) != 0 || bytes[MP_POINTER_LENGTH] != 1 ||
        !acpi_sums_to_zero(bytes, MP_POINTER_SIZE))
        return STATUS_MALFORMED;
    uint32_t table = get_le32(bytes + MP_POINTER_TABLE);
    *pointer = (struct mp_pointer){
        .address = PHYS_INVALID,
        .table = table ? phys(table) : PHYS_INVALID,
        .revision = bytes[MP_POINTER_REVISION],
        .default_configuration = bytes[MP_POINTER_FEATURE_1],
        .has_imcr = bytes[MP_POINTER_FEATURE_2] & MP_POINTER_HAS_IMCR,
    };
    return STATUS_OK;
}

static bool scan(acpi_read_fn *read, struct phys_range area, struct mp_pointer *pointer)
{
    size_t size_bytes = phys_range_size(area);
    const uint8_t *bytes = size_bytes > 0 ? read(area.start, size_bytes) : NULL;
    for (size_t at = 0; bytes && at + MP_POINTER_SIZE <= size_bytes; at += 16) {
        if (mp_parse_pointer(bytes + at, MP_POINTER_SIZE, pointer) == STATUS_OK) {
            pointer->address = phys_add(area.start, at);
            return true;
        }
    }
    return false;
}

status_t mp_find(acpi_read_fn *read, struct mp_pointer *pointer)
{
    const void *kib = read(phys(BASE_MEMORY_KIB), 2);
    uint64_t base_end = kib ? (uint64_t)get_le16(kib) << 10 : 0;
    if (scan(read, acpi_find_ebda(read), pointer))
        return STATUS_OK;
    if (base_end >= 0x10000 && base_end <= 0xa0000 &&
        scan(read, phys_range_of(base_end - 1024, base_end), pointer))
        return STATUS_OK;
    /* Without a BIOS those two numbers are not set; hypervisors put the pointer at 639 KiB. */
    if (scan(read, phys_range_of(639 << 10, 640 << 10), pointer))
        return STATUS_OK;
    return scan(read, phys_range_of(BIOS_AREA_START, BIOS_AREA_END), pointer) ? STATUS_OK : STATUS_NOT_FOUND;
}

status_t mp_table_parse(const void *data, size_t size_bytes, struct mp_table *table)
{
    const uint8_t *bytes = data;
    if (!data || size_bytes < MP_TABLE_SIZE)
        return STATUS_TRUNCATED;
    size_t length = get_le16(bytes + MP_TABLE_LENGTH);
    if (memcmp(bytes, MP_TABLE_SIGNATURE, 4) != 0 || length < MP_TABLE_SIZE)
        return STATUS_MALFORMED;
    if (length > size_bytes)
        return STATUS_TRUNCATED;
    *table = (struct mp_table){
        .bytes = bytes,
        .length = length,
        .revision = bytes[MP_TABLE_REVISION],
        .checksum_ok = acpi_sums_to_zero(bytes, length),
        .entry_count = get_le16(bytes + MP_TABLE_ENTRY_COUNT),
        .lapic_address = phys(get_le32(bytes + MP_TABLE_LAPIC_ADDRESS)),
    };
    acpi_copy_name(table->oem_id, bytes + MP_TABLE_OEM_ID, 8);
    acpi_copy_name(table->product_id, bytes + MP_TABLE_PRODUCT_ID, 12);
    return STATUS_OK;
}

status_t mp_table_read(acpi_read_fn *read, const struct mp_pointer *pointer, struct mp_table *table)
{
    if (!phys_is_valid(pointer->table))
        return STATUS_NOT_FOUND;
    const uint8_t *header = read(pointer->table, MP_TABLE_SIZE);
    if (!header)
        return STATUS_TRUNCATED;
    size_t length = get_le16(header + MP_TABLE_LENGTH);
    if (length < MP_TABLE_SIZE)
        return STATUS_MALFORMED;
    return mp_table_parse(read(pointer->table, length), length, table);
}

static struct mp_interrupt read_interrupt(const uint8_t *at)
{
    uint16_t flags = get_le16(at + MP_ENTRY_INT_FLAGS);
    return (struct mp_interrupt){ .type = at[MP_ENTRY_INT_TYPE],
                                  .polarity = flags & ACPI_INTI_POLARITY,
                                  .trigger = flags >> ACPI_INTI_TRIGGER_SHIFT & ACPI_INTI_TRIGGER,
                                  .bus = at[MP_ENTRY_INT_BUS],
                                  .source = at[MP_ENTRY_INT_SOURCE],
                                  .apic_id = at[MP_ENTRY_INT_APIC_ID],
                                  .input = at[MP_ENTRY_INT_INPUT] };
}

static void read_entry(const uint8_t *at, struct mp_entry *entry)
{
    switch (entry->kind) {
    case MP_CPU:
        entry->cpu = (struct mp_cpu){ .apic_id = at[MP_ENTRY_CPU_APIC_ID],
                                      .is_enabled = at[MP_ENTRY_CPU_FLAGS] & MP_ENTRY_CPU_ENABLED,
                                      .is_bsp = at[MP_ENTRY_CPU_FLAGS] & MP_ENTRY_CPU_BSP };
        break;
    case MP_BUS:
        entry->bus = (struct mp_bus){ .bus = at[MP_ENTRY_BUS_ID] };
        acpi_copy_name(entry->bus.name, at + MP_ENTRY_BUS_NAME, 6);
        break;
    case MP_IOAPIC:
        entry->ioapic = (struct mp_ioapic){ .ioapic_id = at[MP_ENTRY_IOAPIC_ID],
                                            .is_enabled = at[MP_ENTRY_IOAPIC_FLAGS] & MP_ENTRY_IOAPIC_ENABLED,
                                            .address = phys(get_le32(at + MP_ENTRY_IOAPIC_ADDRESS)) };
        break;
    case MP_INTERRUPT:
    case MP_LOCAL_INTERRUPT:
        entry->interrupt = read_interrupt(at);
        break;
    }
}

status_t mp_next(const struct mp_table *table, size_t *cursor, struct mp_entry *entry)
{
    if (*cursor == 0)
        *cursor = MP_TABLE_SIZE;
    if (*cursor >= table->length)
        return STATUS_NOT_FOUND;
    const uint8_t *at = table->bytes + *cursor;
    size_t size_bytes = at[0] == MP_ENTRY_CPU ? MP_ENTRY_CPU_SIZE : MP_ENTRY_SIZE;
    if (at[0] > MP_ENTRY_LOCAL_INTERRUPT || size_bytes > table->length - *cursor)
        return STATUS_MALFORMED;
    entry->kind = (enum mp_kind)at[0];
    entry->offset = *cursor;
    read_entry(at, entry);
    *cursor += size_bytes;
    return STATUS_OK;
}
