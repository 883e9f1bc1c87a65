/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NUMA nodes: domains of the SRAT become nodes, memory gets ranges, CPUs get their node.
 */
#include <platform/tables.h>

#include <acpi/numa.h>

static void report_if_cut(const struct platform_firmware *firmware, const struct srat *srat)
{
    struct srat_entry entry;
    size_t cursor = 0;
    status_t status;
    while ((status = srat_next(srat, &cursor, &entry)) == STATUS_OK)
        ;
    if (status == STATUS_MALFORMED)
        firmware->report_fault("SRAT truncated: invalid entry length, rest ignored: from offset", cursor);
}

/* Nodes and distances are permanent. Return: NULL when there are none. */
static struct numa *describe(const struct platform_firmware *firmware)
{
    struct srat srat;
    struct slit slit;
    size_t size_bytes, one = 1;
    const void *data = firmware->find("SRAT", 0, &size_bytes);
    if (!data || srat_parse(data, size_bytes, &srat) != STATUS_OK)
        return NULL;
    report_if_cut(firmware, &srat);
    data = firmware->find("SLIT", 0, &size_bytes);
    bool has_slit = data && slit_parse(data, size_bytes, &slit) == STATUS_OK;
    struct numa *numa = platform_take_array(firmware, &one, sizeof(*numa),
                                            "no memory for NUMA nodes: all memory is one node:");
    bool has_nodes = numa && numa_describe(&srat, has_slit ? &slit : NULL, numa) == STATUS_OK;
    return has_nodes ? numa : NULL;
}

static void add_ranges(const struct numa *numa, struct platform *platform)
{
    struct numa_cursor cursor = { .offset = 0 };
    struct buddy_node_range range;
    platform->node_range_count = 0;
    while (numa_next_range(numa, &cursor, &range)) {
        if (platform->node_ranges)
            platform->node_ranges[platform->node_range_count] = range;
        platform->node_range_count++;
    }
}

void platform_read_nodes(const struct platform_firmware *firmware, struct platform *platform)
{
    struct numa *numa = describe(firmware);
    if (!numa)
        return;
    add_ranges(numa, platform);
    if (platform->node_range_count > 0) {
        platform->node_ranges =
            platform_take_array(firmware, &platform->node_range_count, sizeof(*platform->node_ranges),
                                "no memory for NUMA ranges: all memory is one node: ranges");
        if (!platform->node_ranges)
            return;
        add_ranges(numa, platform);
    }
    platform->node_count = numa->node_count;
    platform->domains = numa->domains;
    platform->domains_left_out = numa->domains_left_out;
    platform->distances = numa->has_distances ? numa->distances : NULL;
    for (size_t i = 0; i < platform->cpu_count; i++)
        platform->cpus[i].node = numa_node_of_cpu(numa, platform->cpus[i].apic_id);
}
