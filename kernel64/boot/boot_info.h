/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The boot information: what the loader passed by Multiboot2 or PVH, as views into its bytes. A view is a
 * pointer and a length; nothing is copied and nothing is counted in advance, so the only limit on modules and
 * map entries is BOOT_ENTRIES_MAX. The bytes stay reserved (MEMMAP_BOOT_INFO) as long as the description is
 * used.
 *
 * mb2_parse() (boot/mb2_parse.h) and pvh_parse() (boot/pvh_parse.h) fill it in; both are pure, hosted-tested
 * and trust no length. Strings are views too, and a NUL follows each: a string without a NUL is ignored.
 */
#include <ashlar/mm/memmap.h>
#include <ashlar/status.h>

/*
 * Limit of modules, and of entries in one map: more than fit into the memory after the kernel. A larger
 * count is invalid, and the list is not walked.
 */
#define BOOT_ENTRIES_MAX 16384u

/* Limit of Multiboot2 tags: each module is one. */
#define BOOT_TAGS_MAX (2 * BOOT_ENTRIES_MAX)

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
    phys_t address;
    uint32_t pitch_bytes, width, height; /* pixels; characters for FRAMEBUFFER_TEXT */
    uint8_t bits_per_pixel;
    uint8_t red_position, red_size, green_position, green_size, blue_position, blue_size;
    struct bytes palette; /* FRAMEBUFFER_INDEXED: triples red, green, blue */
};

struct boot_module {
    phys_t start, end; /* may be the same: an empty file is a module too */
    struct bytes command_line;
    phys_t command_line_start;
};

/* Reports a fault of the loader's data: a message and the number it gives. The parser goes on. */
typedef void boot_report_fn(const char *sentence, uint64_t number);

/**
 * boot_read_fn - reads the memory that a PVH start info points at.
 * Return: @size_bytes readable bytes at physical @address, or NULL when it cannot be read. Ranges that are
 *          adjacent in physical memory are adjacent in what is returned.
 */
typedef const void *boot_read_fn(phys_t address, size_t size_bytes);

struct boot_info;

/* boot_info_next_module() of one boot protocol. */
typedef bool boot_next_module_fn(const struct boot_info *info, size_t *cursor, struct boot_module *module);

struct boot_info {
    const char *protocol; /* "multiboot2" or "pvh" */

    struct bytes command_line, loader_name;
    struct bytes rsdp;   /* the copy in the tag: v2 where there is one, else v1 */
    phys_t rsdp_address; /* PVH gives an address instead of a copy; PHYS_INVALID otherwise */
    struct bytes smbios; /* the tables copied into the tag */
    uint8_t smbios_major, smbios_minor;
    phys_t efi_system_table;                     /* PHYS_INVALID when absent */
    uint64_t efi_image_handle;                   /* 0 when absent */
    uint8_t efi_bits;                            /* 32 or 64; 0 when not started by EFI */
    bool efi_boot_services;                      /* not exited: the EFI map may still change */
    uint32_t memory_lower_kib, memory_upper_kib; /* tag 4 */
    bool has_basic_memory;
    struct boot_framebuffer framebuffer;

    /* The raw maps, whole entries only. Use boot_info_next_map_entry(). */
    struct bytes memory_map;
    uint32_t memory_map_stride; /* bytes an entry */
    struct bytes efi_map;
    uint32_t efi_map_stride;

    unsigned int module_count; /* of those boot_info_next_module() gives */
    unsigned int warnings;     /* faults found; each was reported */

    bool is_too_big; /* beyond BOOT_ENTRIES_MAX or BOOT_TAGS_MAX; the parser returned STATUS_TOO_BIG */

    /* For the iterators only: where the description itself is. */
    boot_next_module_fn *next_module; /* NULL: nothing was parsed */
    phys_t raw_start;
    struct bytes raw;            /* Multiboot2: all of it. PVH: the start info */
    struct bytes modules;        /* PVH: the module list */
    boot_read_fn *read;          /* PVH only */
    struct phys_range pieces[3]; /* PVH: command line, module list, memory map */
};

/**
 * boot_info_next_module() - iterate over modules.
 * @cursor: 0 to begin with; opaque afterwards.
 * @module: filled in; untouched at the end.
 *
 * Modules whose end is before their start are skipped (the parser reported them).
 *
 * Return: false when there is none left.
 * Context: any.
 */
bool boot_info_next_module(const struct boot_info *info, size_t *cursor, struct boot_module *module);

/**
 * boot_info_next_map_entry() - iterate over the entries of all firmware maps, as input of memmap_sweep().
 * @cursor: 0 to begin with; opaque afterwards.
 * @entry:  filled in; untouched at the end.
 *
 * The EFI map, then the BIOS map; the two basic sizes only when both are absent. Empty entries are skipped,
 * ends are limited to 2^64. Memory of boot services that were not exited is reserved.
 *
 * Return: false when there is none left.
 * Context: any.
 */
bool boot_info_next_map_entry(const struct boot_info *info, size_t *cursor, struct memmap_entry *entry);

/* Return: how many of these entries are of the EFI map; they are the first. Context: any. Pure. */
size_t boot_info_efi_entries(const struct boot_info *info);

/* Return: whether the firmware's maps list a part of the range as RAM (usable now or later) that no stricter
   entry covers. Context: any. */
bool boot_info_calls_ram(const struct boot_info *info, struct phys_range range);

/**
 * boot_info_next_reservation() - iterate over the loader's data in memory, as input of memmap_sweep().
 * @cursor: 0 to begin with; opaque afterwards.
 * @entry:  filled in; untouched at the end.
 *
 * The description's own bytes and strings (MEMMAP_BOOT_INFO), each module (MEMMAP_MODULE), the framebuffer
 * (MEMMAP_FRAMEBUFFER): loaders put them into memory that their map lists as usable, or does not list.
 *
 * Return: false when there is none left.
 * Context: any.
 */
bool boot_info_next_reservation(const struct boot_info *info, size_t *cursor, struct memmap_entry *entry);
