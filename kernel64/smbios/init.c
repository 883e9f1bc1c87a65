/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table is looked up on first use, because most boots do not use it: so a scan of the BIOS area does not
 * delay the prompt. Only under UEFI is it looked up early, to reserve its memory.
 *
 * Every address is read by firmware_memory_read(), which maps addresses outside RAM and refuses those that
 * cannot be a table's. A table in memory of the allocators is not read, because its content changes.
 */
#include <smbios/init.h>

#include <ashlar/bits.h>
#include <boot/machine.h>
#include <lib/string.h>
#include <log/log.h>
#include <vm/firmware_memory.h>

static struct smbios_entry entry;
static struct smbios_table table;
static bool is_located, is_searched, has_table;

void smbios_init(void)
{
    struct smbios_entry found;
    if (!phys_is_valid(machine_boot_info()->efi_system_table) ||
        smbios_locate(machine_boot_info(), machine_read_early, &found) != STATUS_OK ||
        !phys_is_valid(found.address))
        return;
    machine_reserve(phys_range_at(found.address, found.length), MEMMAP_BOOT_INFO);
    /* Kept: the entry point may be in memory of boot services as well, and that is not reserved. */
    entry = found;
    is_located = true;
}

static bool is_usable_memory(struct phys_range range)
{
    size_t count;
    const struct memmap_range *ranges = machine_map(&count);
    for (size_t i = 0; i < count; i++)
        if (ranges[i].kind == MEMMAP_USABLE && phys_ranges_overlap(memmap_extent(&ranges[i]), range))
            return true;
    return false;
}

static const uint8_t *read_table(void)
{
    if (!phys_is_valid(entry.address))
        return entry.copy;
    if (is_usable_memory(phys_range_at(entry.address, entry.length))) {
        log_warn("smbios", "table at P%#lx, %u bytes, ignored: in usable memory", entry.address.raw,
                 entry.length);
        return NULL;
    }
    const uint8_t *bytes = firmware_memory_read(entry.address, entry.length);
    if (!bytes)
        log_warn("smbios", "table at P%#lx, %u bytes, ignored: unreadable", entry.address.raw, entry.length);
    return bytes;
}

/* Logs what is wrong with the table once, not each time that it is walked. */
static void check_table(void)
{
    struct smbios_cursor cursor = { 0 };
    struct smbios_structure structure;
    status_t status;
    if (entry.is_cut)
        log_warn("smbios", "table truncated to %u bytes", entry.length);
    while ((status = smbios_next(&table, &cursor, &structure)) == STATUS_OK)
        ;
    if (status == STATUS_MALFORMED)
        log_warn("smbios", "invalid structure at offset %zu; the rest of the table is ignored",
                 cursor.offset);
}

const struct smbios_table *smbios_here(void)
{
    if (is_searched)
        return has_table ? &table : NULL;
    is_searched = true;
    if (!is_located && smbios_locate(machine_boot_info(), firmware_memory_read, &entry) != STATUS_OK)
        return NULL;
    const uint8_t *bytes = read_table();
    if (!bytes)
        return NULL;
    table = (struct smbios_table){
        .bytes = bytes,
        .length = entry.length,
        .count = entry.count,
        .major = entry.major,
        .minor = entry.minor,
    };
    has_table = true;
    log_debug("smbios", "version %u.%u, %u bytes", entry.major, entry.minor, entry.length);
    check_table();
    return &table;
}

const struct smbios_entry *smbios_entry_here(void)
{
    return smbios_here() ? &entry : NULL;
}

bool smbios_first(uint8_t type, struct smbios_structure *structure)
{
    struct smbios_cursor cursor = { 0 };
    return smbios_here() && smbios_next_of(&table, type, &cursor, structure);
}

const char *smbios_firmware_kind(void)
{
    const struct boot_info *info = machine_boot_info();
    const struct smbios_entry *found = smbios_entry_here();
    if (phys_is_valid(info->efi_system_table))
        return "uefi";
    return found && found->source == SMBIOS_FROM_SCAN ? "bios" : "unknown";
}
