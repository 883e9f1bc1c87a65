/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot2 information: a head with the total size, then tags on 8-byte boundaries, each a type,
 * a size and content, the last of type 0.
 *
 * No length is trusted. Two checks are made, each in one place: mb2_next_tag() returns only tags inside the
 * readable bytes, and the table of tags gives the minimum length of each type. After these a tag's function
 * checks only what the content says about itself. Content is copied out, never cast: the structure may be
 * unaligned.
 *
 * A tag with an invalid size ends the walk, because the next one cannot be found; a tag with invalid content
 * is skipped.
 */
#include <boot/mb2_parse.h>

#include <ashlar/bits.h>
#include <ashlar/fmt/multiboot2.h>
#include <boot/loader.h>
#include <boot/mb2_framebuffer.h>
#include <boot/mb2_walk.h>
#include <lib/string.h>

/* ---- one function a tag; each gets at least the minimum length of the table below ---- */

static void take_text(struct parser *parser, struct bytes tag, struct bytes *text)
{
    if (!mb2_find_text(tag, sizeof(struct mb2_tag), text))
        parser_report(parser, "string ignored: not terminated: length", tag.size_bytes);
}

static void take_command_line(struct parser *parser, struct bytes tag)
{
    take_text(parser, tag, &parser->info->command_line);
}

static void take_loader_name(struct parser *parser, struct bytes tag)
{
    take_text(parser, tag, &parser->info->loader_name);
}

static void take_module(struct parser *parser, struct bytes tag)
{
    struct mb2_tag_module module;
    struct bytes text;
    memcpy(&module, tag.data, sizeof(module));
    if (module.end < module.start) {
        parser_report(parser, "module ignored: ends before it starts: start", module.start);
        return;
    }
    if (!mb2_find_text(tag, sizeof(module), &text))
        parser_report(parser, "module's command line ignored: not terminated: start of the module",
                      module.start);
    if (++parser->info->module_count > BOOT_ENTRIES_MAX) {
        parser_report(parser, "too many modules: count", parser->info->module_count);
        parser->info->is_too_big = true;
    }
}

static void take_basic_memory(struct parser *parser, struct bytes tag)
{
    struct mb2_tag_basic_memory memory;
    memcpy(&memory, tag.data, sizeof(memory));
    parser->info->memory_lower_kib = memory.lower_kib;
    parser->info->memory_upper_kib = memory.upper_kib;
    parser->info->has_basic_memory = true;
}

/* Return: the whole entries of @stride bytes that @content holds; reports a partial one. */
static struct bytes whole_entries(struct parser *parser, struct bytes content, uint32_t stride)
{
    size_t partial = content.size_bytes % stride;
    if (partial)
        parser_report(parser, "memory map: partial last entry ignored: bytes", partial);
    content.size_bytes -= partial;
    if (content.size_bytes / stride > BOOT_ENTRIES_MAX) {
        parser_report(parser, "memory map: too many entries: count", content.size_bytes / stride);
        parser->info->is_too_big = true;
    }
    return content;
}

static void take_memory_map(struct parser *parser, struct bytes tag)
{
    struct mb2_tag_memory_map map;
    memcpy(&map, tag.data, sizeof(map));
    if (map.entry_size < offsetof(struct mb2_memory_map_entry, reserved)) {
        parser_report(parser, "memory map ignored: entry size too small: bytes", map.entry_size);
        return;
    }
    parser->info->memory_map = whole_entries(parser, mb2_content(tag, sizeof(map)), map.entry_size);
    parser->info->memory_map_stride = map.entry_size;
}

static void take_efi_memory_map(struct parser *parser, struct bytes tag)
{
    struct mb2_tag_efi_memory_map map;
    memcpy(&map, tag.data, sizeof(map));
    if (map.descriptor_size < sizeof(struct mb2_efi_descriptor)) {
        parser_report(parser, "EFI memory map ignored: entry size too small: bytes", map.descriptor_size);
        return;
    }
    if (map.descriptor_version != 1)
        parser_report(parser, "EFI memory map: unknown version, parsed as version 1: version",
                      map.descriptor_version);
    parser->info->efi_map = whole_entries(parser, mb2_content(tag, sizeof(map)), map.descriptor_size);
    parser->info->efi_map_stride = map.descriptor_size;
}

static void take_system_table(struct parser *parser, phys_t address, uint8_t bits)
{
    parser->info->efi_system_table = address.raw != 0 ? address : PHYS_INVALID;
    parser->info->efi_bits = bits;
}

static uint32_t address32_of(struct bytes tag)
{
    struct mb2_tag_address32 address;
    memcpy(&address, tag.data, sizeof(address));
    return address.address;
}

static uint64_t address64_of(struct bytes tag)
{
    struct mb2_tag_address64 address;
    memcpy(&address, tag.data, sizeof(address));
    return address.address;
}

static void take_efi32_system_table(struct parser *parser, struct bytes tag)
{
    take_system_table(parser, phys(address32_of(tag)), 32);
}

static void take_efi64_system_table(struct parser *parser, struct bytes tag)
{
    take_system_table(parser, phys(address64_of(tag)), 64);
}

static void take_efi_boot_services(struct parser *parser, struct bytes tag)
{
    (void)tag;
    parser->info->efi_boot_services = true;
}

static void take_efi32_image_handle(struct parser *parser, struct bytes tag)
{
    parser->info->efi_image_handle = address32_of(tag);
}

static void take_efi64_image_handle(struct parser *parser, struct bytes tag)
{
    parser->info->efi_image_handle = address64_of(tag);
}

static void take_smbios(struct parser *parser, struct bytes tag)
{
    struct mb2_tag_smbios smbios;
    memcpy(&smbios, tag.data, sizeof(smbios));
    parser->info->smbios = mb2_content(tag, sizeof(smbios));
    parser->info->smbios_major = smbios.major;
    parser->info->smbios_minor = smbios.minor;
}

static bool is_rsdp(struct bytes content)
{
    return memcmp(content.data, "RSD PTR ", 8) == 0;
}

/* Version 2 has all fields of version 1 and the address of the XSDT, so it is preferred, in either order. */
static void take_rsdp_v1(struct parser *parser, struct bytes tag)
{
    struct bytes content = mb2_content(tag, sizeof(struct mb2_tag));
    if (!is_rsdp(content))
        parser_report(parser, "invalid RSDP ignored: version", 1);
    else if (!parser->info->rsdp.data)
        parser->info->rsdp = content;
}

static void take_rsdp_v2(struct parser *parser, struct bytes tag)
{
    struct bytes content = mb2_content(tag, sizeof(struct mb2_tag));
    if (!is_rsdp(content))
        parser_report(parser, "invalid RSDP ignored: version", 2);
    else
        parser->info->rsdp = content;
}

/* ---- all tags ---- */

#define RSDP_V1_BYTES 20
#define RSDP_V2_BYTES 36

static const struct {
    size_t minimum_bytes; /* head included */
    bool may_repeat;
    void (*take)(struct parser *parser, struct bytes tag);
} tags[] = {
    [MB2_TAG_COMMAND_LINE] = { sizeof(struct mb2_tag), false, take_command_line },
    [MB2_TAG_LOADER_NAME] = { sizeof(struct mb2_tag), false, take_loader_name },
    [MB2_TAG_MODULE] = { sizeof(struct mb2_tag_module), true, take_module },
    [MB2_TAG_BASIC_MEMORY] = { sizeof(struct mb2_tag_basic_memory), false, take_basic_memory },
    [MB2_TAG_MEMORY_MAP] = { sizeof(struct mb2_tag_memory_map), false, take_memory_map },
    [MB2_TAG_FRAMEBUFFER] = { sizeof(struct mb2_tag_framebuffer), false, mb2_take_framebuffer },
    [MB2_TAG_EFI32_SYSTEM_TABLE] = { sizeof(struct mb2_tag_address32), false, take_efi32_system_table },
    [MB2_TAG_EFI64_SYSTEM_TABLE] = { sizeof(struct mb2_tag_address64), false, take_efi64_system_table },
    [MB2_TAG_SMBIOS] = { sizeof(struct mb2_tag_smbios), false, take_smbios },
    [MB2_TAG_RSDP_V1] = { sizeof(struct mb2_tag) + RSDP_V1_BYTES, false, take_rsdp_v1 },
    [MB2_TAG_RSDP_V2] = { sizeof(struct mb2_tag) + RSDP_V2_BYTES, false, take_rsdp_v2 },
    [MB2_TAG_EFI_MEMORY_MAP] = { sizeof(struct mb2_tag_efi_memory_map), false, take_efi_memory_map },
    [MB2_TAG_EFI_BOOT_SERVICES] = { sizeof(struct mb2_tag), false, take_efi_boot_services },
    [MB2_TAG_EFI32_IMAGE_HANDLE] = { sizeof(struct mb2_tag_address32), false, take_efi32_image_handle },
    [MB2_TAG_EFI64_IMAGE_HANDLE] = { sizeof(struct mb2_tag_address64), false, take_efi64_image_handle },
};
STATIC_ASSERT(ARRAY_LEN(tags) <= 32, "the set of tags seen is a bitmap in one word");

static void take_tag(struct parser *parser, uint32_t type, struct bytes tag, uint32_t *seen)
{
    if (type >= ARRAY_LEN(tags) || !tags[type].take)
        return;
    if (tag.size_bytes < tags[type].minimum_bytes) {
        parser_report(parser, "tag ignored: too short: type", type);
        return;
    }
    if ((*seen & 1u << type) && !tags[type].may_repeat) {
        parser_report(parser, "duplicate tag ignored: type", type);
        return;
    }
    *seen |= 1u << type;
    tags[type].take(parser, tag);
}

static void walk(struct parser *parser)
{
    struct bytes raw = parser->info->raw;
    size_t offset = sizeof(struct mb2_info);
    uint32_t seen = 0, count = 0;
    while (!parser->info->is_too_big) {
        struct mb2_tag head;
        struct bytes tag;
        switch (mb2_next_tag(raw, &offset, &head, &tag)) {
        case MB2_STEP_TAG:
            take_tag(parser, head.type, tag, &seen);
            if (++count > BOOT_TAGS_MAX) {
                parser_report(parser, "too many tags: count", count);
                parser->info->is_too_big = true;
            }
            break;
        case MB2_STEP_END:
            return;
        case MB2_STEP_NO_END:
            parser_report(parser, "no end tag: size of the boot information", raw.size_bytes);
            return;
        case MB2_STEP_BROKEN:
            parser_report(parser, "invalid tag size, rest of the boot information ignored: offset", offset);
            return;
        }
    }
}

status_t mb2_parse(const void *data, size_t size_bytes, phys_t address, boot_report_fn *report_fault,
                   struct boot_info *info)
{
    struct parser parser = { info, report_fault };
    struct mb2_info head;
    boot_info_clear(info, "multiboot2", address, mb2_next_module);
    if (size_bytes < sizeof(head))
        return STATUS_TRUNCATED;
    memcpy(&head, data, sizeof(head));
    if (head.total_size < sizeof(head))
        return STATUS_MALFORMED;

    info->raw = (struct bytes){ data, head.total_size };
    if (head.total_size > size_bytes) {
        parser_report(&parser, "boot information truncated: its size exceeds readable memory: size",
                      head.total_size);
        info->raw.size_bytes = size_bytes;
    }
    walk(&parser);
    return info->is_too_big ? STATUS_TOO_BIG : STATUS_OK;
}
