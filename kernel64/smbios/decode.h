/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The structures of the SMBIOS table that the kernel shows: firmware, system, board, chassis, processors,
 * memory. Pure, hosted-tested.
 *
 * Their content is not reliable: vendors leave fields empty, or at "To Be Filled By O.E.M.". Nothing in the
 * kernel is configured from it.
 *
 * Context of all: any, as smbios/table.h.
 * Source: DMTF DSP0134 3.7.0, the sections of the types.
 */
#include <smbios/table.h>

typedef char smbios_text_t[SMBIOS_TEXT_MAX + 1]; /* "" when it is not given */

struct smbios_bios { /* type 0 */
    smbios_text_t vendor, version, date;
    uint64_t rom_bytes; /* 0: not known */
    bool has_uefi;      /* the firmware supports UEFI; it may have started this machine as a BIOS */
    bool is_virtual;
};

struct smbios_system { /* type 1 */
    smbios_text_t manufacturer, product, version, serial, sku, family;
    bool has_uuid;
    uint8_t uuid[16]; /* in the order in which it is printed */
};

struct smbios_board { /* type 2 */
    smbios_text_t manufacturer, product, version, serial;
};

struct smbios_chassis { /* type 3 */
    smbios_text_t manufacturer, version, serial;
    const char *kind; /* "desktop", "laptop", ... "" for a number that is not defined */
};

struct smbios_processor { /* type 4 */
    smbios_text_t socket, manufacturer, version;
    bool is_populated;
    unsigned int mhz, max_mhz;   /* 0: not known */
    unsigned int cores, threads; /* of the package; 0: not known */
};

struct smbios_array { /* type 16 */
    bool is_system_memory;
    const char *ecc;        /* "none", "multi-bit ECC", ... "" for a number that is not defined */
    uint64_t maximum_bytes; /* 0: not known */
    unsigned int slots;
};

struct smbios_device { /* type 17: a DIMM, or an empty slot */
    smbios_text_t locator, bank, manufacturer, part, serial;
    bool is_populated;
    uint64_t size_bytes;            /* 0: not known, or an empty slot */
    const char *kind;               /* "DDR4", ... "" for a number that is not defined */
    unsigned int speed, configured; /* MT/s; 0: not known */
};

struct smbios_range {            /* type 19: addresses of an array; type 20: of a memory device */
    struct phys_range addresses; /* as listed: may be empty, and end before it starts */
    uint16_t array;              /* handle of the array, or of the device */
};

/*
 * Each reads a structure of its type, of any length; fields past its end are empty.
 */
void smbios_read_bios(const struct smbios_structure *structure, struct smbios_bios *bios);
void smbios_read_system(const struct smbios_table *table, const struct smbios_structure *structure,
                        struct smbios_system *system);
void smbios_read_board(const struct smbios_structure *structure, struct smbios_board *board);
void smbios_read_chassis(const struct smbios_structure *structure, struct smbios_chassis *chassis);
void smbios_read_processor(const struct smbios_structure *structure, struct smbios_processor *processor);
void smbios_read_array(const struct smbios_structure *structure, struct smbios_array *array);
void smbios_read_device(const struct smbios_structure *structure, struct smbios_device *device);
void smbios_read_range(const struct smbios_structure *structure, struct smbios_range *range);
void smbios_read_mapped(const struct smbios_structure *structure, struct smbios_range *range);

/* Return: the sum of all memory devices, at most UINT64_MAX; 0 when none gives its size. */
uint64_t smbios_memory_bytes(const struct smbios_table *table);
