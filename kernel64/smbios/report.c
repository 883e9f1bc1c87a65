/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `firmware` and `smbios` in the report. Serial numbers and the UUID are left out, because users publish
 * reports; the command `dmi` shows them.
 */
#include <ashlar/fmt/smbios.h>
#include <ashlar/report.h>
#include <boot/efi_table.h>
#include <boot/machine.h>
#include <lib/format.h>
#include <smbios/decode.h>
#include <smbios/init.h>
#include <vm/firmware_memory.h>

static void report_text(struct json *json, const char *name, const char *text)
{
    if (text[0])
        json_string(json, name, text);
}

static void report_number(struct json *json, const char *name, uint64_t number)
{
    if (number)
        json_number(json, name, number);
}

static void report_firmware(struct json *json)
{
    struct smbios_structure structure;
    struct smbios_bios bios;
    struct efi_system efi;
    json_string(json, "kind", smbios_firmware_kind());
    if (efi_read_system(machine_boot_info(), firmware_memory_read, &efi) == STATUS_OK) {
        char revision[16];
        format_buffer(revision, sizeof(revision), "%u.%02u", efi.revision >> 16, efi.revision & 0xffff);
        json_string(json, "uefi_version", revision);
        json_number(json, "uefi_bits", efi.bits);
    }
    if (!smbios_first(SMBIOS_TYPE_BIOS, &structure))
        return;
    smbios_read_bios(&structure, &bios);
    report_text(json, "vendor", bios.vendor);
    report_text(json, "version", bios.version);
    report_text(json, "date", bios.date);
}
REPORT(firmware, report_firmware);

static void report_system(struct json *json)
{
    struct smbios_structure structure;
    struct smbios_system system;
    if (!smbios_first(SMBIOS_TYPE_SYSTEM, &structure))
        return;
    smbios_read_system(smbios_here(), &structure, &system);
    json_open_object(json, "system");
    report_text(json, "manufacturer", system.manufacturer);
    report_text(json, "product", system.product);
    report_text(json, "version", system.version);
    report_text(json, "sku", system.sku);
    report_text(json, "family", system.family);
    json_close(json);
}

static void report_board(struct json *json)
{
    struct smbios_structure structure;
    struct smbios_board board;
    if (!smbios_first(SMBIOS_TYPE_BOARD, &structure))
        return;
    smbios_read_board(&structure, &board);
    json_open_object(json, "board");
    report_text(json, "manufacturer", board.manufacturer);
    report_text(json, "product", board.product);
    report_text(json, "version", board.version);
    json_close(json);
}

static void report_memory(struct json *json)
{
    struct smbios_cursor cursor = { 0 };
    struct smbios_structure structure;
    report_number(json, "memory_bytes", smbios_memory_bytes(smbios_here()));
    json_open_list(json, "memory");
    while (smbios_next_of(smbios_here(), SMBIOS_TYPE_MEMORY_DEVICE, &cursor, &structure)) {
        struct smbios_device device;
        smbios_read_device(&structure, &device);
        if (!device.is_populated)
            continue;
        json_open_object(json, NULL);
        report_text(json, "locator", device.locator);
        report_text(json, "bank", device.bank);
        report_number(json, "bytes", device.size_bytes);
        report_text(json, "kind", device.kind);
        report_number(json, "speed", device.speed);
        report_text(json, "manufacturer", device.manufacturer);
        report_text(json, "part", device.part);
        json_close(json);
    }
    json_close(json);
}

static void report_smbios(struct json *json)
{
    static const char *const sources[] = {
        [SMBIOS_FROM_LOADER] = "loader", [SMBIOS_FROM_EFI] = "efi", [SMBIOS_FROM_SCAN] = "scan"
    };
    const struct smbios_entry *entry = smbios_entry_here();
    struct smbios_structure structure;
    struct smbios_chassis chassis;
    if (!entry)
        return;
    char version[16];
    format_buffer(version, sizeof(version), "%u.%u", entry->major, entry->minor);
    json_string(json, "version", version);
    json_string(json, "from", sources[entry->source]);
    report_system(json);
    report_board(json);
    if (smbios_first(SMBIOS_TYPE_CHASSIS, &structure)) {
        smbios_read_chassis(&structure, &chassis);
        report_text(json, "chassis", chassis.kind);
    }
    report_memory(json);
}
REPORT(smbios, report_smbios);
