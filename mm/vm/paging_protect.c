/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing access, splitting of large pages at the edges of a range, and merging of what has become uniform.
 *
 * A split replaces one entry by a table with the same translations in one store, so at no moment is anything
 * unmapped. Entries between are never reused for another table before a flush.
 */
#include "paging_private.h"

/* NOLINTNEXTLINE(misc-no-recursion): one call a level of the page tables. */
void paging_protect_range(struct paging *paging, phys_t table, unsigned int level, virt_t virt, virt_t end,
                          unsigned int access)
{
    CHECK_HELD(&paging->lock);
    uint64_t *entry = entry_at(table, level, virt);
    for (virt_t next; !virt_is_equal(virt, end); virt = next, entry++) {
        next = piece_end(virt, end, span_of(level));
        if (is_leaf(*entry, level))
            write_entry(entry, paging_make_leaf(paging, paging_leaf_address(*entry, level), access, level));
        else
            paging_protect_range(paging, table_of(*entry), level - 1, virt, next, access);
    }
}

/* ---- splitting ---- */

/* The page that an entry of @level maps becomes a table of smaller ones. */
static status_t split_entry(struct paging *paging, uint64_t *entry, virt_t virt, unsigned int level)
{
    CHECK_HELD(&paging->lock);
    phys_t below = paging->take();
    if (!phys_is_valid(below))
        return STATUS_NO_MEMORY;
    unsigned int access = paging_access_of(*entry, level);
    phys_t address = paging_leaf_address(*entry, level);
    for (unsigned int i = 0; i < PTE_ENTRIES; i++)
        table_at(below)[i] =
            paging_make_leaf(paging, phys_add(address, i * span_of(level - 1)), access, level - 1);
    write_entry(entry, paging_table_entry(below, virt));
    /* Some CPUs raise a machine check when they hold a page in two sizes at once. */
    port_flush(virt_align_down(virt, span_of(level)), span_of(level));
    return STATUS_OK;
}

/* The page that covers @virt becomes smaller until it begins at @virt, or none covers it. */
static status_t split_at(struct paging *paging, virt_t virt)
{
    phys_t table = paging->root;
    for (unsigned int level = TOP_LEVEL; level > 1; level--) {
        uint64_t *entry = entry_at(table, level, virt);
        if (!is_present(*entry) || virt_offset_in(virt, span_of(level)) == 0)
            return STATUS_OK;
        status_t status = is_leaf(*entry, level) ? split_entry(paging, entry, virt, level) : STATUS_OK;
        if (status != STATUS_OK)
            return status;
        table = table_of(*entry);
    }
    return STATUS_OK;
}

status_t paging_split_edges(struct paging *paging, virt_t virt, uint64_t size_bytes)
{
    status_t status = split_at(paging, virt);
    if (status == STATUS_OK)
        status = split_at(paging, virt_add(virt, size_bytes));
    if (status != STATUS_OK)
        paging_merge_range(paging, virt, size_bytes);
    return status;
}

/* ---- merging ---- */

/* Whether a table at @level maps one range of @access from @address on, with the same access. The bits that
   the CPU sets make no difference. */
static bool is_uniform(const struct paging *paging, phys_t table, phys_t address, unsigned int access,
                       unsigned int level)
{
    for (unsigned int i = 0; i < PTE_ENTRIES; i++) {
        uint64_t wanted = paging_make_leaf(paging, phys_add(address, i * span_of(level)), access, level);
        if ((table_at(table)[i] & ~(PTE_ACCESSED | PTE_DIRTY)) != wanted)
            return false;
    }
    return true;
}

/* A table whose pages together are one larger page becomes that page. @level: of @entry. */
static void merge_entry(struct paging *paging, uint64_t *entry, virt_t virt, unsigned int level)
{
    CHECK_HELD(&paging->lock);
    if (!is_present(*entry) || is_leaf(*entry, level) || level == TOP_LEVEL ||
        (level == 3 && !paging->has_huge_pages))
        return;
    uint64_t old = *entry, first = *table_at(table_of(old));
    if (!is_present(first) || !is_leaf(first, level - 1))
        return;
    phys_t address = paging_leaf_address(first, level - 1);
    unsigned int access = paging_access_of(first, level - 1);
    if (!is_aligned(address.raw, span_of(level)) ||
        !is_uniform(paging, table_of(old), address, access, level - 1))
        return;
    virt_t start = virt_align_down(virt, span_of(level));
    write_entry(entry, paging_make_leaf(paging, address, access, level));
    if (port_flush_table(start, span_of(level))) {
        paging->give(table_of(old));
    } else {
        write_entry(entry, old);
        port_flush(start, span_of(level));
    }
}

/* Merges upwards around an address. */
static void merge_at(struct paging *paging, virt_t virt)
{
    struct paging_step steps[TOP_LEVEL];
    unsigned int count = paging_walk_tables(paging->root, virt, steps);
    for (unsigned int i = count; i-- > 0;)
        merge_entry(paging, &table_at(steps[i].table)[steps[i].index], virt, steps[i].level);
}

/* Also the tables of its edges, which reach further. */
void paging_merge_range(struct paging *paging, virt_t virt, uint64_t size_bytes)
{
    uint64_t span = span_of(2);
    virt_t first = virt_align_down(virt, span), last = virt_add(virt, size_bytes - 1);
    for (uint64_t done = 0; done <= virt_distance(first, last); done += span)
        merge_at(paging, virt_add(first, done));
}
