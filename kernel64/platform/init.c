/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * This machine's struct platform. Tables come through acpi/init.h, arrays are early memory.
 */
#include <platform/platform.h>

#include <acpi/init.h>
#include <boot/early.h>
#include <log/log.h>
#include <platform/power.h>
#include <platform/pvpanic.h>
#include <platform/tables.h>

static struct platform here;

const struct platform *platform(void)
{
    return &here;
}

unsigned int platform_node_of(uint32_t apic_id)
{
    for (size_t i = 0; i < here.cpu_count; i++)
        if (here.cpus[i].apic_id == apic_id)
            return here.cpus[i].node;
    return 0;
}

static const void *find(const char *signature, size_t index, size_t *size_bytes)
{
    const struct acpi_index *tables = acpi_tables_here();
    const struct acpi_table *table = NULL;
    if (!tables)
        return NULL;
    do
        table = acpi_index_find(tables, signature, table);
    while (table && index-- > 0);
    const void *bytes = table ? acpi_read(table->address, table->length) : NULL;
    if (bytes)
        *size_bytes = table->length;
    return bytes;
}

static void report_fault(const char *sentence, size_t number)
{
    log_warn("acpi", "%s %lu", sentence, number);
}

static const struct platform_firmware firmware = {
    .find = find, .read = acpi_read, .take = early_take, .report_fault = report_fault
};

static void log_nodes(void)
{
    if (here.domains)
        log_info("memory", "%u NUMA nodes, %zu memory ranges, distances %s", here.node_count,
                 here.node_range_count, here.distances ? "from the SLIT" : "unknown");
    if (here.domains_left_out > 0)
        log_warn("memory", "%u NUMA domains above the maximum of nodes: their memory is node 0's",
                 here.domains_left_out);
}

const struct buddy_setup *platform_nodes(void)
{
    static struct buddy_setup setup;
    setup.node_ranges = here.node_ranges;
    setup.node_range_count = here.node_range_count;
    setup.node_count = here.node_count;
    setup.distances = here.distances;
    return &setup;
}

void platform_init_early(void)
{
    platform_read_fadt(&firmware, &here);
    platform_read_serials(&firmware, &here);
    platform_power_init_early(&here);
    platform_pvpanic_init(&firmware, &here);
}

void platform_init(void)
{
    platform_read_tables(&firmware, &here);
    if (here.source == PLATFORM_MP_TABLES)
        log_info("platform", "no MADT; using the MP tables of %s %s", here.mp_oem, here.mp_product);
    log_nodes();
    platform_power_init(&here);
    platform_pvpanic_init(&firmware, &here);
}
