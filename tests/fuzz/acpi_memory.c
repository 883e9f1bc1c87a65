/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ACPI fuzzer's imitated memory, and the functions that search it: the root pointer, the tables that it
 * leads to, and MP tables.
 */
#include "fuzz_acpi.h"

#include <acpi/index.h>
#include <acpi/mp_table.h>
#include <acpi/root.h>
#include <ashlar/bits.h>
#include <ashlar/fmt/acpi.h>
#include <ashlar/fmt/mp_table.h>

/* The piece of memory that there is, and what a BIOS notes: EBDA segment, KiB of conventional memory. */
static const uint8_t *memory;
static uint64_t memory_start, memory_size;
static const uint64_t places[] = { 0xe0000, 0xf0000, 0x9fc00, 0x98000 };
static uint8_t notes[2][2];
/* A read past the requested bytes is detected. */
static void *reads[4 * MOST];
static size_t read_count;

static const void *keep(const uint8_t *bytes, size_t size)
{
    return reads[read_count++] = exact_copy(bytes, size);
}

static const void *read_memory(phys_t address, size_t size)
{
    if (read_count == ARRAY_LEN(reads))
        return NULL;
    if (size == 2 && (address.raw == 0x40e || address.raw == 0x413))
        return keep(notes[address.raw == 0x413], 2);
    if (address.raw < memory_start || size > memory_size || address.raw - memory_start > memory_size - size)
        return NULL;
    return keep(memory + (address.raw - memory_start), size);
}

static void drop_reads(void)
{
    while (read_count > 0)
        free(reads[--read_count]);
}

void set_memory(const uint8_t *data, size_t size, unsigned int place)
{
    memory = data;
    memory_size = size;
    memory_start = places[place % ARRAY_LEN(places)];
    uint32_t segment = memory_start < 0xa0000 ? (uint32_t)memory_start >> 4 : 0;
    uint32_t kib = (uint32_t)align_down(memory_start + size, 1024) >> 10;
    memcpy(notes[0], &segment, 2);
    memcpy(notes[1], &kib, 2);
}

static void check_table(const struct acpi_table *table)
{
    insist(table->length >= ACPI_HEADER_SIZE && table->address.raw >= memory_start);
    insist(table->address.raw - memory_start + table->length <= memory_size);
    is_name(table->signature, sizeof(table->signature));
}

void fuzz_tables(const uint8_t *data, size_t size)
{
    static struct boot_info info;
    static struct acpi_index index;
    struct acpi_root root, parsed;
    status_t status = acpi_parse_root_pointer(data, size, &parsed);
    info.rsdp_address = PHYS_INVALID;
    info.rsdp = (struct bytes){ data, size };
    insist((acpi_locate_root(&info, read_memory, &root) == STATUS_OK) >= (status == STATUS_OK));
    if (status == STATUS_OK)
        insist((root.table.raw == parsed.table.raw && root.is_xsdt == parsed.is_xsdt) ||
               acpi_root_leads_nowhere(read_memory, &parsed));
    drop_reads();
    info.rsdp = (struct bytes){ 0 };
    if (acpi_locate_root(&info, read_memory, &root) != STATUS_OK) {
        drop_reads();
        return;
    }
    insist(root.table.raw != 0);
    is_name(root.oem, sizeof(root.oem));
    acpi_index_build(read_memory, &root, &index);
    insist(index.count <= ARRAY_LEN(index.tables) && index.count <= index.listed + 3);
    insist(index.left_out + index.entries_cut <= index.listed);
    insist(index.root.table.raw == root.table.raw || (root.is_xsdt && index.root.table.raw == root.rsdt.raw));
    drop_reads();
    for (size_t i = 0; i < index.count; i++) {
        const struct acpi_table *table = &index.tables[i];
        is_name(table->signature, sizeof(table->signature));
        for (size_t j = 0; j < i && i < 8; j++)
            insist(index.tables[j].address.raw != table->address.raw);
        if (table->status != STATUS_OK)
            continue;
        check_table(table);
        const struct acpi_table *found = acpi_index_find(&index, table->signature, NULL);
        insist(found && found <= table && memcmp(found->signature, table->signature, 4) == 0);
    }
    drop_reads();
}

/* ---- MP tables ---- */

static void walk_mp(const struct mp_table *table)
{
    struct mp_entry entry;
    status_t status;
    insist(table->length >= MP_TABLE_SIZE);
    is_name(table->oem_id, sizeof(table->oem_id));
    is_name(table->product_id, sizeof(table->product_id));
    for (size_t cursor = 0, before = MP_TABLE_SIZE;
         (status = mp_next(table, &cursor, &entry)) == STATUS_OK;) {
        insist(entry.offset == before && cursor == before + (entry.kind == MP_CPU ? 20 : 8) &&
               cursor <= table->length);
        insist((unsigned int)entry.kind == table->bytes[before]);
        if (entry.kind == MP_BUS)
            is_name(entry.bus.name, sizeof(entry.bus.name));
        before = cursor;
    }
    insist(status == STATUS_NOT_FOUND || status == STATUS_MALFORMED);
}

void fuzz_mp(const uint8_t *data, size_t size)
{
    struct mp_table table;
    struct mp_pointer pointer;
    if (mp_table_parse(data, size, &table) == STATUS_OK) {
        insist(table.bytes == data && table.length <= size);
        walk_mp(&table);
    }
    if (mp_find(read_memory, &pointer) == STATUS_OK) {
        insist(is_aligned(pointer.address.raw, 16) && pointer.address.raw >= memory_start);
        insist(pointer.address.raw + MP_POINTER_SIZE <= memory_start + memory_size);
        if (mp_table_read(read_memory, &pointer, &table) == STATUS_OK)
            walk_mp(&table);
    }
    drop_reads();
}
