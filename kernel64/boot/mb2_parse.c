/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot2 information: a head with the total size, then tags on 8-byte boundaries, each a type,
 * a size and content, the last of type 0.
 *
 * Every length comes from a stranger. There are two levels of trust, each established once:
 * next_tag() hands out a tag only when it lies inside what may be read, and the table of tags says
 * how long each must be before its function sees it. Behind that a function checks only what the
 * content says about itself. Content is copied out, never cast: nothing is promised about where
 * the structure lies.
 *
 * A tag whose size is wrong ends the walk, for nobody knows where the next one begins; one whose
 * content is wrong is skipped alone.
 */
#include <boot/boot_info.h>

#include <ashlar/bits.h>
#include <ashlar/fmt/multiboot2.h>
#include <boot/loader.h>
#include <lib/string.h>

/* ---- from tag to tag ---- */

enum step { STEP_TAG, STEP_END, STEP_NO_END, STEP_BROKEN };

/* Return: STEP_TAG with the whole tag, head included, and *offset behind it; otherwise why not. */
static enum step next_tag(struct bytes raw, size_t *offset, struct mb2_tag *head, struct bytes *tag)
{
    size_t left = raw.size_bytes - *offset;
    if (left < sizeof(*head))
        return STEP_NO_END;
    memcpy(head, raw.data + *offset, sizeof(*head));
    if (head->size < sizeof(*head) || head->size > left)
        return STEP_BROKEN;
    if (head->type == MB2_TAG_END)
        return STEP_END;

    *tag = (struct bytes){ raw.data + *offset, head->size };
    uint64_t padded = align_up(head->size, MB2_TAG_ALIGNMENT);
    *offset += padded < left ? padded : left;
    return STEP_TAG;
}

static struct bytes behind(struct bytes tag, size_t head_bytes)
{
    return (struct bytes){ tag.data + head_bytes, tag.size_bytes - head_bytes };
}

/* Return: whether a string begins behind the tag's head; without its NUL it is none. */
static bool find_text(struct bytes tag, size_t head_bytes, struct bytes *text)
{
    struct bytes content = behind(tag, head_bytes);
    const uint8_t *nul = content.size_bytes ? memchr(content.data, 0, content.size_bytes) : NULL;
    if (nul)
        *text = (struct bytes){ content.data, (size_t)(nul - content.data) };
    return nul != NULL;
}

/* ---- one function a tag; each gets at least the bytes that the table below asks for ---- */

static void take_text(struct reading *reading, struct bytes tag, struct bytes *text)
{
    if (!find_text(tag, sizeof(struct mb2_tag), text))
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
    if (!find_text(tag, sizeof(module), &text))
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

static void take_bios_device(struct reading *reading, struct bytes tag)
{
    struct mb2_tag_bios_device bios;
    memcpy(&bios, tag.data, sizeof(bios));
    reading->info->bios_device = bios.device;
    reading->info->bios_partition = bios.partition;
    reading->info->bios_subpartition = bios.subpartition;
    reading->info->has_bios_device = true;
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
    reading->info->memory_map = whole_entries(reading, behind(tag, sizeof(map)), map.entry_size);
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
    reading->info->efi_map = whole_entries(reading, behind(tag, sizeof(map)), map.descriptor_size);
    reading->info->efi_map_stride = map.descriptor_size;
}

static void take_vbe(struct reading *reading, struct bytes tag)
{
    reading->info->vbe = behind(tag, sizeof(struct mb2_tag));
}

static void take_elf_sections(struct reading *reading, struct bytes tag)
{
    reading->info->elf_sections = behind(tag, sizeof(struct mb2_tag));
}

static void take_apm(struct reading *reading, struct bytes tag)
{
    reading->info->apm = behind(tag, sizeof(struct mb2_tag));
}

/* Return: whether the colours behind the head are there and can be used. */
static bool take_colours(struct bytes tag, struct boot_framebuffer *fb)
{
    struct bytes colours = behind(tag, sizeof(struct mb2_tag_framebuffer));
    if (fb->type == FRAMEBUFFER_INDEXED) {
        uint16_t count;
        if (colours.size_bytes < sizeof(count))
            return false;
        memcpy(&count, colours.data, sizeof(count));
        fb->palette = (struct bytes){ colours.data + sizeof(count), (size_t)count * 3 };
        return fb->palette.size_bytes <= colours.size_bytes - sizeof(count);
    }
    if (fb->type == FRAMEBUFFER_RGB) {
        struct mb2_framebuffer_rgb rgb;
        if (colours.size_bytes < sizeof(rgb))
            return false;
        memcpy(&rgb, colours.data, sizeof(rgb));
        fb->red_position = rgb.red_position;
        fb->red_size = rgb.red_size;
        fb->green_position = rgb.green_position;
        fb->green_size = rgb.green_size;
        fb->blue_position = rgb.blue_position;
        fb->blue_size = rgb.blue_size;
        int bits = (fb->bits_per_pixel + 7) / 8 * 8;
        return rgb.red_position + rgb.red_size <= bits && rgb.green_position + rgb.green_size <= bits &&
               rgb.blue_position + rgb.blue_size <= bits;
    }
    return true;
}

/* Whoever draws trusts these numbers: a line fits into its pitch, and the end does not wrap. */
static bool has_sound_geometry(const struct boot_framebuffer *fb)
{
    uint64_t bytes_a_pixel = (fb->bits_per_pixel + 7u) / 8;
    uint64_t size_bytes = (uint64_t)fb->pitch_bytes * fb->height;
    return bytes_a_pixel > 0 && fb->width > 0 && fb->height > 0 && fb->address.raw > 0 &&
           fb->width * bytes_a_pixel <= fb->pitch_bytes && fb->address.raw <= UINT64_MAX - size_bytes;
}

static void take_framebuffer(struct reading *reading, struct bytes tag)
{
    static const enum framebuffer_type types[] = {
        [MB2_FRAMEBUFFER_INDEXED] = FRAMEBUFFER_INDEXED,
        [MB2_FRAMEBUFFER_RGB] = FRAMEBUFFER_RGB,
        [MB2_FRAMEBUFFER_EGA_TEXT] = FRAMEBUFFER_TEXT,
    };
    struct mb2_tag_framebuffer head;
    memcpy(&head, tag.data, sizeof(head));
    if (head.type >= ARRAY_LEN(types)) {
        reading_complain(reading, "the framebuffer is of an unknown type and is left out", head.type);
        return;
    }
    struct boot_framebuffer fb = {
        .type = types[head.type],
        .address = phys(head.address),
        .pitch_bytes = head.pitch,
        .width = head.width,
        .height = head.height,
        .bits_per_pixel = head.bits_per_pixel,
    };
    if (!has_sound_geometry(&fb))
        reading_complain(reading, "the framebuffer's size contradicts itself and it is left out; its address",
                         head.address);
    else if (!take_colours(tag, &fb))
        reading_complain(reading, "the framebuffer's colours make no sense and it is left out; its address",
                         head.address);
    else
        reading->info->framebuffer = fb;
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
    reading->info->smbios = behind(tag, sizeof(smbios));
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
    struct bytes content = behind(tag, sizeof(struct mb2_tag));
    if (!is_rsdp(content))
        reading_complain(reading, "the RSDP is none and is left out; its version", 1);
    else if (!reading->info->rsdp.data)
        reading->info->rsdp = content;
}

static void take_rsdp_v2(struct reading *reading, struct bytes tag)
{
    struct bytes content = behind(tag, sizeof(struct mb2_tag));
    if (!is_rsdp(content))
        reading_complain(reading, "the RSDP is none and is left out; its version", 2);
    else
        reading->info->rsdp = content;
}

static void take_network(struct reading *reading, struct bytes tag)
{
    if (reading->info->network_count++ == 0)
        reading->info->network = behind(tag, sizeof(struct mb2_tag));
}

static void take_load_base(struct reading *reading, struct bytes tag)
{
    reading->info->load_base = address32_of(tag);
    reading->info->has_load_base = true;
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
    [MB2_TAG_BIOS_DEVICE] = { sizeof(struct mb2_tag_bios_device), false, take_bios_device },
    [MB2_TAG_MEMORY_MAP] = { sizeof(struct mb2_tag_memory_map), false, take_memory_map },
    [MB2_TAG_VBE] = { sizeof(struct mb2_tag_vbe), false, take_vbe },
    [MB2_TAG_FRAMEBUFFER] = { sizeof(struct mb2_tag_framebuffer), false, take_framebuffer },
    [MB2_TAG_ELF_SECTIONS] = { sizeof(struct mb2_tag_elf_sections), false, take_elf_sections },
    [MB2_TAG_APM] = { sizeof(struct mb2_tag_apm), false, take_apm },
    [MB2_TAG_EFI32_SYSTEM_TABLE] = { sizeof(struct mb2_tag_address32), false, take_efi32_system_table },
    [MB2_TAG_EFI64_SYSTEM_TABLE] = { sizeof(struct mb2_tag_address64), false, take_efi64_system_table },
    [MB2_TAG_SMBIOS] = { sizeof(struct mb2_tag_smbios), false, take_smbios },
    [MB2_TAG_RSDP_V1] = { sizeof(struct mb2_tag) + RSDP_V1_BYTES, false, take_rsdp_v1 },
    [MB2_TAG_RSDP_V2] = { sizeof(struct mb2_tag) + RSDP_V2_BYTES, false, take_rsdp_v2 },
    [MB2_TAG_NETWORK] = { sizeof(struct mb2_tag), true, take_network },
    [MB2_TAG_EFI_MEMORY_MAP] = { sizeof(struct mb2_tag_efi_memory_map), false, take_efi_memory_map },
    [MB2_TAG_EFI_BOOT_SERVICES] = { sizeof(struct mb2_tag), false, take_efi_boot_services },
    [MB2_TAG_EFI32_IMAGE_HANDLE] = { sizeof(struct mb2_tag_address32), false, take_efi32_image_handle },
    [MB2_TAG_EFI64_IMAGE_HANDLE] = { sizeof(struct mb2_tag_address64), false, take_efi64_image_handle },
    [MB2_TAG_LOAD_BASE] = { sizeof(struct mb2_tag_address32), false, take_load_base },
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
        switch (next_tag(raw, &offset, &head, &tag)) {
        case STEP_TAG:
            take_tag(reading, head.type, tag, &seen);
            if (++count > BOOT_TAGS_MAX) {
                reading_complain(reading, "there are more tags than any loader makes; this is number", count);
                reading->info->is_too_big = true;
            }
            break;
        case STEP_END:
            return;
        case STEP_NO_END:
            reading_complain(reading, "the boot information has no end tag; its size", raw.size_bytes);
            return;
        case STEP_BROKEN:
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
    boot_info_clear(info, "multiboot2", address);
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

bool mb2_next_module(const struct boot_info *info, size_t *cursor, struct boot_module *module)
{
    struct mb2_tag head;
    struct bytes tag;
    if (*cursor == 0)
        *cursor = sizeof(struct mb2_info);
    while (info->raw.size_bytes >= *cursor && next_tag(info->raw, cursor, &head, &tag) == STEP_TAG) {
        struct mb2_tag_module found;
        if (head.type != MB2_TAG_MODULE || tag.size_bytes < sizeof(found))
            continue;
        memcpy(&found, tag.data, sizeof(found));
        if (found.end < found.start)
            continue;

        *module = (struct boot_module){ .start = phys(found.start), .end = phys(found.end) };
        if (find_text(tag, sizeof(found), &module->command_line))
            module->command_line_start =
                phys_add(info->raw_start, (uint64_t)(module->command_line.data - info->raw.data));
        return true;
    }
    return false;
}
