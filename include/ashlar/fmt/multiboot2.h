/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Multiboot2: the image's header and the loader's boot information. Layouts and numbers only; they are the
 * same at -m32 and -m64.
 *
 * Source: Multiboot2 Specification 2.0, "The layout of Multiboot2 header" and "Boot information
 * format".
 * Where its text and the header file that loaders are built from differ (framebuffer, ELF sections), the
 * layout here is the one that loaders write.
 *
 * The information may have any alignment: copy, do not cast.
 */
#include <ashlar/check.h>

#define MB2_HEADER_MAGIC      0xe85250d6u
#define MB2_HEADER_WINDOW     32768u /* the header ends within this many bytes of the file */
#define MB2_HEADER_ALIGNMENT  8u
#define MB2_ARCHITECTURE_I386 0u          /* entered in 32-bit protected mode */
#define MB2_LOADER_MAGIC      0x36d76289u /* in EAX at the entry point; EBX points at the information */
#define MB2_TAG_ALIGNMENT     8u          /* of header tags and of information tags */

/* ---- the header: kernel to loader ---- */

struct mb2_header {
    uint32_t magic;
    uint32_t architecture;
    uint32_t header_length; /* with all its tags */
    uint32_t checksum;      /* the four fields add up to 0 */
};
STATIC_ASSERT(sizeof(struct mb2_header) == 16, "Multiboot2 header layout");

enum mb2_header_tag_type {
    MB2_HEADER_TAG_END = 0,
    MB2_HEADER_TAG_INFORMATION_REQUEST = 1,
    MB2_HEADER_TAG_ADDRESS = 2,
    MB2_HEADER_TAG_ENTRY = 3,
    MB2_HEADER_TAG_CONSOLE_FLAGS = 4,
    MB2_HEADER_TAG_FRAMEBUFFER = 5,
    MB2_HEADER_TAG_MODULE_ALIGN = 6,
    MB2_HEADER_TAG_EFI_BOOT_SERVICES = 7,
    MB2_HEADER_TAG_ENTRY_EFI32 = 8,
    MB2_HEADER_TAG_ENTRY_EFI64 = 9,
    MB2_HEADER_TAG_RELOCATABLE = 10,
};

#define MB2_HEADER_TAG_OPTIONAL 1u /* flags: a loader that does not know the tag may continue */

#define MB2_CONSOLE_REQUIRED 1u /* console flags */
#define MB2_CONSOLE_EGA_TEXT 2u

#define MB2_RELOCATE_ANYWHERE 0u /* preference of the relocatable tag */
#define MB2_RELOCATE_LOW      1u
#define MB2_RELOCATE_HIGH     2u

struct mb2_header_tag {
    uint16_t type;
    uint16_t flags;
    uint32_t size; /* without the padding to the next tag */
};
STATIC_ASSERT(sizeof(struct mb2_header_tag) == 8, "Multiboot2 header tag layout");

struct mb2_header_tag_framebuffer {
    struct mb2_header_tag tag;
    uint32_t width, height, depth; /* 0: no preference */
};
STATIC_ASSERT(sizeof(struct mb2_header_tag_framebuffer) == 20, "framebuffer request layout");

struct mb2_header_tag_relocatable {
    struct mb2_header_tag tag;
    uint32_t min_address, max_address; /* the whole image lies inside */
    uint32_t alignment;
    uint32_t preference;
};
STATIC_ASSERT(sizeof(struct mb2_header_tag_relocatable) == 24, "relocatable tag layout");

/* ---- the information: loader to kernel ---- */

struct mb2_info {
    uint32_t total_size; /* with this head and the end tag */
    uint32_t reserved;
};
STATIC_ASSERT(sizeof(struct mb2_info) == 8, "Multiboot2 information layout");

enum mb2_tag_type {
    MB2_TAG_END = 0,
    MB2_TAG_COMMAND_LINE = 1,
    MB2_TAG_LOADER_NAME = 2,
    MB2_TAG_MODULE = 3,
    MB2_TAG_BASIC_MEMORY = 4,
    MB2_TAG_BIOS_DEVICE = 5,
    MB2_TAG_MEMORY_MAP = 6,
    MB2_TAG_VBE = 7,
    MB2_TAG_FRAMEBUFFER = 8,
    MB2_TAG_ELF_SECTIONS = 9,
    MB2_TAG_APM = 10,
    MB2_TAG_EFI32_SYSTEM_TABLE = 11,
    MB2_TAG_EFI64_SYSTEM_TABLE = 12,
    MB2_TAG_SMBIOS = 13,
    MB2_TAG_RSDP_V1 = 14,
    MB2_TAG_RSDP_V2 = 15,
    MB2_TAG_NETWORK = 16,
    MB2_TAG_EFI_MEMORY_MAP = 17,
    MB2_TAG_EFI_BOOT_SERVICES = 18, /* no content: firmware was left running */
    MB2_TAG_EFI32_IMAGE_HANDLE = 19,
    MB2_TAG_EFI64_IMAGE_HANDLE = 20,
    MB2_TAG_LOAD_BASE = 21,
};

struct mb2_tag {
    uint32_t type;
    uint32_t size; /* with this head, without the padding to the next tag */
};
STATIC_ASSERT(sizeof(struct mb2_tag) == 8, "Multiboot2 tag layout");

/* Tags 1 and 2: the head, then a string that ends in NUL. */

/* Tag 3; a string that ends in NUL follows. */
struct mb2_tag_module {
    struct mb2_tag tag;
    uint32_t start, end;
};
STATIC_ASSERT(sizeof(struct mb2_tag_module) == 16, "module tag layout");

/* Tag 4. */
struct mb2_tag_basic_memory {
    struct mb2_tag tag;
    uint32_t lower_kib; /* from 0 */
    uint32_t upper_kib; /* from 1 MiB to the first hole */
};
STATIC_ASSERT(sizeof(struct mb2_tag_basic_memory) == 16, "basic memory tag layout");

/* Tag 5. */
struct mb2_tag_bios_device {
    struct mb2_tag tag;
    uint32_t device;
    uint32_t partition, subpartition; /* 0xffffffff: none */
};
STATIC_ASSERT(sizeof(struct mb2_tag_bios_device) == 20, "BIOS device tag layout");

/* Tag 6; entries of entry_size bytes follow. */
struct mb2_tag_memory_map {
    struct mb2_tag tag;
    uint32_t entry_size; /* a multiple of 8; the stride, which may exceed the size of the entry below */
    uint32_t entry_version;
};
STATIC_ASSERT(sizeof(struct mb2_tag_memory_map) == 16, "memory map tag layout");

struct mb2_memory_map_entry {
    uint64_t base, length;
    uint32_t type; /* E820 numbers */
    uint32_t reserved;
};
STATIC_ASSERT(sizeof(struct mb2_memory_map_entry) == 24, "memory map entry layout");

/* Tag 7. */
struct mb2_tag_vbe {
    struct mb2_tag tag;
    uint16_t mode;
    uint16_t interface_segment, interface_offset, interface_length;
    uint8_t control_info[512];
    uint8_t mode_info[256];
};
STATIC_ASSERT(sizeof(struct mb2_tag_vbe) == 784, "VBE tag layout");

/* Tag 8; colours follow, by type. */
struct mb2_tag_framebuffer {
    struct mb2_tag tag;
    uint64_t address;
    uint32_t pitch, width, height;
    uint8_t bits_per_pixel;
    uint8_t type;
    uint16_t reserved;
};
STATIC_ASSERT(sizeof(struct mb2_tag_framebuffer) == 32, "framebuffer tag layout");

#define MB2_FRAMEBUFFER_INDEXED  0 /* then uint16_t count, and count triples red, green, blue */
#define MB2_FRAMEBUFFER_RGB      1 /* then struct mb2_framebuffer_rgb */
#define MB2_FRAMEBUFFER_EGA_TEXT 2 /* then nothing */

struct mb2_framebuffer_rgb {
    uint8_t red_position, red_size;
    uint8_t green_position, green_size;
    uint8_t blue_position, blue_size;
};
STATIC_ASSERT(sizeof(struct mb2_framebuffer_rgb) == 6, "framebuffer colour layout");

/* Tag 9; the ELF section headers follow. */
struct mb2_tag_elf_sections {
    struct mb2_tag tag;
    uint32_t count, entry_size, string_section;
};
STATIC_ASSERT(sizeof(struct mb2_tag_elf_sections) == 20, "ELF sections tag layout");

/* Tag 10. */
struct mb2_tag_apm {
    struct mb2_tag tag;
    uint16_t version, code_segment;
    uint32_t offset;
    uint16_t code_segment_16, data_segment, flags;
    uint16_t code_segment_length, code_segment_16_length, data_segment_length;
};
STATIC_ASSERT(sizeof(struct mb2_tag_apm) == 28, "APM tag layout");

/* Tags 11, 19 and 21: an address of 32 bits. */
struct mb2_tag_address32 {
    struct mb2_tag tag;
    uint32_t address;
};
STATIC_ASSERT(sizeof(struct mb2_tag_address32) == 12, "32-bit address tag layout");

/* Tags 12 and 20: an address of 64 bits. */
struct mb2_tag_address64 {
    struct mb2_tag tag;
    uint64_t address;
};
STATIC_ASSERT(sizeof(struct mb2_tag_address64) == 16, "64-bit address tag layout");

/* Tag 13; a copy of the SMBIOS tables follows. */
struct mb2_tag_smbios {
    struct mb2_tag tag;
    uint8_t major, minor;
    uint8_t reserved[6];
};
STATIC_ASSERT(sizeof(struct mb2_tag_smbios) == 16, "SMBIOS tag layout");

/* Tags 14, 15 and 16: the head, then a copy of the RSDP, of the DHCP acknowledgement. */

/* Tag 17; descriptors of descriptor_size bytes follow (48 in practice, more than UEFI's own struct). */
struct mb2_tag_efi_memory_map {
    struct mb2_tag tag;
    uint32_t descriptor_size, descriptor_version;
};
STATIC_ASSERT(sizeof(struct mb2_tag_efi_memory_map) == 16, "EFI memory map tag layout");

/* UEFI's EFI_MEMORY_DESCRIPTOR, version 1. Source: UEFI Specification 2.10,
   "EFI_BOOT_SERVICES.GetMemoryMap()". */
struct mb2_efi_descriptor {
    uint32_t type;
    uint32_t padding;
    uint64_t physical_start;
    uint64_t virtual_start;
    uint64_t pages; /* of 4 KiB */
    uint64_t attribute;
};
STATIC_ASSERT(sizeof(struct mb2_efi_descriptor) == 40, "EFI memory descriptor layout");
