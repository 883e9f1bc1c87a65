/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The kernel's own address space, as layout.h draws it: docs/address-space.md.
 */
#include <ashlar/mm/paging.h>

/**
 * address_space_init() - leave the stub's page tables for our own.
 *
 * Afterwards the kernel image is mapped as before, the direct map holds RAM and nothing else, and
 * the lower half is empty. RAM for which there are no page-table frames is left out of the direct
 * map, with a warning; address_space_ram_end() says where.
 * Context: once, BSP, interrupts off, after machine_build_memory_map().
 */
void address_space_init(void);

/* Return: the kernel's page tables. Context: any. */
struct paging *address_space(void);

/* Return: the end of the direct map: RAM at and above it cannot be used. Context: any. */
phys_t address_space_ram_end(void);

/* From now on page tables are allocated from the buddy allocator. Context: once, BSP, in memory_init(). */
void address_space_use_allocator(void);

/* Return: the number of allocated frames that are page tables. Context: any. */
uint64_t address_space_allocated_tables(void);
