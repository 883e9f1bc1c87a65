/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing access, splitting of large pages at the edges of a range, and merging of what has become uniform.
 *
 * A split replaces one entry by a table with the same translations in one store, so at no moment is anything
 * unmapped. Entries between are never reused for another table before a flush. One page is split, or half
 * a table compared, in a hold of the lock.
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

/* The page that an entry of @level maps becomes a table of smaller ones, in the frame @below. */
static void split_entry(struct paging *paging, uint64_t *entry, virt_t virt, unsigned int level, phys_t below)
{
    CHECK_HELD(&paging->lock);
    uint64_t leaf = paging_make_leaf(paging, paging_leaf_address(*entry, level),
                                     paging_access_of(*entry, level), level - 1);
    const uint64_t span = span_of(level - 1);
    for (uint64_t *table = table_at(below), *end = table + PTE_ENTRIES; table < end; table += 4) {
        for (unsigned int i = 0; i < 4; i++, leaf += span)
            table[i] = leaf;
    }
    write_entry(entry, paging_table_entry(below, virt));
    /* Some CPUs raise a machine check when they hold a page in two sizes at once. */
    port_flush(virt_align_down(virt, span_of(level)), span_of(level));
}

/* The page that covers @virt becomes smaller until it begins at @virt, or none covers it. */
static status_t split_at(struct paging *paging, virt_t virt, phys_t *spare)
{
    phys_t table = paging->root;
    for (unsigned int level = TOP_LEVEL; level > 1; level--) {
        uint64_t *entry = entry_at(table, level, virt);
        if (!is_present(*entry) || virt_offset_in(virt, span_of(level)) == 0)
            return STATUS_OK;
        if (is_leaf(*entry, level)) {
            if (!phys_is_valid(*spare))
                return STATUS_NO_MEMORY;
            split_entry(paging, entry, virt, level, *spare);
            *spare = PHYS_INVALID;
        }
        table = table_of(*entry);
    }
    return STATUS_OK;
}

status_t paging_split_edges(struct paging *paging, virt_t virt, uint64_t size_bytes, phys_t *spare)
{
    status_t status = split_at(paging, virt, spare);
    return status == STATUS_OK ? split_at(paging, virt_add(virt, size_bytes), spare) : status;
}

/* ---- merging ---- */

#define HALF       (PTE_ENTRIES / 2)
#define SET_BY_CPU (PTE_ACCESSED | PTE_DIRTY) /* make no difference */

/* Whether half a table maps pages of @span bytes from that of @wanted on, with one access. Eight at a time
   and inline, with a constant @span: it runs with interrupts off. */
static inline bool is_run(const uint64_t *entry, uint64_t wanted, const uint64_t span)
{
    for (const uint64_t *end = entry + HALF; entry < end; entry += 8, wanted += 8 * span) {
        uint64_t different = (entry[0] ^ wanted) | (entry[1] ^ (wanted + span)) |
                             (entry[2] ^ (wanted + 2 * span)) | (entry[3] ^ (wanted + 3 * span)) |
                             (entry[4] ^ (wanted + 4 * span)) | (entry[5] ^ (wanted + 5 * span)) |
                             (entry[6] ^ (wanted + 6 * span)) | (entry[7] ^ (wanted + 7 * span));
        if (different & ~SET_BY_CPU)
            return false;
    }
    return true;
}

/* Whether half @half of a table is part of the larger page that begins with its first entry. @level: of
   @entry, which leads to the table. @whole: receives that page as an entry, if there may be one. */
static bool is_half_of_page(struct paging *paging, uint64_t entry, unsigned int level, unsigned int half,
                            uint64_t *whole)
{
    const uint64_t *table = table_at(table_of(entry)), first = table[0];
    if (!is_present(first) || !is_leaf(first, level - 1))
        return false;
    phys_t address = paging_leaf_address(first, level - 1);
    unsigned int access = paging_access_of(first, level - 1);
    if (!is_aligned(address.raw, span_of(level)))
        return false;
    *whole = paging_make_leaf(paging, address, access, level);
    uint64_t wanted =
        paging_make_leaf(paging, phys_add(address, half * HALF * span_of(level - 1)), access, level - 1);
    table += half * HALF;
    return level == 2 ? is_run(table, wanted, PAGE_SIZE) : is_run(table, wanted, LARGE_PAGE_SIZE);
}

/* Return: the entry of @level for @virt if it leads to a table; else NULL. */
static uint64_t *entry_of_table(struct paging *paging, unsigned int level, virt_t virt)
{
    uint64_t *entry = entry_at(paging->root, TOP_LEVEL, virt);
    for (unsigned int at = TOP_LEVEL; is_present(*entry) && !is_leaf(*entry, at);) {
        if (at == level)
            return entry;
        at--;
        entry = entry_at(table_of(*entry), at, virt);
    }
    return NULL;
}

bool paging_may_merge(struct paging *paging, unsigned int level, virt_t virt)
{
    CHECK_HELD(&paging->lock);
    const uint64_t *entry = entry_of_table(paging, level, virt);
    uint64_t whole;
    return entry && paging->half_mapped == 0 && is_half_of_page(paging, *entry, level, 0, &whole);
}

phys_t paging_merge_one(struct paging *paging, unsigned int level, virt_t virt)
{
    CHECK_HELD(&paging->lock);
    uint64_t *entry = entry_of_table(paging, level, virt), whole;
    if (!entry || !is_half_of_page(paging, *entry, level, 1, &whole))
        return PHYS_INVALID;
    uint64_t old = *entry;
    virt_t start = virt_align_down(virt, span_of(level));
    write_entry(entry, whole);
    if (port_flush_table(start, span_of(level)))
        return table_of(old);
    write_entry(entry, old);
    port_flush(start, span_of(level));
    return PHYS_INVALID;
}
