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
 * Context: once, first CPU, interrupts off, after machine_sweep_claims().
 */
void address_space_init(void);

/* The tree that the CPU uses. */
struct paging *address_space(void);

/* RAM at and above this address is not in the direct map, so nobody may use it. */
phys_t address_space_ram_end(void);

/* Frames can be allocated from now on, for page tables, too. */
void address_space_use_allocator(void);

/* Frames of the allocator's that are page tables now. */
uint64_t address_space_allocated_tables(void);
