/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NUMA nodes: which memory belongs to which, how far they are from each other, and each CPU's.
 */
#include "buddy_private.h"

extern PORT_PER_CPU(unsigned int, buddy_cpu_node);
PORT_PER_CPU(unsigned int, buddy_cpu_node);

status_t buddy_set_nodes(const struct buddy_setup *setup)
{
    phys_t at = { 0 };
    buddy.node_run_count = 0;
    for (;;) {
        const struct buddy_node_range *next = NULL;
        for (size_t i = 0; i < setup->node_range_count; i++) {
            const struct buddy_node_range *range = &setup->node_ranges[i];
            if (range->node >= buddy.node_count || !phys_is_below(range->start, range->end))
                return STATUS_INVALID;
            if (!phys_is_below(range->start, at) && (!next || phys_is_below(range->start, next->start)))
                next = range;
        }
        if (!next || phys_is_below(at, next->start))
            buddy.node_runs[buddy.node_run_count++] = (struct node_run){ phys_to_pfn(at), 0 };
        if (!next)
            break;
        buddy.node_runs[buddy.node_run_count++] = (struct node_run){ phys_to_pfn(next->start), next->node };
        at = next->end;
    }
    for (unsigned int i = 0; buddy.distances && i < buddy.node_count * buddy.node_count; i++)
        buddy.distances[i] = setup->distances[i];
    return STATUS_OK;
}

unsigned int buddy_node_of(phys_t address)
{
    for (size_t i = buddy.node_run_count; i-- > 0;)
        if (!pfn_is_below(phys_to_pfn(address), buddy.node_runs[i].start))
            return buddy.node_runs[i].node;
    return 0;
}

unsigned int buddy_node_count(void)
{
    return buddy.node_count;
}

unsigned int buddy_home_node(void)
{
    return PORT_MINE(buddy_cpu_node);
}

void buddy_set_cpu_node(unsigned int cpu, unsigned int node)
{
    *PORT_OF(buddy_cpu_node, cpu) = node;
}

unsigned int buddy_nearest_node(unsigned int from, uint64_t seen)
{
    unsigned int best = BUDDY_MAX_NODES, best_distance = UINT32_MAX;
    for (unsigned int to = 0; to < buddy.node_count; to++) {
        unsigned int distance = buddy.distances ? buddy.distances[from * buddy.node_count + to] : 0;
        if (!(seen & BIT(to)) && distance < best_distance) {
            best = to;
            best_distance = distance;
        }
    }
    return best;
}
