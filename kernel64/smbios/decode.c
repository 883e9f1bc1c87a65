/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fields as they are in the structures. A field of 8 or 16 bits has a value that refers to a wider field,
 * which only structures of newer versions have.
 */
#include <smbios/decode.h>

#include <ashlar/bits.h>
#include <ashlar/fmt/smbios.h>
#include <lib/string.h>

/* @names: by number; NULL and numbers past the end have no name. */
static const char *name_of(const char *const *names, size_t count, unsigned int number)
{
    return number < count && names[number] ? names[number] : "";
}

/* ---- type 0 ---- */

static uint64_t rom_bytes(const struct smbios_structure *structure)
{
    uint8_t blocks = smbios_u8(structure, SMBIOS_BIOS_ROM_SIZE);
    uint16_t large = smbios_u16(structure, SMBIOS_BIOS_ROM_LARGE);
    if (structure->length <= SMBIOS_BIOS_ROM_SIZE)
        return 0;
    if (blocks != 0xff || large == 0)
        return (blocks + 1ULL) * KIB(64);
    uint64_t number = large & 0x3fff;
    return large >> 14 == 0 ? MIB(number) : large >> 14 == 1 ? GIB(number) : 0;
}

void smbios_read_bios(const struct smbios_structure *structure, struct smbios_bios *bios)
{
    uint8_t flags = smbios_u8(structure, SMBIOS_BIOS_FLAGS);
    smbios_field_text(structure, SMBIOS_BIOS_VENDOR, bios->vendor);
    smbios_field_text(structure, SMBIOS_BIOS_VERSION, bios->version);
    smbios_field_text(structure, SMBIOS_BIOS_DATE, bios->date);
    bios->rom_bytes = rom_bytes(structure);
    bios->has_uefi = flags & SMBIOS_BIOS_FLAG_UEFI;
    bios->is_virtual = flags & SMBIOS_BIOS_FLAG_VM;
}

/* ---- types 1 to 3 ---- */

/* Since version 2.6 the first three fields are little-endian numbers; before, the order was not specified,
   and the bytes are shown as they are. All 0 and all 1 mean that there is none. */
static bool read_uuid(const struct smbios_table *table, const struct smbios_structure *structure,
                      uint8_t uuid[16])
{
    static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
    bool is_swapped = table->major > 2 || (table->major == 2 && table->minor >= 6);
    uint8_t all_and = 0xff, all_or = 0;
    if (structure->length < SMBIOS_SYSTEM_UUID + 16)
        return false;
    for (size_t i = 0; i < 16; i++) {
        uuid[i] = structure->bytes[SMBIOS_SYSTEM_UUID + (is_swapped ? order[i] : i)];
        all_and &= uuid[i];
        all_or |= uuid[i];
    }
    return all_and != 0xff && all_or != 0;
}

void smbios_read_system(const struct smbios_table *table, const struct smbios_structure *structure,
                        struct smbios_system *system)
{
    smbios_field_text(structure, SMBIOS_SYSTEM_MANUFACTURER, system->manufacturer);
    smbios_field_text(structure, SMBIOS_SYSTEM_PRODUCT, system->product);
    smbios_field_text(structure, SMBIOS_SYSTEM_VERSION, system->version);
    smbios_field_text(structure, SMBIOS_SYSTEM_SERIAL, system->serial);
    smbios_field_text(structure, SMBIOS_SYSTEM_SKU, system->sku);
    smbios_field_text(structure, SMBIOS_SYSTEM_FAMILY, system->family);
    system->has_uuid = read_uuid(table, structure, system->uuid);
}

void smbios_read_board(const struct smbios_structure *structure, struct smbios_board *board)
{
    smbios_field_text(structure, SMBIOS_BOARD_MANUFACTURER, board->manufacturer);
    smbios_field_text(structure, SMBIOS_BOARD_PRODUCT, board->product);
    smbios_field_text(structure, SMBIOS_BOARD_VERSION, board->version);
    smbios_field_text(structure, SMBIOS_BOARD_SERIAL, board->serial);
}

void smbios_read_chassis(const struct smbios_structure *structure, struct smbios_chassis *chassis)
{
    static const char *const kinds[] = {
        [0x01] = "other",          [0x02] = "unknown",
        [0x03] = "desktop",        [0x04] = "low-profile desktop",
        [0x05] = "pizza box",      [0x06] = "mini tower",
        [0x07] = "tower",          [0x08] = "portable",
        [0x09] = "laptop",         [0x0a] = "notebook",
        [0x0b] = "hand-held",      [0x0c] = "docking station",
        [0x0d] = "all in one",     [0x0e] = "sub-notebook",
        [0x0f] = "space-saving",   [0x10] = "lunch box",
        [0x11] = "server",         [0x12] = "expansion chassis",
        [0x13] = "sub-chassis",    [0x17] = "rack-mount server",
        [0x18] = "sealed-case PC", [0x19] = "multi-system chassis",
        [0x1c] = "blade",          [0x1d] = "blade enclosure",
        [0x1e] = "tablet",         [0x1f] = "convertible",
        [0x20] = "detachable",     [0x21] = "IoT gateway",
        [0x22] = "embedded PC",    [0x23] = "mini PC",
        [0x24] = "stick PC",
    };
    smbios_field_text(structure, SMBIOS_CHASSIS_MANUFACTURER, chassis->manufacturer);
    smbios_field_text(structure, SMBIOS_CHASSIS_VERSION, chassis->version);
    smbios_field_text(structure, SMBIOS_CHASSIS_SERIAL, chassis->serial);
    chassis->kind = name_of(kinds, ARRAY_LEN(kinds), smbios_u8(structure, SMBIOS_CHASSIS_TYPE) & 0x7f);
}

/* ---- type 4 ---- */

static unsigned int wide_count(const struct smbios_structure *structure, size_t narrow, size_t wide)
{
    unsigned int count = smbios_u8(structure, narrow), wide_count = smbios_u16(structure, wide);
    if (count != 0xff || wide_count == 0 || wide_count == UINT16_MAX)
        return count;
    return wide_count;
}

void smbios_read_processor(const struct smbios_structure *structure, struct smbios_processor *processor)
{
    smbios_field_text(structure, SMBIOS_PROCESSOR_SOCKET, processor->socket);
    smbios_field_text(structure, SMBIOS_PROCESSOR_MANUFACTURER, processor->manufacturer);
    smbios_field_text(structure, SMBIOS_PROCESSOR_VERSION, processor->version);
    processor->is_populated =
        smbios_u8(structure, SMBIOS_PROCESSOR_STATUS) & SMBIOS_PROCESSOR_STATUS_POPULATED;
    processor->mhz = smbios_u16(structure, SMBIOS_PROCESSOR_MHZ);
    processor->max_mhz = smbios_u16(structure, SMBIOS_PROCESSOR_MAX_MHZ);
    processor->cores = wide_count(structure, SMBIOS_PROCESSOR_CORES, SMBIOS_PROCESSOR_CORES_WIDE);
    processor->threads = wide_count(structure, SMBIOS_PROCESSOR_THREADS, SMBIOS_PROCESSOR_THREADS_WIDE);
}

/* ---- types 16, 17, 19 and 20 ---- */

void smbios_read_array(const struct smbios_structure *structure, struct smbios_array *array)
{
    static const char *const eccs[] = {
        [1] = "other",          [2] = "unknown",       [3] = "none", [4] = "parity",
        [5] = "single-bit ECC", [6] = "multi-bit ECC", [7] = "CRC",
    };
    uint32_t maximum_kib = smbios_u32(structure, SMBIOS_ARRAY_MAXIMUM);
    array->is_system_memory = smbios_u8(structure, SMBIOS_ARRAY_USE) == 3;
    array->ecc = name_of(eccs, ARRAY_LEN(eccs), smbios_u8(structure, SMBIOS_ARRAY_ECC));
    array->maximum_bytes = maximum_kib == 0x80000000 ? smbios_u64(structure, SMBIOS_ARRAY_MAXIMUM_BIG)
                                                     : KIB((uint64_t)maximum_kib);
    array->slots = smbios_u16(structure, SMBIOS_ARRAY_SLOTS);
}

static uint64_t device_bytes(const struct smbios_structure *structure)
{
    uint16_t size = smbios_u16(structure, SMBIOS_DEVICE_SIZE);
    if (size == SMBIOS_DEVICE_SIZE_UNKNOWN)
        return 0;
    if (size == SMBIOS_DEVICE_SIZE_IN_BIG)
        return MIB((uint64_t)(smbios_u32(structure, SMBIOS_DEVICE_SIZE_BIG) & 0x7fffffff));
    uint64_t number = size & 0x7fff;
    return size & SMBIOS_DEVICE_SIZE_KIB ? KIB(number) : MIB(number);
}

static unsigned int device_speed(const struct smbios_structure *structure, size_t narrow, size_t wide)
{
    unsigned int speed = smbios_u16(structure, narrow);
    return speed == SMBIOS_DEVICE_SPEED_IN_BIG ? smbios_u32(structure, wide) & 0x7fffffff : speed;
}

void smbios_read_device(const struct smbios_structure *structure, struct smbios_device *device)
{
    static const char *const kinds[] = {
        [0x03] = "DRAM",   [0x04] = "EDRAM",  [0x05] = "VRAM",   [0x06] = "SRAM",  [0x07] = "RAM",
        [0x09] = "flash",  [0x0f] = "SDRAM",  [0x11] = "RDRAM",  [0x12] = "DDR",   [0x13] = "DDR2",
        [0x14] = "DDR2",   [0x18] = "DDR3",   [0x1a] = "DDR4",   [0x1b] = "LPDDR", [0x1c] = "LPDDR2",
        [0x1d] = "LPDDR3", [0x1e] = "LPDDR4", [0x1f] = "NVDIMM", [0x20] = "HBM",   [0x21] = "HBM2",
        [0x22] = "DDR5",   [0x23] = "LPDDR5", [0x24] = "HBM3",
    };
    uint16_t size = smbios_u16(structure, SMBIOS_DEVICE_SIZE);
    smbios_field_text(structure, SMBIOS_DEVICE_LOCATOR, device->locator);
    smbios_field_text(structure, SMBIOS_DEVICE_BANK, device->bank);
    smbios_field_text(structure, SMBIOS_DEVICE_MANUFACTURER, device->manufacturer);
    smbios_field_text(structure, SMBIOS_DEVICE_PART, device->part);
    smbios_field_text(structure, SMBIOS_DEVICE_SERIAL, device->serial);
    device->is_populated = size != 0;
    device->size_bytes = device_bytes(structure);
    device->kind = name_of(kinds, ARRAY_LEN(kinds), smbios_u8(structure, SMBIOS_DEVICE_TYPE));
    device->speed = device_speed(structure, SMBIOS_DEVICE_SPEED, SMBIOS_DEVICE_SPEED_BIG);
    device->configured = device_speed(structure, SMBIOS_DEVICE_CONFIGURED, SMBIOS_DEVICE_CONFIGURED_BIG);
}

/* The fields for large addresses are at @start_big and after it. */
static struct phys_range read_addresses(const struct smbios_structure *structure, size_t start_big)
{
    uint32_t start_kib = smbios_u32(structure, SMBIOS_RANGE_START);
    if (start_kib == UINT32_MAX)
        return (struct phys_range){ phys(smbios_u64(structure, start_big)),
                                    phys(range_end(smbios_u64(structure, start_big + sizeof(uint64_t)), 1)) };
    return (struct phys_range){ phys(KIB((uint64_t)start_kib)),
                                phys(KIB(smbios_u32(structure, SMBIOS_RANGE_LAST) + 1ULL)) };
}

void smbios_read_range(const struct smbios_structure *structure, struct smbios_range *range)
{
    range->array = smbios_u16(structure, SMBIOS_RANGE_ARRAY);
    range->addresses = read_addresses(structure, SMBIOS_RANGE_START_BIG);
}

void smbios_read_mapped(const struct smbios_structure *structure, struct smbios_range *range)
{
    range->array = smbios_u16(structure, SMBIOS_MAPPED_DEVICE);
    range->addresses = read_addresses(structure, SMBIOS_MAPPED_START_BIG);
}

uint64_t smbios_memory_bytes(const struct smbios_table *table)
{
    struct smbios_cursor cursor = { 0 };
    struct smbios_structure structure;
    uint64_t sum = 0;
    while (smbios_next_of(table, SMBIOS_TYPE_MEMORY_DEVICE, &cursor, &structure))
        sum = range_end(sum, device_bytes(&structure));
    return sum;
}
