/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * From the swept memory map to allocators.
 */
#include <ashlar/mm/buddy.h>

/**
 * memory_init() - give all usable memory that the direct map holds to the buddy allocator, and bring up the
 * slab allocator over it. From here on fail= makes allocations fail.
 * @nodes: the NUMA nodes, from platform_nodes(); the rest is filled in here.
 *
 * Panics when there is not enough even for the allocators' tables.
 * Context: once, BSP, after address_space_init().
 */
void memory_init(const struct buddy_setup *nodes);

/* Return: whether a frame is the allocator's, and free. Context: any. */
bool memory_is_free(phys_t frame);
