/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PVH: one small struct of physical pointers to everything else, which may lie anywhere. Each piece
 * is asked for through @read with the length that its own count gives, and is absent when that is
 * refused; the rest is still used.
 */
#include <boot/pvh_parse.h>

#include <ashlar/fmt/pvh.h>
#include <boot/loader.h>
#include <lib/string.h>

/* Return: the view of @count entries at @address, absent when there are none or they cannot be read. */
static struct bytes read_array(struct reading *reading, uint64_t address, uint32_t count, size_t entry_bytes,
                               const char *complaint)
{
    struct bytes array = { NULL, (size_t)count * entry_bytes };
    if (address != 0 && count != 0)
        array.data = reading->info->read(phys(address), array.size_bytes);
    if (!array.data) {
        if (count != 0)
            reading_complain(reading, complaint, address);
        array.size_bytes = 0;
    }
    return array;
}

/* Nobody says how long a string is, so it is felt out byte by byte: what lies behind it need not
   be readable. */
static bool read_text(boot_read_fn *read, uint64_t address, size_t maximum, struct bytes *text)
{
    for (size_t length = 0; length < maximum; length++) {
        const char *byte = read(phys(address + length), 1);
        if (!byte)
            return false;
        if (*byte == '\0') {
            *text = (struct bytes){ read(phys(address), length + 1), length };
            return text->data != NULL;
        }
    }
    return false;
}

static struct phys_range piece_at(uint64_t address, size_t size_bytes)
{
    return (struct phys_range){ phys(address), phys(address + size_bytes) };
}

static void take_command_line(struct reading *reading, uint64_t address)
{
    struct boot_info *info = reading->info;
    if (address == 0)
        return;
    if (read_text(info->read, address, PVH_TEXT_MAX, &info->command_line))
        info->pieces[0] = piece_at(address, info->command_line.size_bytes + 1);
    else
        reading_complain(reading, "the command line cannot be read or has no end; its address", address);
}

static void take_modules(struct reading *reading, const struct pvh_start_info *start)
{
    struct boot_info *info = reading->info;
    info->modules = read_array(reading, start->modules, start->module_count, sizeof(struct pvh_module),
                               "the list of modules cannot be read; its address");
    info->pieces[1] = piece_at(start->modules, info->modules.size_bytes);

    for (size_t offset = 0; offset < info->modules.size_bytes; offset += sizeof(struct pvh_module)) {
        struct pvh_module module;
        struct bytes text;
        memcpy(&module, info->modules.data + offset, sizeof(module));
        if (module.size > UINT64_MAX - module.start) {
            reading_complain(reading, "a module ends before it starts and is left out; its start",
                             module.start);
            continue;
        }
        if (module.command_line != 0 &&
            !read_text(info->read, module.command_line, PVH_MODULE_TEXT_MAX, &text))
            reading_complain(reading, "a module's string cannot be read or has no end; its address",
                             module.command_line);
        info->module_count++;
    }
}

static void take_memory_map(struct reading *reading, const struct pvh_start_info *start)
{
    struct boot_info *info = reading->info;
    info->memory_map =
        read_array(reading, start->memory_map, start->memory_map_count, sizeof(struct pvh_memory_map_entry),
                   "the memory map cannot be read; its address");
    info->memory_map_stride = sizeof(struct pvh_memory_map_entry);
    info->pieces[2] = piece_at(start->memory_map, info->memory_map.size_bytes);
}

static bool next_module(const struct boot_info *info, size_t *cursor, struct boot_module *module)
{
    for (; *cursor < info->modules.size_bytes / sizeof(struct pvh_module); ++*cursor) {
        struct pvh_module found;
        memcpy(&found, info->modules.data + *cursor * sizeof(found), sizeof(found));
        if (found.size > UINT64_MAX - found.start)
            continue;

        *module = (struct boot_module){ .start = phys(found.start), .end = phys(found.start + found.size) };
        if (found.command_line != 0 &&
            read_text(info->read, found.command_line, PVH_MODULE_TEXT_MAX, &module->command_line))
            module->command_line_start = phys(found.command_line);
        ++*cursor;
        return true;
    }
    return false;
}

status_t pvh_parse(phys_t address, boot_read_fn *read, boot_complain_fn *complain, struct boot_info *info)
{
    struct reading reading = { info, complain };
    struct pvh_start_info start = { 0 };
    boot_info_clear(info, "pvh", address, next_module);
    info->read = read;

    /* The oldest version first: nothing is known about how long this one is before it was read. */
    size_t size_bytes = PVH_START_INFO_V0_SIZE;
    const void *data = read(address, size_bytes);
    if (!data)
        return STATUS_TRUNCATED;
    memcpy(&start, data, size_bytes);
    if (start.magic != PVH_START_MAGIC)
        return STATUS_MALFORMED;

    if (start.version >= 1) {
        const void *longer = read(address, sizeof(start));
        if (longer) {
            data = longer;
            size_bytes = sizeof(start);
            memcpy(&start, data, size_bytes);
        } else {
            reading_complain(&reading, "the start info is cut off before its memory map; its version",
                             start.version);
        }
    }
    info->raw = (struct bytes){ data, size_bytes };

    if (start.module_count > BOOT_ENTRIES_MAX) {
        reading_complain(&reading, "the start info has more modules than any machine; their number",
                         start.module_count);
        info->is_too_big = true;
    }
    if (start.memory_map_count > BOOT_ENTRIES_MAX) {
        reading_complain(&reading, "the memory map has more entries than any machine's; their number",
                         start.memory_map_count);
        info->is_too_big = true;
    }
    if (info->is_too_big)
        return STATUS_TOO_BIG;

    if (start.rsdp != 0)
        info->rsdp_address = phys(start.rsdp);
    take_command_line(&reading, start.command_line);
    take_modules(&reading, &start);
    take_memory_map(&reading, &start);
    return STATUS_OK;
}
