/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * This machine's NUMA nodes: what SRAT and SLIT say, as the buddy allocator wants it.
 */
#include <ashlar/mm/buddy.h>

/**
 * numa_fill_in() - describe nodes in @setup.
 *
 * Leaves it as it is, one node, where the firmware says nothing, with noacpi, or where there is no room for
 * the list.
 * Context: once, before buddy_init(); @setup's pointers stay good.
 */
void numa_fill_in(struct buddy_setup *setup);

/* Return: a CPU's node; 0 where nobody knows. */
unsigned int numa_home_of(uint32_t apic_id);

/* Return: what the firmware calls a node. */
uint32_t numa_domain_of(unsigned int node);
