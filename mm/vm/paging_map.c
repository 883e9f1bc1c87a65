/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mapping and unmapping of ranges. Terabytes are mapped here at start, so runs of whole entries have a loop
 * of their own.
 */
#include "paging_private.h"

static bool may_be_leaf(const struct paging *paging, unsigned int level)
{
    return level <= 2 || (level == 3 && paging->has_huge_pages);
}

/* Writes entries for pages side by side, up to the first that is there already. Return: how many. */
static uint64_t map_entries(uint64_t *entry, uint64_t count, uint64_t value, uint64_t span)
{
    uint64_t written = 0;
    for (; written < count && !is_present(entry[written]); value += span)
        write_entry(&entry[written++], value);
    return written;
}

/* NOLINTNEXTLINE(misc-no-recursion): one call a level of the page tables. */
status_t paging_map_range(struct paging_map_job *job, phys_t table, unsigned int level, virt_t virt,
                          virt_t end, phys_t phys)
{
    CHECK_HELD(&job->paging->lock);
    const uint64_t span = span_of(level);
    uint64_t *entry = entry_at(table, level, virt);
    for (virt_t next; !virt_is_equal(virt, end); virt = next, entry++) {
        if (may_be_leaf(job->paging, level) && is_aligned(phys.raw, span)) {
            uint64_t leaf = paging_make_leaf(job->paging, phys, job->access, level);
            uint64_t pages = map_entries(entry, whole_entries(virt, end, span), leaf, span);
            entry += pages;
            virt = virt_add(virt, pages * span);
            phys = phys_add(phys, pages * span);
            job->mapped += pages * span;
            if (virt_is_equal(virt, end))
                break;
        }
        next = piece_end(virt, end, span);
        phys_t below;
        status_t status = paging_enter(job->paging, entry, level, virt, &job->spare, &below);
        if (status == STATUS_OK)
            status = paging_map_range(job, below, level - 1, virt, next, phys);
        if (status != STATUS_OK)
            return status;
        phys = phys_add(phys, virt_distance(virt, next));
    }
    return STATUS_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): one call a level of the page tables. */
void paging_unmap_range(struct paging *paging, phys_t table, unsigned int level, virt_t virt, virt_t end)
{
    CHECK_HELD(&paging->lock);
    uint64_t *entry = entry_at(table, level, virt);
    for (virt_t next; !virt_is_equal(virt, end); virt = next, entry++) {
        next = piece_end(virt, end, span_of(level));
        if (!is_present(*entry))
            continue;
        if (is_leaf(*entry, level))
            write_entry(entry, 0);
        else
            paging_unmap_range(paging, table_of(*entry), level - 1, virt, next);
    }
}
