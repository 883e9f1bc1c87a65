/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry points. In the BIOS area the 64-bit one is preferred, at whatever address: its table may hold
 * structures that the 32-bit one's cannot.
 *
 * GRUB passes no SMBIOS tag, and other loaders disagree about its content: the specification says the tables,
 * and Limine copies the entry point. An anchor distinguishes them, because no structure begins with one: it
 * would be of type 0x5f and length 0x53.
 */
#include <smbios/entry.h>

#include <ashlar/fmt/efi.h>
#include <ashlar/fmt/smbios.h>
#include <boot/efi_table.h>
#include <lib/little_endian.h>
#include <lib/string.h>

/* Length of the longer one, of SMBIOS 2.1. */
#define ENTRY_SIZE_MAX SMBIOS_ENTRY32_SIZE

static bool sums_to_zero(const uint8_t *bytes, size_t size_bytes)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < size_bytes; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum == 0;
}

static void set_table(struct smbios_entry *entry, phys_t address, uint32_t length)
{
    entry->address = address;
    entry->copy = NULL;
    entry->is_cut = length > SMBIOS_TABLE_MAX;
    entry->length = entry->is_cut ? SMBIOS_TABLE_MAX : length;
}

/* Both checksums hold, and that of the whole also where the length is the 0x1e of version 2.1. */
static status_t parse32(const uint8_t *bytes, size_t size_bytes, struct smbios_entry *entry)
{
    if (size_bytes < SMBIOS_ENTRY32_SIZE)
        return STATUS_TRUNCATED;
    uint8_t length = bytes[SMBIOS_ENTRY32_LENGTH];
    const uint8_t *inner = bytes + SMBIOS_ENTRY32_INNER;
    if (length < SMBIOS_ENTRY32_SIZE - 1 || length > SMBIOS_ENTRY32_SIZE || !sums_to_zero(bytes, length) ||
        memcmp(inner, SMBIOS_ENTRY32_INNER_ANCHOR, 5) != 0 || !sums_to_zero(inner, SMBIOS_ENTRY32_INNER_SIZE))
        return STATUS_MALFORMED;
    uint16_t table_length = get_le16(bytes + SMBIOS_ENTRY32_TABLE_LENGTH);
    if (table_length == 0)
        return STATUS_MALFORMED;
    set_table(entry, phys(get_le32(bytes + SMBIOS_ENTRY32_TABLE)), table_length);
    entry->major = bytes[SMBIOS_ENTRY32_MAJOR];
    entry->minor = bytes[SMBIOS_ENTRY32_MINOR];
    entry->count = get_le16(bytes + SMBIOS_ENTRY32_COUNT);
    return STATUS_OK;
}

static status_t parse64(const uint8_t *bytes, size_t size_bytes, struct smbios_entry *entry)
{
    if (size_bytes < SMBIOS_ENTRY64_SIZE || size_bytes < bytes[SMBIOS_ENTRY64_LENGTH])
        return STATUS_TRUNCATED;
    uint8_t length = bytes[SMBIOS_ENTRY64_LENGTH];
    uint32_t table_length = get_le32(bytes + SMBIOS_ENTRY64_TABLE_LENGTH);
    if (length < SMBIOS_ENTRY64_SIZE || !sums_to_zero(bytes, length) || table_length == 0)
        return STATUS_MALFORMED;
    set_table(entry, phys(get_le64(bytes + SMBIOS_ENTRY64_TABLE)), table_length);
    entry->major = bytes[SMBIOS_ENTRY64_MAJOR];
    entry->minor = bytes[SMBIOS_ENTRY64_MINOR];
    entry->count = 0;
    return STATUS_OK;
}

status_t smbios_parse_entry(const void *data, size_t size_bytes, struct smbios_entry *entry)
{
    if (size_bytes < sizeof(SMBIOS_ENTRY64_ANCHOR) - 1)
        return STATUS_TRUNCATED;
    if (memcmp(data, SMBIOS_ENTRY64_ANCHOR, sizeof(SMBIOS_ENTRY64_ANCHOR) - 1) == 0)
        return parse64(data, size_bytes, entry);
    if (memcmp(data, SMBIOS_ENTRY32_ANCHOR, sizeof(SMBIOS_ENTRY32_ANCHOR) - 1) == 0)
        return parse32(data, size_bytes, entry);
    return STATUS_MALFORMED;
}

static status_t from_loader(const struct boot_info *info, struct smbios_entry *entry)
{
    struct bytes copy = info->smbios;
    if (!copy.data || copy.size_bytes == 0)
        return STATUS_NOT_FOUND;
    if (smbios_parse_entry(copy.data, copy.size_bytes, entry) == STATUS_OK)
        return STATUS_OK;
    set_table(entry, phys(0),
              copy.size_bytes < SMBIOS_TABLE_MAX ? (uint32_t)copy.size_bytes : SMBIOS_TABLE_MAX);
    entry->address = PHYS_INVALID;
    entry->copy = copy.data;
    entry->is_cut = copy.size_bytes > SMBIOS_TABLE_MAX;
    entry->major = info->smbios_major;
    entry->minor = info->smbios_minor;
    entry->count = 0;
    return STATUS_OK;
}

/* An entry point may be the last bytes of readable memory: a read of the shorter length is tried, too. */
static status_t parse_at(boot_read_fn *read, phys_t address, struct smbios_entry *entry)
{
    size_t size_bytes = ENTRY_SIZE_MAX;
    const void *bytes = read(address, size_bytes);
    if (!bytes)
        bytes = read(address, size_bytes = SMBIOS_ENTRY64_SIZE);
    return bytes ? smbios_parse_entry(bytes, size_bytes, entry) : STATUS_TRUNCATED;
}

static status_t from_efi(const struct boot_info *info, boot_read_fn *read, struct smbios_entry *entry)
{
    static const uint8_t guids[][EFI_GUID_SIZE] = { EFI_GUID_SMBIOS3, EFI_GUID_SMBIOS };
    struct efi_system system;
    if (efi_read_system(info, read, &system) != STATUS_OK)
        return STATUS_NOT_FOUND;
    for (size_t i = 0; i < ARRAY_LEN(guids); i++) {
        phys_t address = efi_find_table(&system, read, guids[i]);
        if (phys_is_valid(address) && parse_at(read, address, entry) == STATUS_OK)
            return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

static status_t from_scan(boot_read_fn *read, struct smbios_entry *entry)
{
    const uint8_t *area = read(phys(SMBIOS_SCAN_START), SMBIOS_SCAN_END - SMBIOS_SCAN_START);
    status_t status = STATUS_NOT_FOUND;
    for (size_t at = 0; area && at < SMBIOS_SCAN_END - SMBIOS_SCAN_START; at += SMBIOS_SCAN_STEP) {
        struct smbios_entry found;
        if (area[at] != '_' ||
            smbios_parse_entry(area + at, SMBIOS_SCAN_END - SMBIOS_SCAN_START - at, &found) != STATUS_OK)
            continue;
        bool is_64 = area[at + 3] == '3';
        if (is_64 || status != STATUS_OK)
            *entry = found;
        if (is_64)
            return STATUS_OK;
        status = STATUS_OK;
    }
    return status;
}

status_t smbios_locate(const struct boot_info *info, boot_read_fn *read, struct smbios_entry *entry)
{
    enum smbios_source source = SMBIOS_FROM_LOADER;
    status_t status = from_loader(info, entry);
    if (status != STATUS_OK) {
        source = SMBIOS_FROM_EFI;
        status = from_efi(info, read, entry);
    }
    /* Under UEFI, the BIOS area may hold the tables of a compatibility module that is not used. */
    if (status != STATUS_OK && !phys_is_valid(info->efi_system_table)) {
        source = SMBIOS_FROM_SCAN;
        status = from_scan(read, entry);
    }
    if (status == STATUS_OK)
        entry->source = source;
    return status;
}
