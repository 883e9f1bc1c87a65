/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Firmware marks most of its tables as ACPI memory in the memory map, and some of them not at all, so each
 * table that the walk from the root finds is added to the map.
 */
#include <acpi/init.h>

#include <acpi/root.h>
#include <ashlar/bits.h>
#include <boot/machine.h>
#include <boot/options.h>
#include <log/log.h>
#include <lib/parse.h>
#include <vm/firmware_memory.h>

/* Number of bad tables that are logged one by one. */
#define NAMED_MAX 12

OPTION(acpi_rsdp, "ADDRESS", "address of the RSDP, below 4 GiB");
OPTION(noacpi, "", "do not use ACPI");

static struct acpi_root root;
static struct acpi_index tables;
static bool has_root;
static acpi_read_fn *reader = machine_read_early;

const struct acpi_index *acpi_tables_here(void)
{
    return has_root ? &tables : NULL;
}

const void *acpi_read(phys_t address, size_t size_bytes)
{
    return reader(address, size_bytes);
}

const void *acpi_find_here(const char *signature, size_t *size_bytes)
{
    const struct acpi_table *table = has_root ? acpi_index_find(&tables, signature, NULL) : NULL;
    const void *bytes = table ? acpi_read(table->address, table->length) : NULL;
    if (bytes)
        *size_bytes = table->length;
    return bytes;
}

/* ---- warnings ---- */

static const char *root_name(bool is_xsdt)
{
    return is_xsdt ? "XSDT" : "RSDT";
}

static const char *reason_of(const struct acpi_table *table)
{
    switch (table->status) {
    case STATUS_OK:
        return table->checksum_ok ? "no entry is a table" : "bad checksum";
    case STATUS_TRUNCATED:
        return "unreadable";
    case STATUS_INVALID:
        return "too short";
    case STATUS_TOO_BIG:
        return "tables before it exceed the size limit";
    default:
        return "invalid header";
    }
}

static void report_root(void)
{
    const char *name = root_name(tables.root.is_xsdt);
    if (tables.refused.address.raw != 0)
        log_warn("acpi", "XSDT at P%#lx: %s; using the RSDT", tables.refused.address.raw,
                 reason_of(&tables.refused));
    if (tables.root_table.status != STATUS_OK)
        log_warn("acpi", "%s at P%#lx: %s; no ACPI tables", name, tables.root.table.raw,
                 reason_of(&tables.root_table));
    else if (!tables.root_table.checksum_ok)
        log_warn("acpi", "%s at P%#lx: bad checksum; used anyway", name, tables.root.table.raw);
    if (tables.left_out > 0)
        log_warn("acpi", "%s lists %lu tables: %lu ignored, all but the first %u and the first of each kind",
                 name, tables.listed, tables.left_out, ACPI_TABLES_MAX);
    if (tables.entries_cut > 0)
        log_warn("acpi", "%s truncated: %lu of its %lu entries ignored", name, tables.entries_cut,
                 tables.listed);
}

static void report_tables(void)
{
    size_t bad = 0;
    for (size_t i = 0; i < tables.count; i++) {
        const struct acpi_table *table = &tables.tables[i];
        if (table->status == STATUS_OK && table->checksum_ok)
            log_debug("acpi", "%s at P%#lx, %u bytes", table->signature, table->address.raw, table->length);
        else if (++bad > NAMED_MAX)
            continue;
        else if (table->status == STATUS_OK)
            log_warn("acpi", "%s at P%#lx: bad checksum; used anyway", table->signature, table->address.raw);
        else
            log_warn("acpi", "%s at P%#lx ignored: %s", table->signature[0] ? table->signature : "?",
                     table->address.raw, reason_of(table));
    }
    if (bad > NAMED_MAX)
        log_warn("acpi", "%lu more tables ignored or with a bad checksum; the command 'acpi' lists them",
                 bad - NAMED_MAX);
}

/* The warnings are logged here and not before: a table above 4 GiB is out of acpi_find_root()'s reach, but
   valid. */
void acpi_init_late(void)
{
    reader = firmware_memory_read;
    if (!has_root)
        return;
    acpi_index_retry(reader, &root, &tables);
    report_root();
    report_tables();
}

/* ---- setup ---- */

static void reserve(const struct acpi_table *table)
{
    if (table->status == STATUS_OK)
        machine_reserve(phys_range_at(table->address, table->length), MEMMAP_ACPI_TABLE);
}

/* acpi_rsdp=: for a loader that does not pass on UEFI's RSDP, such as kexec from Linux. */
static bool find_root_by_option(void)
{
    char value[32];
    uint64_t address;
    status_t status = option_read(&option_acpi_rsdp, value, sizeof(value));
    if (status == STATUS_NOT_FOUND)
        return false;
    if (status != STATUS_OK || parse_number(value, &address) != STATUS_OK) {
        log_warn("acpi", "acpi_rsdp=%s: expected an address, such as 0x7fb7e014", value);
        return false;
    }
    status = acpi_root_at(acpi_read, phys(address), &root);
    if (status != STATUS_OK)
        log_warn("acpi", "acpi_rsdp=%s: no RSDP at this address; searching for one", value);
    return status == STATUS_OK;
}

void acpi_find_root(void)
{
    if (option_is_given(&option_noacpi))
        return;
    has_root = find_root_by_option() || acpi_locate_root(machine_boot_info(), acpi_read, &root) == STATUS_OK;
    if (has_root)
        acpi_index_build(acpi_read, &root, &tables);
}

void acpi_init(void)
{
    if (!has_root) {
        log_info("acpi", option_is_given(&option_noacpi) ? "disabled by the option noacpi"
                                                         : "no RSDP found: no ACPI tables");
        return;
    }
    reserve(&tables.root_table);
    for (size_t i = 0; i < tables.count; i++)
        reserve(&tables.tables[i]);
    log_info("acpi", "%s at P%#lx by %s: %lu tables", root_name(tables.root.is_xsdt), tables.root.table.raw,
             root.oem, tables.count);
}
