/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot page tables. Frames are taken from the pool in order and zeroed; upper levels allow every access, the
 * last one has the permissions.
 */
#include "tables.h"

#include <ashlar/bits.h>
#include <ashlar/hw/paging.h>

static uint64_t *frame_pointer(const struct tables *tables, uint64_t entry)
{
    uint32_t offset = (uint32_t)((entry & PTE_ADDRESS_MASK) - tables->pool_start);
    return tables->pool + offset / sizeof(uint64_t);
}

/* Return: the frame's physical address, 0 when there is none left. */
static uint64_t take_frame(struct tables *tables)
{
    if (tables->used == tables->frame_count)
        return 0;
    uint64_t frame = tables->pool_start + (uint64_t)tables->used++ * PAGE_SIZE;
    uint64_t *entries = frame_pointer(tables, frame);
    for (int i = 0; i < PTE_ENTRIES; i++)
        entries[i] = 0;
    return frame;
}

status_t tables_init(struct tables *tables)
{
    tables->used = 0;
    return take_frame(tables) ? STATUS_OK : STATUS_NO_MEMORY;
}

/* @level: 1 is the page table's, 4 the PML4's. By constant shifts: a 64-bit shift by a variable is
   a call into the compiler's library for Clang at -Os, and we have none. */
static unsigned int index_at(uint64_t virt, unsigned int level)
{
    uint64_t index = virt >> PAGE_SHIFT;
    while (--level > 0)
        index >>= PTE_INDEX_BITS;
    return (unsigned int)index & (PTE_ENTRIES - 1);
}

/* Down from the PML4 to the table of @leaf_level that maps @virt, taking frames for those that are
   missing. */
static status_t find_table(struct tables *tables, uint64_t virt, unsigned int leaf_level, uint64_t **found)
{
    uint64_t *table = tables->pool;
    for (unsigned int level = 4; level > leaf_level; level--) {
        uint64_t *entry = &table[index_at(virt, level)];
        if (!(*entry & PTE_PRESENT)) {
            uint64_t frame = take_frame(tables);
            if (!frame)
                return STATUS_NO_MEMORY;
            *entry = frame | PTE_PRESENT | PTE_WRITE;
        } else if (*entry & PTE_LARGE) {
            return STATUS_EXISTS;
        }
        table = frame_pointer(tables, *entry);
    }
    *found = table;
    return STATUS_OK;
}

status_t tables_map(struct tables *tables, uint64_t virt, uint64_t phys, uint64_t size_bytes,
                    uint64_t page_size, unsigned int permissions)
{
    unsigned int level = page_size == PAGE_SIZE ? 1 : page_size == LARGE_PAGE_SIZE ? 2 : 3;
    if ((level == 3 && page_size != HUGE_PAGE_SIZE) || !is_aligned(virt | phys | size_bytes, page_size))
        return STATUS_INVALID;

    uint64_t leaf = PTE_PRESENT;
    if (permissions & TABLES_WRITE)
        leaf |= PTE_WRITE;
    if (!(permissions & TABLES_EXECUTE) && tables->has_nx)
        leaf |= PTE_NX;
    if (level > 1)
        leaf |= PTE_LARGE;

    /* A table at a time: a walk for each page took longer than the rest of the stub. */
    for (uint64_t done = 0; done < size_bytes;) {
        uint64_t *table = NULL;
        status_t status = find_table(tables, virt + done, level, &table);
        for (unsigned int i = index_at(virt + done, level);
             status == STATUS_OK && i < PTE_ENTRIES && done < size_bytes; i++) {
            if (table[i] & PTE_PRESENT)
                return STATUS_EXISTS;
            table[i] = leaf | (phys + done);
            done += page_size;
        }
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}
