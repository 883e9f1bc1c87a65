/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PVH: one small struct of physical pointers to everything else, which may be anywhere. Each piece is read
 * through @read with the length that its count gives, and is absent when that fails; the rest is still used.
 */
#include <boot/pvh_parse.h>

#include <ashlar/fmt/pvh.h>
#include <boot/loader.h>
#include <lib/string.h>

/* Return: the view of @count entries at @address, absent when there are none or they cannot be read. */
static struct bytes read_array(struct parser *parser, phys_t address, uint32_t count, size_t entry_bytes,
                               const char *complaint)
{
    struct bytes array = { NULL, (size_t)count * entry_bytes };
    if (address.raw != 0 && count != 0)
        array.data = parser->info->read(address, array.size_bytes);
    if (!array.data) {
        if (count != 0)
            parser_report(parser, complaint, address.raw);
        array.size_bytes = 0;
    }
    return array;
}

/* The length of a string is not given, so it is read byte by byte: the memory after it may be unreadable. */
static bool read_text(boot_read_fn *read, phys_t address, size_t maximum, struct bytes *text)
{
    for (size_t length = 0; length < maximum; length++) {
        const char *byte = read(phys_add(address, length), 1);
        if (!byte)
            return false;
        if (*byte == '\0') {
            *text = (struct bytes){ read(address, length + 1), length };
            return text->data != NULL;
        }
    }
    return false;
}

static void take_command_line(struct parser *parser, phys_t address)
{
    struct boot_info *info = parser->info;
    if (address.raw == 0)
        return;
    if (read_text(info->read, address, PVH_TEXT_MAX, &info->command_line))
        info->pieces[0] = phys_range_at(address, info->command_line.size_bytes + 1);
    else
        parser_report(parser, "command line ignored: unreadable or not terminated: address", address.raw);
}

static void take_modules(struct parser *parser, const struct pvh_start_info *start)
{
    struct boot_info *info = parser->info;
    info->modules = read_array(parser, phys(start->modules), start->module_count, sizeof(struct pvh_module),
                               "modules ignored: the list is unreadable: address");
    info->pieces[1] = phys_range_at(phys(start->modules), info->modules.size_bytes);

    for (size_t offset = 0; offset < info->modules.size_bytes; offset += sizeof(struct pvh_module)) {
        struct pvh_module module;
        struct bytes text;
        memcpy(&module, info->modules.data + offset, sizeof(module));
        if (module.size > UINT64_MAX - module.start) {
            parser_report(parser, "module ignored: ends before it starts: start", module.start);
            continue;
        }
        if (module.command_line != 0 &&
            !read_text(info->read, phys(module.command_line), PVH_MODULE_TEXT_MAX, &text))
            parser_report(parser, "module's command line ignored: unreadable or not terminated: address",
                          module.command_line);
        info->module_count++;
    }
}

static void take_memory_map(struct parser *parser, const struct pvh_start_info *start)
{
    struct boot_info *info = parser->info;
    info->memory_map =
        read_array(parser, phys(start->memory_map), start->memory_map_count,
                   sizeof(struct pvh_memory_map_entry), "memory map ignored: unreadable: address");
    info->memory_map_stride = sizeof(struct pvh_memory_map_entry);
    info->pieces[2] = phys_range_at(phys(start->memory_map), info->memory_map.size_bytes);
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
            read_text(info->read, phys(found.command_line), PVH_MODULE_TEXT_MAX, &module->command_line))
            module->command_line_start = phys(found.command_line);
        ++*cursor;
        return true;
    }
    return false;
}

status_t pvh_parse(phys_t address, boot_read_fn *read, boot_report_fn *report_fault, struct boot_info *info)
{
    struct parser parser = { info, report_fault };
    struct pvh_start_info start = { 0 };
    boot_info_clear(info, "pvh", address, next_module);
    info->read = read;

    /* Version 0 first: the length of the struct depends on the version, which has to be read first. */
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
            parser_report(&parser, "start info truncated before its memory map: version", start.version);
        }
    }
    info->raw = (struct bytes){ data, size_bytes };

    if (start.module_count > BOOT_ENTRIES_MAX) {
        parser_report(&parser, "too many modules: count", start.module_count);
        info->is_too_big = true;
    }
    if (start.memory_map_count > BOOT_ENTRIES_MAX) {
        parser_report(&parser, "memory map: too many entries: count", start.memory_map_count);
        info->is_too_big = true;
    }
    if (info->is_too_big)
        return STATUS_TOO_BIG;

    if (start.rsdp != 0)
        info->rsdp_address = phys(start.rsdp);
    take_command_line(&parser, phys(start.command_line));
    take_modules(&parser, &start);
    take_memory_map(&parser, &start);
    return STATUS_OK;
}
