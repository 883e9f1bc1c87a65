/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commands `firmware` and `dmi`: the SMBIOS table, decoded where the kernel knows the structure, and the
 * bytes and strings of any other. Rows fit 80 columns, whatever the strings.
 */
#include <ashlar/command.h>
#include <ashlar/fmt/smbios.h>
#include <boot/efi_table.h>
#include <boot/machine.h>
#include <lib/format.h>
#include <lib/parse.h>
#include <lib/size_text.h>
#include <lib/string.h>
#include <log/arguments.h>
#include <log/print.h>
#include <smbios/decode.h>
#include <smbios/init.h>
#include <vm/firmware_memory.h>

#define NAME_COLUMNS  16
#define VALUE_COLUMNS 58 /* after an indent of 4, the name and a blank; the row's last column stays empty */

/* A field; without a value nothing. A long value goes on below its beginning. */
static void show(const char *name, const char *value)
{
    for (size_t length = strlen(value), part; length > 0; value += part, length -= part, name = "") {
        part = length < VALUE_COLUMNS ? length : VALUE_COLUMNS;
        print("    %-*s %.*s\n", NAME_COLUMNS, name, (int)part, value);
    }
}

static void show_size(const char *name, uint64_t bytes)
{
    char text[SIZE_TEXT_MAX];
    if (bytes)
        show(name, size_text(bytes, text));
}

static void show_number(const char *name, unsigned int number, const char *unit)
{
    if (number)
        print("    %-*s %u%s\n", NAME_COLUMNS, name, number, unit);
}

/* ---- a structure of each type ---- */

static void show_bios(const struct smbios_structure *structure)
{
    struct smbios_bios bios;
    smbios_read_bios(structure, &bios);
    show("vendor", bios.vendor);
    show("version", bios.version);
    show("date", bios.date);
    show_size("ROM", bios.rom_bytes);
    show("supports", bios.has_uefi ? "UEFI" : "");
    show("machine", bios.is_virtual ? "virtual" : "");
}

static void show_system(const struct smbios_structure *structure)
{
    struct smbios_system system;
    smbios_read_system(smbios_here(), structure, &system);
    show("manufacturer", system.manufacturer);
    show("product", system.product);
    show("version", system.version);
    show("family", system.family);
    show("SKU", system.sku);
    show("serial number", system.serial);
    if (!system.has_uuid)
        return;
    char text[40];
    size_t length = 0;
    for (unsigned int i = 0; i < 16; i++)
        length += format_buffer(text + length, sizeof(text) - length,
                                i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", system.uuid[i]);
    show("UUID", text);
}

static void show_board(const struct smbios_structure *structure)
{
    struct smbios_board board;
    smbios_read_board(structure, &board);
    show("manufacturer", board.manufacturer);
    show("product", board.product);
    show("version", board.version);
    show("serial number", board.serial);
}

static void show_chassis(const struct smbios_structure *structure)
{
    struct smbios_chassis chassis;
    smbios_read_chassis(structure, &chassis);
    show("manufacturer", chassis.manufacturer);
    show("kind", chassis.kind);
    show("version", chassis.version);
    show("serial number", chassis.serial);
}

static void show_processor(const struct smbios_structure *structure)
{
    struct smbios_processor processor;
    smbios_read_processor(structure, &processor);
    show("socket", processor.socket);
    if (!processor.is_populated) {
        show("processor", "none");
        return;
    }
    show("manufacturer", processor.manufacturer);
    show("version", processor.version);
    show_number("speed", processor.mhz, " MHz");
    show_number("maximum", processor.max_mhz, " MHz");
    show_number("cores", processor.cores, "");
    show_number("threads", processor.threads, "");
}

static void show_array(const struct smbios_structure *structure)
{
    struct smbios_array array;
    smbios_read_array(structure, &array);
    show("use", array.is_system_memory ? "system memory" : "other");
    show_number("slots", array.slots, "");
    show_size("maximum", array.maximum_bytes);
    show("error check", array.ecc);
}

static void show_device(const struct smbios_structure *structure)
{
    struct smbios_device device;
    smbios_read_device(structure, &device);
    show("locator", device.locator);
    show("bank", device.bank);
    if (!device.is_populated) {
        show("module", "none");
        return;
    }
    show_size("size", device.size_bytes);
    show("kind", device.kind);
    show_number("speed", device.speed, " MT/s");
    show_number("configured", device.configured, " MT/s");
    show("manufacturer", device.manufacturer);
    show("part number", device.part);
    show("serial number", device.serial);
}

/* @of: what the handle in it is of. */
static void show_addresses(const struct smbios_range *range, const char *of)
{
    struct phys_range addresses = range->addresses;
    if (!phys_is_below(addresses.start, addresses.end))
        return;
    print("    %-*s P0x%lx - P0x%lx\n", NAME_COLUMNS, "addresses", addresses.start.raw, addresses.end.raw);
    show_size("size", phys_range_size(addresses));
    print("    %-*s %04x\n", NAME_COLUMNS, of, range->array);
}

static void show_range(const struct smbios_structure *structure)
{
    struct smbios_range range;
    smbios_read_range(structure, &range);
    show_addresses(&range, "array");
}

static void show_mapped(const struct smbios_structure *structure)
{
    struct smbios_range range;
    smbios_read_mapped(structure, &range);
    show_addresses(&range, "module");
}

static const struct kind {
    uint8_t type;
    const char *name;
    void (*show)(const struct smbios_structure *structure);
} kinds[] = {
    { SMBIOS_TYPE_BIOS, "firmware", show_bios },
    { SMBIOS_TYPE_SYSTEM, "system", show_system },
    { SMBIOS_TYPE_BOARD, "board", show_board },
    { SMBIOS_TYPE_CHASSIS, "chassis", show_chassis },
    { SMBIOS_TYPE_PROCESSOR, "processor", show_processor },
    { SMBIOS_TYPE_MEMORY_ARRAY, "array", show_array },
    { SMBIOS_TYPE_MEMORY_DEVICE, "memory", show_device },
    { SMBIOS_TYPE_MEMORY_RANGE, "range", show_range },
    { SMBIOS_TYPE_MEMORY_MAPPED, "mapped", show_mapped },
};

static const struct kind *kind_of(uint8_t type)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i].type == type)
            return &kinds[i];
    return NULL;
}

/* ---- any structure ---- */

static void dump(const struct smbios_structure *structure)
{
    for (unsigned int at = 0; at < structure->length; at += 16) {
        char row[3 * 16 + 1] = "";
        for (unsigned int i = 0; i < 16 && at + i < structure->length; i++)
            format_buffer(row + 3 * i, 4, " %02x", structure->bytes[at + i]);
        print("    %02x:%s\n", at, row);
    }
    /* A field gives a string's number in a byte: no structure refers to a later one. */
    for (unsigned int i = 1, rest = (unsigned int)structure->strings_length; rest > 0 && i <= UINT8_MAX;
         i++) {
        smbios_text_t text;
        char name[16];
        smbios_text(structure, i, text);
        format_buffer(name, sizeof(name), "string %u", i);
        show(name, text);
        rest -= (unsigned int)strnlen((const char *)structure->strings + structure->strings_length - rest,
                                      rest - 1) +
                1;
    }
}

static void show_structure(const struct smbios_structure *structure, bool is_dump)
{
    const struct kind *kind = kind_of(structure->type);
    print("%04x  %s (type %u)\n", structure->handle, kind ? kind->name : "not decoded", structure->type);
    if (kind && !is_dump)
        kind->show(structure);
    else
        dump(structure);
}

/* @type: of those to show; -1: every decoded one. Return: how many there were. */
static unsigned int show_structures(int type, bool is_dump)
{
    struct smbios_cursor cursor = { 0 };
    struct smbios_structure structure;
    unsigned int count = 0;
    while (smbios_next(smbios_here(), &cursor, &structure) == STATUS_OK) {
        if (type >= 0 ? structure.type != type : !is_dump && !kind_of(structure.type))
            continue;
        show_structure(&structure, is_dump);
        count++;
    }
    return count;
}

static void show_where(void)
{
    const struct smbios_entry *entry = smbios_entry_here();
    print("SMBIOS %u.%u, %u bytes ", entry->major, entry->minor, entry->length);
    if (entry->source == SMBIOS_FROM_LOADER && !phys_is_valid(entry->address))
        print("copied by the loader\n");
    else
        print("at P%#lx, %s\n", entry->address.raw,
              entry->source == SMBIOS_FROM_LOADER ? "by the loader's entry point"
              : entry->source == SMBIOS_FROM_EFI  ? "from the EFI tables"
                                                  : "from the BIOS area");
}

/* ---- firmware ---- */

static status_t command_firmware(int argc, char **argv)
{
    struct smbios_structure structure;
    struct efi_system efi;
    (void)argc;
    (void)argv;
    show("kind", smbios_firmware_kind());
    if (efi_read_system(machine_boot_info(), firmware_memory_read, &efi) == STATUS_OK)
        print("    %-*s %u.%02u, %u bits\n", NAME_COLUMNS, "UEFI", efi.revision >> 16, efi.revision & 0xffff,
              efi.bits);
    if (smbios_first(SMBIOS_TYPE_BIOS, &structure))
        show_bios(&structure);
    return STATUS_OK;
}
COMMAND(firmware, command_firmware, .group = GROUP_MACHINE, .arguments = "",
        .help = "which firmware started the machine, and its version", .example = "firmware",
        .see_also = "dmi acpi boot");

/* ---- dmi ---- */

static void refuse_type(const char *word)
{
    char names[100];
    size_t length = 0;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        length += format_buffer(names + length, sizeof(names) - length, ", %s", kinds[i].name);
    argument_refuse(word, "a type: a number, 0 to 255%s", names);
}

/* A name of kinds[], or a number. Return: the type; -1, after a message, for anything else. */
static int read_type(const char *word)
{
    uint64_t number;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(word, kinds[i].name) == 0)
            return kinds[i].type;
    if (parse_number(word, &number) == STATUS_OK && number <= UINT8_MAX)
        return (int)number;
    refuse_type(word);
    return -1;
}

static status_t command_dmi(int argc, char **argv)
{
    bool is_dump = argc > 1 && strcmp(argv[1], "dump") == 0;
    const char *word = is_dump ? (argc > 2 ? argv[2] : NULL) : (argc > 1 ? argv[1] : NULL);
    if (!arguments_count(argc, argv, 0, is_dump ? 2 : 1))
        return STATUS_INVALID;
    int type = word ? read_type(word) : -1;
    if (word && type < 0)
        return STATUS_INVALID;
    if (!smbios_here()) {
        print_styled(STYLE_ERROR, "this machine has no SMBIOS table that can be read\n");
        return STATUS_NOT_FOUND;
    }
    if (!word)
        show_where();
    unsigned int count = show_structures(type, is_dump);
    if (count == 0 && word)
        argument_refuse(word, "in the SMBIOS table of this machine: 'dmi' shows what is");
    return count > 0 || !word ? STATUS_OK : STATUS_NOT_FOUND;
}

static const char *dmi_words(unsigned int index)
{
    return index == 0 ? "dump" : index - 1 < ARRAY_LEN(kinds) ? kinds[index - 1].name : NULL;
}
COMMAND_LIST(dmi, command_dmi, .group = GROUP_MACHINE, .arguments = "[TYPE|dump [TYPE]]",
             .help = "the firmware's description of the machine: maker, model, board, memory modules",
             .example = "dmi memory", .see_also = "firmware acpi summary", .words = dmi_words);
