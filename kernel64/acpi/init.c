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

static void claim(const struct acpi_table *table)
{
    machine_add_claim(table->address.raw, range_end(table->address.raw, table->length), MEMMAP_ACPI_TABLE);
}

static void claim_tables(const struct acpi_root *root)
{
    struct acpi_table table;
    unsigned int count = 0;
    status_t status = acpi_read_table(machine_read_early, root->table, &table);
    if (status == STATUS_OK)
        claim(&table);
    for (size_t cursor = 0;
         (status = acpi_next_table(machine_read_early, root, &cursor, &table)) != STATUS_NOT_FOUND;) {
        if (status == STATUS_OK) {
            claim(&table);
            count++;
        } else if (table.address.raw) {
            log_warn("acpi", "the table at P%#lx cannot be used: %s", table.address.raw,
                     status_sentence(status));
        }
    }
    log_info("acpi", "%s at P%#lx of %s, %u tables", root->is_xsdt ? "XSDT" : "RSDT", root->table.raw,
             root->oem, count);
}

void acpi_init(void)
{
    struct acpi_root root;
    if (machine_has_option("noacpi")) {
        log_info("acpi", "not looked at, because of the option noacpi");
        return;
    }
    if (acpi_locate_root(machine_boot_info(), machine_read_early, &root) != STATUS_OK) {
        log_info("acpi", "no root pointer");
        return;
    }
    claim_tables(&root);
    acpi_add_leave_ways(&root, machine_read_early);
}
