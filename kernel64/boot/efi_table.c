/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system table differs between 32-bit and 64-bit firmware in the size of its pointers; the loader says
 * which one it is.
 */
#include <boot/efi_table.h>

#include <ashlar/fmt/efi.h>
#include <lib/little_endian.h>
#include <lib/string.h>

status_t efi_read_system(const struct boot_info *info, boot_read_fn *read, struct efi_system *system)
{
    bool is_64 = info->efi_bits == 64;
    uint64_t count;
    if (!phys_is_valid(info->efi_system_table))
        return STATUS_NOT_FOUND;
    const uint8_t *bytes = read(info->efi_system_table, is_64 ? EFI64_SYSTEM_SIZE : EFI32_SYSTEM_SIZE);
    if (!bytes)
        return STATUS_TRUNCATED;
    if (memcmp(bytes, EFI_SYSTEM_SIGNATURE, sizeof(EFI_SYSTEM_SIGNATURE) - 1) != 0)
        return STATUS_MALFORMED;
    system->revision = get_le32(bytes + EFI_SYSTEM_REVISION);
    system->bits = is_64 ? 64 : 32;
    if (is_64) {
        count = get_le64(bytes + EFI64_SYSTEM_TABLE_COUNT);
        system->tables = phys(get_le64(bytes + EFI64_SYSTEM_TABLES));
    } else {
        count = get_le32(bytes + EFI32_SYSTEM_TABLE_COUNT);
        system->tables = phys(get_le32(bytes + EFI32_SYSTEM_TABLES));
    }
    system->table_count = count < EFI_TABLES_MAX ? (uint32_t)count : EFI_TABLES_MAX;
    return STATUS_OK;
}

phys_t efi_find_table(const struct efi_system *system, boot_read_fn *read, const uint8_t *guid)
{
    size_t stride = system->bits == 64 ? EFI64_CONFIGURATION_ENTRY : EFI32_CONFIGURATION_ENTRY;
    const uint8_t *entries = system->table_count ? read(system->tables, system->table_count * stride) : NULL;
    for (uint32_t i = 0; entries && i < system->table_count; i++) {
        const uint8_t *entry = entries + i * stride;
        if (memcmp(entry, guid, EFI_GUID_SIZE) == 0)
            return phys(system->bits == 64 ? get_le64(entry + EFI_GUID_SIZE)
                                           : get_le32(entry + EFI_GUID_SIZE));
    }
    return PHYS_INVALID;
}
