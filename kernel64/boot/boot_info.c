/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The iterators of the boot information. The parsers checked every length that they stored: a view holds
 * whole entries, and a stride is never 0.
 */
#include <boot/boot_info.h>

#include <ashlar/bits.h>
#include <ashlar/fmt/multiboot2.h>
#include <lib/string.h>

bool boot_info_next_module(const struct boot_info *info, size_t *cursor, struct boot_module *module)
{
    return info->next_module && info->next_module(info, cursor, module);
}

/* ---- the firmware's maps ---- */

static struct memmap_entry entry_from_efi(const struct boot_info *info, size_t index)
{
    struct mb2_efi_descriptor descriptor;
    memcpy(&descriptor, info->efi_map.data + index * info->efi_map_stride, sizeof(descriptor));

    uint64_t length;
    if (!multiply_fits(descriptor.pages, PAGE_SIZE, &length))
        length = UINT64_MAX;

    enum memmap_kind kind = memmap_kind_from_efi(descriptor.type, descriptor.attribute);
    bool is_boot_services = descriptor.type == 3 || descriptor.type == 4;
    if (is_boot_services && info->efi_boot_services)
        kind = MEMMAP_RESERVED;
    return (struct memmap_entry){ descriptor.physical_start, range_end(descriptor.physical_start, length),
                                  kind, descriptor.type };
}

static struct memmap_entry entry_from_map(const struct boot_info *info, size_t index)
{
    /* The entry's last field is reserved, and a short stride may leave it out. */
    struct mb2_memory_map_entry entry;
    memcpy(&entry, info->memory_map.data + index * info->memory_map_stride,
           offsetof(struct mb2_memory_map_entry, reserved));
    return (struct memmap_entry){ entry.base, range_end(entry.base, entry.length),
                                  memmap_kind_from_e820(entry.type), entry.type };
}

static struct memmap_entry entry_from_sizes(const struct boot_info *info, size_t index)
{
    uint64_t start = index == 0 ? 0 : MIB(1);
    uint64_t length = KIB(index == 0 ? info->memory_lower_kib : info->memory_upper_kib);
    return (struct memmap_entry){ start, start + length, MEMMAP_USABLE, 1 };
}

bool boot_info_next_map_entry(const struct boot_info *info, size_t *cursor, struct memmap_entry *entry)
{
    size_t efi_count = info->efi_map.size_bytes ? info->efi_map.size_bytes / info->efi_map_stride : 0;
    size_t map_count =
        info->memory_map.size_bytes ? info->memory_map.size_bytes / info->memory_map_stride : 0;
    size_t map_end = efi_count + map_count;
    size_t end = map_end == 0 && info->has_basic_memory ? 2 : map_end;

    for (; *cursor < end; ++*cursor) {
        size_t index = *cursor;
        struct memmap_entry found = index < efi_count ? entry_from_efi(info, index)
                                    : index < map_end ? entry_from_map(info, index - efi_count)
                                                      : entry_from_sizes(info, index);
        if (found.start < found.end) {
            ++*cursor;
            *entry = found;
            return true;
        }
    }
    return false;
}

size_t boot_info_efi_entries(const struct boot_info *info)
{
    size_t efi_count = info->efi_map.size_bytes ? info->efi_map.size_bytes / info->efi_map_stride : 0;
    size_t count = 0;
    struct memmap_entry entry;
    for (size_t cursor = 0; boot_info_next_map_entry(info, &cursor, &entry) && cursor <= efi_count;)
        count++;
    return count;
}

/* Whether one entry that is stricter than RAM covers the range. */
static bool is_covered(const struct boot_info *info, struct phys_range range)
{
    struct memmap_entry entry;
    for (size_t cursor = 0; boot_info_next_map_entry(info, &cursor, &entry);)
        if (entry.kind > MEMMAP_LAST_RAM && phys_range_covers(memmap_entry_range(&entry), range))
            return true;
    return false;
}

bool boot_info_calls_ram(const struct boot_info *info, struct phys_range range)
{
    struct memmap_entry entry;
    for (size_t cursor = 0; boot_info_next_map_entry(info, &cursor, &entry);) {
        struct phys_range part = phys_range_intersect(memmap_entry_range(&entry), range);
        if (entry.kind <= MEMMAP_LAST_RAM && !phys_range_is_empty(part) && !is_covered(info, part))
            return true;
    }
    return false;
}

/* ---- the loader's data ---- */

/* The cursor counts these steps, and then two steps a module. */
enum { STEP_RAW, STEP_PIECES, STEP_FRAMEBUFFER = STEP_PIECES + 3, STEP_MODULES };

static struct memmap_entry reserve(phys_t start, uint64_t size_bytes, enum memmap_kind kind)
{
    return (struct memmap_entry){ start.raw, range_end(start.raw, size_bytes), kind, 0 };
}

static struct memmap_entry reserve_fixed(const struct boot_info *info, size_t step)
{
    if (step == STEP_RAW)
        return reserve(info->raw_start, info->raw.size_bytes, MEMMAP_BOOT_INFO);
    if (step == STEP_FRAMEBUFFER)
        return reserve(info->framebuffer.address,
                       (uint64_t)info->framebuffer.pitch_bytes * info->framebuffer.height,
                       MEMMAP_FRAMEBUFFER);
    const struct phys_range *piece = &info->pieces[step - STEP_PIECES];
    return reserve(piece->start, phys_range_size(*piece), MEMMAP_BOOT_INFO);
}

/* The module itself first, its string in the next step; false when there is no further module. */
static bool reserve_module(const struct boot_info *info, size_t *cursor, struct memmap_entry *entry)
{
    size_t step = *cursor - STEP_MODULES;
    size_t module_cursor = step / 2;
    struct boot_module module;
    if (!boot_info_next_module(info, &module_cursor, &module))
        return false;

    if (step % 2 == 0) {
        *entry = reserve(module.start, phys_distance(module.start, module.end), MEMMAP_MODULE);
        ++*cursor;
    } else {
        uint64_t size_bytes = module.command_line.data ? module.command_line.size_bytes + 1 : 0;
        *entry = reserve(module.command_line_start, size_bytes, MEMMAP_BOOT_INFO);
        *cursor = STEP_MODULES + 2 * module_cursor;
    }
    return true;
}

bool boot_info_next_reservation(const struct boot_info *info, size_t *cursor, struct memmap_entry *entry)
{
    struct memmap_entry found;
    do {
        if (*cursor < STEP_MODULES)
            found = reserve_fixed(info, (*cursor)++);
        else if (!reserve_module(info, cursor, &found))
            return false;
    } while (found.start >= found.end);
    *entry = found;
    return true;
}
