/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot2 information: a head with the total size, then tags on 8-byte boundaries, each a type,
 * a size and content, the last of type 0.
 *
 * Every length comes from a stranger. There are two levels of trust, each established once:
 * mb2_next_tag() hands out a tag only when it lies inside what may be read, and the table of tags says
 * how long each must be before its function sees it. Behind that a function checks only what the
 * content says about itself. Content is copied out, never cast: nothing is promised about where
 * the structure lies.
 *
 * A tag whose size is wrong ends the walk, for nobody knows where the next one begins; one whose
 * content is wrong is skipped alone.
 */
#include <boot/mb2_parse.h>

#include <ashlar/bits.h>
#include <ashlar/fmt/multiboot2.h>
#include <boot/loader.h>
#include <boot/mb2_framebuffer.h>
#include <boot/mb2_walk.h>
#include <lib/string.h>

/* ---- one function a tag; each gets at least the bytes that the table below asks for ---- */

static void take_text(struct reading *reading, struct bytes tag, struct bytes *text)
{
    if (!mb2_find_text(tag, sizeof(struct mb2_tag), text))
        reading_complain(reading, "a string has no end and is left out; its length", tag.size_bytes);
}

static void take_command_line(struct reading *reading, struct bytes tag)
{
    take_text(reading, tag, &reading->info->command_line);
}

static void take_loader_name(struct reading *reading, struct bytes tag)
{
    take_text(reading, tag, &reading->info->loader_name);
}

static void take_module(struct reading *reading, struct bytes tag)
{
    struct mb2_tag_module module;
    struct bytes text;
    memcpy(&module, tag.data, sizeof(module));
    if (module.end < module.start) {
        reading_complain(reading, "a module ends before it starts and is left out; its start", module.start);
        return;
    }
    if (!mb2_find_text(tag, sizeof(module), &text))
        reading_complain(reading, "a module's string has no end and is left out; the module's start",
                         module.start);
    if (++reading->info->module_count > BOOT_ENTRIES_MAX) {
        reading_complain(reading, "there are more modules than on any machine; this is number",
                         reading->info->module_count);
        reading->info->is_too_big = true;
    }
}

static void take_basic_memory(struct reading *reading, struct bytes tag)
{
    struct mb2_tag_basic_memory memory;
    memcpy(&memory, tag.data, sizeof(memory));
    reading->info->memory_lower_kib = memory.lower_kib;
    reading->info->memory_upper_kib = memory.upper_kib;
    reading->info->has_basic_memory = true;
}

/* Return: the whole entries of @stride bytes that @content holds; complains about a partial one. */
static struct bytes whole_entries(struct reading *reading, struct bytes content, uint32_t stride)
{
    size_t partial = content.size_bytes % stride;
    if (partial)
        reading_complain(reading, "a memory map ends inside an entry, which is left out; its bytes", partial);
    content.size_bytes -= partial;
    if (content.size_bytes / stride > BOOT_ENTRIES_MAX) {
        reading_complain(reading, "a memory map has more entries than any machine's; their number",
                         content.size_bytes / stride);
        reading->info->is_too_big = true;
    }
    return content;
}

static void take_memory_map(struct reading *reading, struct bytes tag)
{
    struct mb2_tag_memory_map map;
    memcpy(&map, tag.data, sizeof(map));
    if (map.entry_size < offsetof(struct mb2_memory_map_entry, reserved)) {
        reading_complain(reading, "the memory map's entries are too small and it is left out; bytes an entry",
                         map.entry_size);
        return;
    }
    reading->info->memory_map = whole_entries(reading, mb2_content(tag, sizeof(map)), map.entry_size);
    reading->info->memory_map_stride = map.entry_size;
}

static void take_efi_memory_map(struct reading *reading, struct bytes tag)
{
    struct mb2_tag_efi_memory_map map;
    memcpy(&map, tag.data, sizeof(map));
    if (map.descriptor_size < sizeof(struct mb2_efi_descriptor)) {
        reading_complain(reading,
                         "the EFI memory map's entries are too small and it is left out; bytes an entry",
                         map.descriptor_size);
        return;
    }
    if (map.descriptor_version != 1)
        reading_complain(reading, "the EFI memory map is of an unknown version and is read as version 1",
                         map.descriptor_version);
    reading->info->efi_map = whole_entries(reading, mb2_content(tag, sizeof(map)), map.descriptor_size);
    reading->info->efi_map_stride = map.descriptor_size;
}

static void take_system_table(struct reading *reading, uint64_t address, uint8_t bits)
{
    reading->info->efi_system_table = address;
    reading->info->efi_bits = bits;
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

static void take_efi32_system_table(struct reading *reading, struct bytes tag)
{
    take_system_table(reading, address32_of(tag), 32);
}

static void take_efi64_system_table(struct reading *reading, struct bytes tag)
{
    take_system_table(reading, address64_of(tag), 64);
}

static void take_efi_boot_services(struct reading *reading, struct bytes tag)
{
    (void)tag;
    reading->info->efi_boot_services = true;
}

static void take_efi32_image_handle(struct reading *reading, struct bytes tag)
{
    reading->info->efi_image_handle = address32_of(tag);
}

static void take_efi64_image_handle(struct reading *reading, struct bytes tag)
{
    reading->info->efi_image_handle = address64_of(tag);
}

static void take_smbios(struct reading *reading, struct bytes tag)
{
    struct mb2_tag_smbios smbios;
    memcpy(&smbios, tag.data, sizeof(smbios));
    reading->info->smbios = mb2_content(tag, sizeof(smbios));
    reading->info->smbios_major = smbios.major;
    reading->info->smbios_minor = smbios.minor;
}

static bool is_rsdp(struct bytes content)
{
    return memcmp(content.data, "RSD PTR ", 8) == 0;
}

/* The second version has all that the first has and the 64-bit table besides, so it wins, in
   whatever order they come. */
static void take_rsdp_v1(struct reading *reading, struct bytes tag)
{
    struct bytes content = mb2_content(tag, sizeof(struct mb2_tag));
    if (!is_rsdp(content))
        reading_complain(reading, "the RSDP is none and is left out; its version", 1);
    else if (!reading->info->rsdp.data)
        reading->info->rsdp = content;
}

static void take_rsdp_v2(struct reading *reading, struct bytes tag)
{
    struct bytes content = mb2_content(tag, sizeof(struct mb2_tag));
    if (!is_rsdp(content))
        reading_complain(reading, "the RSDP is none and is left out; its version", 2);
    else
        reading->info->rsdp = content;
}

/* ---- all tags ---- */

#define RSDP_V1_BYTES 20
#define RSDP_V2_BYTES 36

static const struct {
    size_t minimum_bytes; /* head included */
    bool may_repeat;
    void (*take)(struct reading *reading, struct bytes tag);
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
STATIC_ASSERT(ARRAY_LEN(tags) <= 32, "the set of tags seen is a word of bits");

static void take_tag(struct reading *reading, uint32_t type, struct bytes tag, uint32_t *seen)
{
    if (type >= ARRAY_LEN(tags) || !tags[type].take)
        return;
    if (tag.size_bytes < tags[type].minimum_bytes) {
        reading_complain(reading, "a tag is too short for its fields and is left out; its number", type);
        return;
    }
    if ((*seen & 1u << type) && !tags[type].may_repeat) {
        reading_complain(reading, "a tag comes again and only the first counts; its number", type);
        return;
    }
    *seen |= 1u << type;
    tags[type].take(reading, tag);
}

static void walk(struct reading *reading)
{
    struct bytes raw = reading->info->raw;
    size_t offset = sizeof(struct mb2_info);
    uint32_t seen = 0, count = 0;
    while (!reading->info->is_too_big) {
        struct mb2_tag head;
        struct bytes tag;
        switch (mb2_next_tag(raw, &offset, &head, &tag)) {
        case MB2_STEP_TAG:
            take_tag(reading, head.type, tag, &seen);
            if (++count > BOOT_TAGS_MAX) {
                reading_complain(reading, "there are more tags than any loader makes; this is number", count);
                reading->info->is_too_big = true;
            }
            break;
        case MB2_STEP_END:
            return;
        case MB2_STEP_NO_END:
            reading_complain(reading, "the boot information has no end tag; its size", raw.size_bytes);
            return;
        case MB2_STEP_BROKEN:
            reading_complain(reading, "a tag's size is wrong and what follows is lost; the tag's offset",
                             offset);
            return;
        }
    }
}

status_t mb2_parse(const void *data, size_t size_bytes, phys_t address, boot_complain_fn *complain,
                   struct boot_info *info)
{
    struct reading reading = { info, complain };
    struct mb2_info head;
    boot_info_clear(info, "multiboot2", address, mb2_next_module);
    if (size_bytes < sizeof(head))
        return STATUS_TRUNCATED;
    memcpy(&head, data, sizeof(head));
    if (head.total_size < sizeof(head))
        return STATUS_MALFORMED;

    info->raw = (struct bytes){ data, head.total_size };
    if (head.total_size > size_bytes) {
        reading_complain(&reading, "the boot information claims more bytes than can be read",
                         head.total_size);
        info->raw.size_bytes = size_bytes;
    }
    walk(&reading);
    return info->is_too_big ? STATUS_TOO_BIG : STATUS_OK;
}
