/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The allocator's nodes out of SRAT and SLIT: domains, which are any 32-bit numbers, become nodes 0, 1, ...
 * in the order in which the SRAT first names them. Pure, hosted-tested.
 *
 * For: glue, which fills in struct buddy_setup, and smp, which asks for each CPU's node.
 */
#include <acpi/slit.h>
#include <acpi/srat.h>
#include <ashlar/mm/buddy.h>

struct numa {
    struct srat srat;
    unsigned int node_count; /* 1 .. BUDDY_MAX_NODES */
    uint32_t domains[BUDDY_MAX_NODES];
    unsigned int domains_left_out; /* more than there is room for: what belongs to them is node 0's */
    bool has_distances;
    uint8_t distances[BUDDY_MAX_NODES * BUDDY_MAX_NODES]; /* [from * node_count + to] */
};

/**
 * numa_describe() - number the nodes, and how far they are from each other.
 * @srat: its bytes must stay as long as @numa is used.
 * @slit: NULL when there is none. One that is not sound is not used: it has to know every domain of
 *        an enabled entry, with 10 from each to itself and more to all others.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND when the SRAT has no enabled entry.
 */
status_t numa_describe(const struct srat *srat, const struct slit *slit, struct numa *numa) MUST_CHECK;

/* Where numa_next_range() stands. All zero to begin with. */
struct numa_cursor {
    size_t offset;  /* of the entry that is being cut up */
    uint64_t start; /* what of it is still to come; empty: go on to the next */
    uint64_t end;
    uint32_t node;
    size_t entry; /* its offset, for the ones before it */
};

/**
 * numa_next_range() - iterate over runs of memory and their nodes, as struct buddy_setup wants them.
 *
 * In the table's order, page-aligned, none overlapping: where two entries claim the same memory, the
 * first has it. Disabled and non-volatile entries are left out.
 * Return: false when there is none left.
 */
bool numa_next_range(const struct numa *numa, struct numa_cursor *cursor, struct buddy_node_range *range);

/* Return: the node of the CPU with that APIC id; 0 when the SRAT does not name it. */
unsigned int numa_node_of_cpu(const struct numa *numa, uint32_t apic_id);
