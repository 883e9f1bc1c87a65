/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SMBIOS: the first byte selects entry point, table, or the search in an imitated memory; the rest is that.
 */
#include <smbios/decode.h>
#include <smbios/entry.h>

#include "fuzz.h"

static const uint8_t *memory;
static size_t memory_size;

static const void *read_memory(phys_t address, size_t size_bytes)
{
    /* The BIOS area is the first part of the input, when that is long enough. */
    uint64_t at = address.raw >= 0xf0000 ? address.raw - 0xf0000 : address.raw;
    return at <= memory_size && size_bytes <= memory_size - at ? memory + at : NULL;
}

static void is_text(const char *text)
{
    insist(memchr(text, 0, SMBIOS_TEXT_MAX + 1) != NULL);
    for (; *text; text++)
        insist(*text >= 0x20 && *text < 0x7f);
}

static void read_structure(const struct smbios_table *table, const struct smbios_structure *structure)
{
    smbios_text_t text;
    struct smbios_bios bios;
    struct smbios_system system;
    struct smbios_board board;
    struct smbios_chassis chassis;
    struct smbios_processor processor;
    struct smbios_array array;
    struct smbios_device device;
    struct smbios_range range;

    insist(structure->bytes >= table->bytes && structure->length >= 4);
    insist(structure->strings + structure->strings_length < table->bytes + table->length);
    for (unsigned int i = 0; i < 260; i++) {
        smbios_text(structure, i, text);
        is_text(text);
    }
    smbios_read_bios(structure, &bios);
    is_text(bios.version);
    smbios_read_system(table, structure, &system);
    is_text(system.family);
    smbios_read_board(structure, &board);
    is_text(board.serial);
    smbios_read_chassis(structure, &chassis);
    is_text(chassis.kind);
    smbios_read_processor(structure, &processor);
    is_text(processor.version);
    smbios_read_array(structure, &array);
    is_text(array.ecc);
    smbios_read_device(structure, &device);
    is_text(device.kind);
    smbios_read_range(structure, &range);
}

static void fuzz_table(const uint8_t *data, size_t size)
{
    struct smbios_table table = { .bytes = data, .length = size, .major = 3 };
    struct smbios_cursor cursor = { 0 };
    struct smbios_structure structure;
    status_t status;
    size_t last = 0;
    (void)smbios_memory_bytes(&table);
    while ((status = smbios_next(&table, &cursor, &structure)) == STATUS_OK) {
        insist(cursor.offset > last && cursor.offset <= size);
        last = cursor.offset;
        read_structure(&table, &structure);
    }
    insist(status == STATUS_NOT_FOUND || status == STATUS_MALFORMED);
}

static void is_entry(const struct smbios_entry *entry)
{
    insist(entry->length > 0 && entry->length <= SMBIOS_TABLE_MAX);
    insist(phys_is_valid(entry->address) || entry->copy != NULL);
}

static void fuzz_search(const uint8_t *data, size_t size)
{
    struct boot_info info = { .protocol = "pvh",
                              .rsdp_address = PHYS_INVALID,
                              .efi_system_table = PHYS_INVALID };
    struct smbios_entry entry;
    memory = data;
    memory_size = size;
    if (size > 1 && data[0] & 1) {
        info.efi_bits = data[0] & 2 ? 64 : 32;
        info.efi_system_table = phys(1);
    }
    if (size > 1 && data[0] & 4)
        info.smbios = (struct bytes){ data + 1, size - 1 };
    if (smbios_locate(&info, read_memory, &entry) == STATUS_OK)
        is_entry(&entry);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct smbios_entry entry;
    if (size < 1 || size > 1 << 17)
        return 0;
    uint8_t *bytes = exact_copy(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        if (smbios_parse_entry(bytes, size - 1, &entry) == STATUS_OK)
            is_entry(&entry);
        break;
    case 1:
        fuzz_table(bytes, size - 1);
        break;
    default:
        fuzz_search(bytes, size - 1);
        break;
    }
    free(bytes);
    return 0;
}
