/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The boot description: what the loader said, whichever protocol it spoke, as views into its own
 * bytes. A view is a pointer and a length; nothing is copied and nothing is counted in advance,
 * so there is no limit on modules or map entries. The bytes stay reserved (MEMMAP_BOOT_INFO) as
 * long as the description is used.
 *
 * mb2_parse() and pvh_parse() fill it in; both are pure, hosted-tested and trust no length.
 * Strings are views too and need not end in NUL in a broken structure; text_view() ends them.
 */
#include <ashlar/mm/memmap.h>
#include <ashlar/status.h>

struct bytes {
    const uint8_t *data; /* NULL when absent */
    size_t size_bytes;
};

enum framebuffer_type {
    FRAMEBUFFER_NONE,
    FRAMEBUFFER_INDEXED, /* Multiboot2 type 0 */
    FRAMEBUFFER_RGB,     /* type 1 */
    FRAMEBUFFER_TEXT,    /* type 2, EGA text */
};

struct boot_framebuffer {
    enum framebuffer_type type;
    uint64_t address; /* physical */
    uint32_t pitch_bytes, width, height; /* pixels; characters for FRAMEBUFFER_TEXT */
    uint8_t bits_per_pixel;
    uint8_t red_position, red_size, green_position, green_size, blue_position, blue_size;
    struct bytes palette; /* FRAMEBUFFER_INDEXED: triples red, green, blue */
};

struct boot_module {
    phys_t start, end;
    struct bytes command_line;
};

struct boot_info {
    const char *protocol; /* "multiboot2" or "pvh" */
    struct bytes raw;     /* all the loader's bytes, for the reservation */
    phys_t raw_start;

    struct bytes command_line, loader_name;
    struct bytes rsdp;        /* the copy in the tag: v2 where there is one, else v1 */
    phys_t rsdp_address;      /* PVH gives an address instead of a copy; PHYS_INVALID otherwise */
    struct bytes smbios;      /* the entry point copied into the tag */
    uint8_t smbios_major, smbios_minor;
    struct bytes network;     /* a DHCP acknowledgement; the first one */
    uint64_t efi_system_table, efi_image_handle; /* 0 when absent */
    uint8_t efi_bits;         /* 32 or 64; 0 when not started by EFI */
    bool efi_boot_services;   /* firmware was left running */
    uint32_t load_base;       /* tag 21 */
    bool has_load_base;
    uint32_t memory_lower_kib, memory_upper_kib; /* tag 4 */
    bool has_basic_memory;
    uint32_t bios_device, bios_partition, bios_subpartition; /* tag 5 */
    bool has_bios_device;
    struct bytes vbe, apm, elf_sections; /* as they came */
    struct boot_framebuffer framebuffer;

    /* The maps as they came. */
    struct bytes memory_map;
    uint32_t memory_map_stride; /* bytes an entry */
    struct bytes efi_map;
    uint32_t efi_map_stride;

    /* Where module iteration looks; use boot_info_next_module(). */
    struct bytes modules_area;

    unsigned int warnings; /* how often something was out of order; each was reported in words */
};

/* A complaint about the loader's data, in words; the parser goes on. */
typedef void boot_complain_fn(const char *sentence, uint64_t number);

/**
 * mb2_parse() - read a Multiboot2 information structure.
 * @data, @size_bytes: what is mapped and may be read; the structure's own total_size is checked
 *                     against it.
 * @address:  its physical address.
 * @complain: called for each thing out of order; may be NULL.
 * @info:     filled in from scratch; complete as far as the data was sound, also on failure.
 *
 * Return: STATUS_OK, also with warnings; STATUS_TRUNCATED or STATUS_MALFORMED when not even the
 *         first eight bytes make sense.
 * Source: Multiboot2 Specification version 2.0, "Boot information format".
 */
status_t mb2_parse(const void *data, size_t size_bytes, phys_t address, boot_complain_fn *complain,
                   struct boot_info *info) MUST_CHECK;

/**
 * boot_read_fn - how pvh_parse() reaches the pieces that the start info points at.
 * Return: @size_bytes readable bytes at physical @address, or NULL when that cannot be read.
 */
typedef const void *boot_read_fn(phys_t address, size_t size_bytes);

/**
 * pvh_parse() - read a PVH hvm_start_info, version 0 or 1, and what it points at.
 * @address: of the start info.
 * @read:    gives access to physical memory.
 *
 * Return: as mb2_parse().
 * Source: Xen "x86/HVM direct boot ABI" (docs/misc/pvh), arch-x86/hvm/start_info.h.
 */
status_t pvh_parse(phys_t address, boot_read_fn *read, boot_complain_fn *complain,
                   struct boot_info *info) MUST_CHECK;

/**
 * boot_info_next_module() - iterate over modules.
 * @cursor: 0 to begin with; opaque afterwards.
 *
 * Return: false when there is none left.
 */
bool boot_info_next_module(const struct boot_info *info, size_t *cursor, struct boot_module *module);

/**
 * boot_info_next_claim() - iterate over what all the firmware maps say, as sweep input.
 * @cursor: 0 to begin with; opaque afterwards.
 *
 * The EFI map, then the BIOS map; the two basic sizes only when neither is there. Entries without
 * length are skipped, ends are held at 2^64.
 *
 * Return: false when there is none left.
 */
bool boot_info_next_claim(const struct boot_info *info, size_t *cursor, struct memmap_entry *claim);

/* Copies a view into a buffer as a string that ends in NUL; cut when it does not fit. */
void text_view(struct bytes view, char *buffer, size_t size);
