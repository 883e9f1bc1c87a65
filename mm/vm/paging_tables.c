/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables: made where an entry is needed, freed when the last entry has gone.
 *
 * A table is freed in three steps: the entry that leads to it is cleared, so that no CPU starts to walk it;
 * all CPUs invalidate their paging-structure caches; then its frame is freed. When a CPU cannot be made to
 * drop it, the entry is put back: an empty table maps nothing, and serves the next mapping there. The first
 * two happen in one hold of the lock, for one table, the third after it; the next hold tests whether the
 * table above has become empty. Another CPU may use an empty table in between, which then is not empty.
 */
#include "paging_private.h"

#define KEPT_LEVEL 3 /* tables of the upper half at this level are never freed */

phys_t paging_new_table(struct paging *paging)
{
    phys_t table = paging->take();
    if (phys_is_valid(table))
        __builtin_memset(table_at(table), 0, PAGE_SIZE);
    return table;
}

status_t paging_enter(struct paging *paging, uint64_t *entry, unsigned int level, virt_t virt, phys_t *spare,
                      phys_t *table)
{
    CHECK_HELD(&paging->lock);
    if (!is_present(*entry)) {
        if (!phys_is_valid(*spare))
            return STATUS_NO_MEMORY;
        write_entry(entry, paging_table_entry(*spare, virt));
        *spare = PHYS_INVALID;
    } else if (is_leaf(*entry, level)) {
        return STATUS_EXISTS;
    }
    *table = table_of(*entry);
    return STATUS_OK;
}

/* Eight at a time: all 512 are read with interrupts off. */
static bool is_empty(phys_t table)
{
    const uint64_t *entries = table_at(table);
    for (unsigned int i = 0; i < PTE_ENTRIES; i += 8) {
        if ((entries[i] | entries[i + 1] | entries[i + 2] | entries[i + 3] | entries[i + 4] | entries[i + 5] |
             entries[i + 6] | entries[i + 7]) != 0)
            return false;
    }
    return true;
}

/* An empty table stays for @size_bytes from @start on. They may end at 2^64, so the last one is noted. */
static void note_kept(struct paging *paging, virt_t start, uint64_t size_bytes)
{
    virt_t last = virt_add(start, size_bytes - 1);
    if (paging->kept_last.raw == 0 || virt_is_below(start, paging->kept_start))
        paging->kept_start = start;
    if (virt_is_below(paging->kept_last, last))
        paging->kept_last = last;
}

phys_t paging_detach_if_empty(struct paging *paging, uint64_t *entry, virt_t virt, unsigned int level)
{
    CHECK_HELD(&paging->lock);
    uint64_t old = *entry;
    if ((level == KEPT_LEVEL && virt.raw >= USER_HALF_END) || !is_empty(table_of(old)))
        return PHYS_INVALID;
    virt_t start = virt_align_down(virt, span_of(level + 1));
    write_entry(entry, 0);
    /* A CPU may hold the entry in its paging-structure caches: any flush inside drops those. */
    if (port_flush_table(start, PAGE_SIZE))
        return table_of(old);
    write_entry(entry, old);
    note_kept(paging, start, span_of(level + 1));
    return PHYS_INVALID;
}

/* NOLINTNEXTLINE(misc-no-recursion): one call a level of the page tables. */
status_t paging_prepare_range(struct paging *paging, phys_t table, unsigned int level, unsigned int lowest,
                              virt_t *virt, virt_t end, phys_t *spare)
{
    while (!virt_is_equal(*virt, end)) {
        virt_t next = piece_end(*virt, end, span_of(level));
        phys_t below;
        status_t status = paging_enter(paging, entry_at(table, level, *virt), level, *virt, spare, &below);
        if (status == STATUS_OK && level - 1 > lowest)
            status = paging_prepare_range(paging, below, level - 1, lowest, virt, next, spare);
        if (status != STATUS_OK)
            return status;
        *virt = next;
    }
    return STATUS_OK;
}

bool paging_prune_one(struct paging *paging, unsigned int level, virt_t *virt, virt_t end, bool *is_gone,
                      phys_t *freed)
{
    CHECK_HELD(&paging->lock);
    virt_t start = *virt;
    unsigned int at = TOP_LEVEL;
    uint64_t *entry = entry_at(paging->root, at, start);
    while (at > level + 1 && is_present(*entry) && !is_leaf(*entry, at)) {
        at--;
        entry = entry_at(table_of(*entry), at, start);
    }
    *virt = piece_end(start, end, span_of(at));
    bool is_table = is_present(*entry) && !is_leaf(*entry, at);
    if (is_table)
        *freed = paging_detach_if_empty(paging, entry, start, level);
    *is_gone |= !is_present(*entry);
    return is_table;
}

/* NOLINTNEXTLINE(misc-no-recursion): one call a level of the page tables. */
void paging_free_tables(struct paging *paging, phys_t table, unsigned int level, unsigned int count)
{
    for (unsigned int i = 0; level > 1 && i < count; i++) {
        uint64_t entry = table_at(table)[i];
        if (is_present(entry) && !is_leaf(entry, level))
            paging_free_tables(paging, table_of(entry), level - 1, PTE_ENTRIES);
    }
    paging->give(table);
}
