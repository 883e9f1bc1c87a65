/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page-table entries: from an address and an access to bits, and back.
 *
 * An entry above a leaf allows everything (write, and user in the lower half); only the leaf restricts, so
 * that one place decides.
 *
 * Source: Intel SDM vol. 3A, "4-Level Paging and 5-Level Paging"; "Page Attribute Table (PAT)".
 */
#include "paging_private.h"

static uint64_t leaf_address_mask(unsigned int level)
{
    return PTE_ADDRESS_MASK & ~(span_of(level) - 1);
}

uint64_t paging_make_leaf(const struct paging *paging, phys_t address, unsigned int access,
                          unsigned int level)
{
    uint64_t entry = address.raw | PTE_PRESENT;
    if (level > 1)
        entry |= PTE_LARGE;
    if (access & PAGE_WRITE)
        entry |= PTE_WRITE;
    if (access & PAGE_USER)
        entry |= PTE_USER;
    if (access & PAGE_GLOBAL)
        entry |= PTE_GLOBAL;
    if (!(access & PAGE_EXECUTE) && paging->has_nx)
        entry |= PTE_NX;
    if (access & PAGE_UNCACHED)
        entry |= PTE_PCD | PTE_PWT; /* PAT_INDEX_UC */
    else if (access & PAGE_WRITE_COMBINING)
        entry |= level > 1 ? PTE_PAT_LARGE : PTE_PAT_4K; /* PAT_INDEX_WC */
    return entry;
}

unsigned int paging_access_of(uint64_t entry, unsigned int level)
{
    unsigned int access = 0;
    if (entry & PTE_WRITE)
        access |= PAGE_WRITE;
    if (!(entry & PTE_NX))
        access |= PAGE_EXECUTE;
    if (entry & PTE_USER)
        access |= PAGE_USER;
    if (entry & PTE_GLOBAL)
        access |= PAGE_GLOBAL;
    if (entry & PTE_PCD)
        access |= PAGE_UNCACHED;
    else if (entry & (level > 1 ? PTE_PAT_LARGE : PTE_PAT_4K))
        access |= PAGE_WRITE_COMBINING;
    return access;
}

phys_t paging_leaf_address(uint64_t entry, unsigned int level)
{
    return phys(entry & leaf_address_mask(level));
}

uint64_t paging_table_entry(phys_t table, virt_t virt)
{
    return table.raw | PTE_PRESENT | PTE_WRITE | (virt.raw < USER_HALF_END ? PTE_USER : 0);
}
