/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which memory is near which CPU, from the firmware's tables to the buddy allocator.
 */
#include <platform/numa.h>

#include <acpi/init.h>
#include <acpi/numa.h>
#include <boot/early.h>
#include <cpu/features.h>
#include <log/log.h>

static struct numa numa;
static bool is_numa;

static void complain_about(const struct srat *srat)
{
    struct srat_entry entry;
    size_t cursor = 0;
    status_t status;
    while ((status = srat_next(srat, &cursor, &entry)) == STATUS_OK)
        ;
    if (status == STATUS_MALFORMED)
        log_warn("acpi",
                 "SRAT cut short: an entry's length is wrong, and the rest is dropped: from offset %lu",
                 cursor);
}

/* Return: whether the firmware describes nodes. */
static bool describe(void)
{
    struct srat srat;
    struct slit slit;
    size_t size_bytes;
    const void *data = acpi_find_here("SRAT", &size_bytes);
    if (!data || srat_parse(data, size_bytes, &srat) != STATUS_OK)
        return false;
    complain_about(&srat);
    data = acpi_find_here("SLIT", &size_bytes);
    bool has_slit = data && slit_parse(data, size_bytes, &slit) == STATUS_OK;
    return numa_describe(&srat, has_slit ? &slit : NULL, &numa) == STATUS_OK;
}

static size_t count_ranges(void)
{
    struct numa_cursor cursor = { .offset = 0 };
    struct buddy_node_range range;
    size_t count = 0;
    while (numa_next_range(&numa, &cursor, &range))
        count++;
    return count;
}

void numa_fill_in(struct buddy_setup *setup)
{
    if (!describe())
        return;
    size_t count = count_ranges();
    struct buddy_node_range *ranges = early_take(count * sizeof(*ranges), _Alignof(struct buddy_node_range));
    if (!ranges) {
        log_warn("memory",
                 "%zu runs of NUMA memory are more than there is room for: all memory counts as one node",
                 count);
        return;
    }
    struct numa_cursor cursor = { .offset = 0 };
    for (size_t i = 0; i < count; i++)
        (void)numa_next_range(&numa, &cursor, &ranges[i]);
    is_numa = true;
    setup->node_ranges = ranges;
    setup->node_range_count = count;
    setup->node_count = numa.node_count;
    setup->distances = numa.has_distances ? numa.distances : NULL;
    log_info("memory", "%u NUMA nodes with %zu runs of memory; distances %s", numa.node_count, count,
             numa.has_distances ? "from the SLIT" : "unknown");
    if (numa.domains_left_out > 0)
        log_warn("memory", "%u more NUMA domains than there are nodes: their memory counts as node 0's",
                 numa.domains_left_out);
}

unsigned int numa_home_of(uint32_t apic_id)
{
    return is_numa ? numa_node_of_cpu(&numa, apic_id) : 0;
}

uint32_t numa_domain_of(unsigned int node)
{
    return is_numa ? numa.domains[node] : 0;
}
