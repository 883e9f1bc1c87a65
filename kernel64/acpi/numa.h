/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The allocator's nodes, from SRAT and SLIT: domains, which are any 32-bit numbers, become nodes 0, 1, ... in
 * the order of their first entry in the SRAT. Pure, hosted-tested.
 *
 * Context of all: as acpi/view.h's: any.
 *
 * For platform/nodes.c, which fills in struct buddy_setup and each CPU's node.
 */
#include <acpi/slit.h>
#include <acpi/srat.h>
#include <ashlar/mm/buddy.h>

struct numa {
    struct srat srat;
    unsigned int node_count; /* 1 .. BUDDY_MAX_NODES */
    uint32_t domains[BUDDY_MAX_NODES];
    unsigned int domains_left_out; /* beyond BUDDY_MAX_NODES: their memory and CPUs count as node 0's */
    bool has_distances;
    uint8_t distances[BUDDY_MAX_NODES * BUDDY_MAX_NODES]; /* [from * node_count + to] */
};

/**
 * numa_describe() - number the nodes, and read their distances.
 * @srat: its bytes must stay valid as long as @numa is used.
 * @slit: NULL when there is none. An invalid one is ignored: it must have every domain of an enabled entry,
 *        with 10 from each to itself and more to all others.
 * @numa: filled in.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND when the SRAT has no enabled entry.
 */
status_t numa_describe(const struct srat *srat, const struct slit *slit, struct numa *numa) MUST_CHECK;

/* State of numa_next_range(). All zero at first. */
struct numa_cursor {
    size_t offset;          /* of the current entry */
    struct phys_range rest; /* of it; empty: continue with the next entry */
    uint32_t node;
    size_t entry; /* its offset, for the ones before it */
};

/**
 * numa_next_range() - iterate over ranges of memory and their nodes, as struct buddy_setup needs them.
 * @numa:   from numa_describe().
 * @cursor: all zero at first.
 * @range:  filled in.
 *
 * In the table's order, page-aligned, without overlap: memory that two entries contain belongs to the first.
 * Disabled and non-volatile entries are skipped.
 * Return: false after the last.
 */
bool numa_next_range(const struct numa *numa, struct numa_cursor *cursor, struct buddy_node_range *range);

/* Return: the node of the CPU with that APIC id; 0 when the SRAT has no entry for it. */
unsigned int numa_node_of_cpu(const struct numa *numa, uint32_t apic_id);
