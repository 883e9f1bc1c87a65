/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Firmware lists most of its tables as ACPI memory, and some of them nowhere, so each is claimed
 * where the walk from the root finds it.
 */
#include <acpi/init.h>

#include <acpi/leave_ways.h>
#include <acpi/root.h>
#include <ashlar/bits.h>
#include <boot/machine.h>
#include <diag/log.h>

static struct acpi_root root;
static bool has_root;
static acpi_read_fn *reader = machine_read_early;

const struct acpi_root *acpi_root_here(void)
{
    return has_root ? &root : NULL;
}

const void *acpi_read(phys_t address, size_t size_bytes)
{
    return reader(address, size_bytes);
}

void acpi_set_reader(acpi_read_fn *read)
{
    reader = read;
}

const void *acpi_find_here(const char *signature, size_t *size_bytes)
{
    struct acpi_table table;
    if (!has_root || acpi_find_table(acpi_read, &root, signature, &table) != STATUS_OK)
        return NULL;
    *size_bytes = table.length;
    return acpi_read(table.address, table.length);
}

static void claim(const struct acpi_table *table)
{
    machine_add_claim(table->address.raw, range_end(table->address.raw, table->length), MEMMAP_ACPI_TABLE);
}

static void claim_tables(void)
{
    struct acpi_table table;
    unsigned int count = 0;
    status_t status = acpi_read_table(acpi_read, root.table, &table);
    if (status == STATUS_OK)
        claim(&table);
    for (size_t cursor = 0;
         (status = acpi_next_table(acpi_read, &root, &cursor, &table)) != STATUS_NOT_FOUND;) {
        if (status == STATUS_OK) {
            claim(&table);
            count++;
        } else if (table.address.raw) {
            log_warn("acpi", "the table at P%#lx cannot be used: %s", table.address.raw,
                     status_sentence(status));
        }
    }
    log_info("acpi", "%s at P%#lx of %s, %u tables", root.is_xsdt ? "XSDT" : "RSDT", root.table.raw, root.oem,
             count);
}

void acpi_init(void)
{
    if (machine_has_option("noacpi")) {
        log_info("acpi", "not looked at, because of the option noacpi");
        return;
    }
    if (acpi_locate_root(machine_boot_info(), acpi_read, &root) != STATUS_OK) {
        log_info("acpi", "no root pointer");
        return;
    }
    has_root = true;
    claim_tables();
    acpi_add_leave_ways(&root, acpi_read);
}
