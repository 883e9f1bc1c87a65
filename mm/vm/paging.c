/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables: the public functions. What they do is in paging_map.c, paging_protect.c, paging_tables.c and
 * paging_walk.c; paging_private.h has the terms.
 *
 * An operation that can fail changes no translation before it is sure to succeed:
 *   map       looks first whether the range is free, then maps until a table is missing, takes that without
 *             the lock, and goes on; when frames run out, what it mapped is unmapped again, which needs none.
 *   unmap,    split the large pages at the two edges of the range first, one in a hold of the lock. A split
 *   protect   page translates as before, so a failure there leaves more tables and nothing else; those are
 *             merged.
 *
 * Interrupts are masked while the lock is held, so each hold does one thing that costs more than a few
 * entries: it splits a page, changes the entries of the range, tests whether one table is empty, or whether
 * half of one is part of a larger page. In between, other CPUs change entries outside the caller's range.
 */
#include <ashlar/mm/paging.h>

#include <ashlar/sync/context.h>
#include "paging_private.h"

#define UPPER_HALF  (PTE_ENTRIES / 2)
/* Entries without a table that one hold of the lock passes in search of one. */
#define PRUNE_STEPS 16
#define MERGE_TRIES 4

bool paging_is_canonical(virt_t virt)
{
    return (virt.raw >> 47) == 0 || (virt.raw >> 47) == 0x1ffff;
}

static bool is_valid_range(virt_t virt, uint64_t size_bytes)
{
    virt_t last = virt_add(virt, size_bytes - 1);
    return size_bytes > 0 && is_aligned(virt.raw | size_bytes, PAGE_SIZE) && !virt_is_below(last, virt) &&
           paging_is_canonical(virt) && paging_is_canonical(last) && (virt.raw >> 63) == (last.raw >> 63);
}

static unsigned int level_of(uint64_t page_size)
{
    return page_size == PAGE_SIZE ? 1 : 2;
}

/* ---- tables, one in a hold of the lock ---- */

/* Tables that an operation did not need after all, or has freed. */
static void give(struct paging *paging, phys_t table)
{
    if (phys_is_valid(table))
        paging->give(table);
}

static void lock_to_change(struct paging *paging)
{
    spin_lock(&paging->lock);
    paging->changes++;
}

/* Frees the tables of a range that are empty, the lower ones first. */
static void prune(struct paging *paging, virt_t virt, virt_t end)
{
    bool is_gone = true;
    for (unsigned int level = 1; level < TOP_LEVEL && is_gone; level++) {
        is_gone = false;
        for (virt_t at = virt; !virt_is_equal(at, end);) {
            phys_t freed = PHYS_INVALID;
            lock_to_change(paging);
            for (unsigned int steps = 0; steps < PRUNE_STEPS && !virt_is_equal(at, end); steps++)
                if (paging_prune_one(paging, level, &at, end, &is_gone, &freed))
                    break;
            spin_unlock(&paging->lock);
            give(paging, freed);
        }
    }
}

/* The table is read in two holds of the lock, and again if another CPU has changed an entry between them. The
   number of retries is limited: a table that stays does no harm. */
static void merge_table(struct paging *paging, unsigned int level, virt_t virt)
{
    phys_t freed = PHYS_INVALID;
    bool is_done = false;
    for (unsigned int i = 0; i < MERGE_TRIES && !is_done; i++) {
        spin_lock(&paging->lock);
        bool may_merge = paging_may_merge(paging, level, virt);
        uint64_t seen = paging->changes;
        spin_unlock(&paging->lock);
        if (!may_merge)
            return;
        lock_to_change(paging);
        is_done = paging->changes == seen + 1;
        if (is_done)
            freed = paging_merge_one(paging, level, virt);
        spin_unlock(&paging->lock);
    }
    give(paging, freed);
}

/* Merges the tables that a range touches, which reach further at its edges. */
static void merge(struct paging *paging, virt_t virt, uint64_t size_bytes)
{
    const unsigned int highest = paging->has_huge_pages ? 3 : 2;
    virt_t last = virt_add(virt, size_bytes - 1);
    for (unsigned int level = 2; level <= highest; level++) {
        virt_t first = virt_align_down(virt, span_of(level));
        for (uint64_t done = 0; done <= virt_distance(first, last); done += span_of(level))
            merge_table(paging, level, virt_add(first, done));
    }
}

/* ---- changing ---- */

status_t paging_init(struct paging *paging)
{
    CHECK_MAY_ALLOCATE();
    phys_t root = paging_new_table(paging);
    if (!phys_is_valid(root))
        return STATUS_NO_MEMORY;
    paging_adopt(paging, root);
    return STATUS_OK;
}

void paging_adopt(struct paging *paging, phys_t root)
{
    paging->root = root;
    SPIN_INIT(&paging->lock, "page tables", LOCK_PAGE_TABLES, LOCK_POLICY_MM);
}

void paging_end(struct paging *paging)
{
    paging_free_tables(paging, paging->root, TOP_LEVEL, UPPER_HALF);
}

status_t paging_fill_upper_half(struct paging *paging)
{
    CHECK_MAY_ALLOCATE();
    uint64_t *root = table_at(paging->root);
    for (unsigned int i = UPPER_HALF; i < PTE_ENTRIES; i++) {
        if (is_present(root[i]))
            continue;
        phys_t table = paging_new_table(paging);
        if (!phys_is_valid(table))
            return STATUS_NO_MEMORY;
        write_entry(&root[i], paging_table_entry(table, virt(DIRECT_MAP_START)));
    }
    return STATUS_OK;
}

/* Undoes a paging_map() that failed after @mapped bytes. No page has to be split: as long as half_mapped
   counts the range, none of its pages is merged with one beside it. */
static void undo_map(struct paging *paging, virt_t virt, virt_t end, uint64_t mapped)
{
    lock_to_change(paging);
    if (mapped > 0) {
        paging_unmap_range(paging, paging->root, TOP_LEVEL, virt, virt_add(virt, mapped));
        port_flush(virt, mapped);
    }
    paging->half_mapped--;
    spin_unlock(&paging->lock);
    /* Of the whole range: tables past what was mapped may have been made, and are empty. */
    prune(paging, virt, end);
}

status_t paging_map(struct paging *paging, virt_t virt, phys_t phys, uint64_t size_bytes, unsigned int access)
{
    CHECK_MAY_ALLOCATE();
    if (!is_valid_range(virt, size_bytes) || !is_aligned(phys.raw, PAGE_SIZE) ||
        !range_fits(phys.raw, size_bytes, PTE_ADDRESS_MASK + PAGE_SIZE))
        return STATUS_INVALID;
    const virt_t end = virt_add(virt, size_bytes);
    struct paging_map_job job = { .paging = paging, .access = access, .spare = PHYS_INVALID };
    lock_to_change(paging);
    bool is_free = paging_is_all(paging->root, TOP_LEVEL, virt, end, false);
    status_t status =
        is_free ? paging_map_range(&job, paging->root, TOP_LEVEL, virt, end, phys) : STATUS_EXISTS;
    const bool is_half = status == STATUS_NO_MEMORY;
    paging->half_mapped += is_half;
    spin_unlock(&paging->lock);
    while (status == STATUS_NO_MEMORY && phys_is_valid(job.spare = paging_new_table(paging))) {
        lock_to_change(paging);
        status = paging_map_range(&job, paging->root, TOP_LEVEL, virt_add(virt, job.mapped), end,
                                  phys_add(phys, job.mapped));
        paging->half_mapped -= status == STATUS_OK;
        spin_unlock(&paging->lock);
    }
    give(paging, job.spare);
    if (status != STATUS_OK && is_half)
        undo_map(paging, virt, end, job.mapped);
    return status;
}

status_t paging_prepare(struct paging *paging, virt_t virt, uint64_t size_bytes, uint64_t page_size)
{
    CHECK_MAY_ALLOCATE();
    if (!is_valid_range(virt, size_bytes) || (page_size != PAGE_SIZE && page_size != LARGE_PAGE_SIZE))
        return STATUS_INVALID;
    const virt_t end = virt_add(virt, size_bytes);
    phys_t spare = PHYS_INVALID;
    status_t status;
    do {
        lock_to_change(paging);
        status =
            paging_prepare_range(paging, paging->root, TOP_LEVEL, level_of(page_size), &virt, end, &spare);
        spin_unlock(&paging->lock);
    } while (status == STATUS_NO_MEMORY && phys_is_valid(spare = paging_new_table(paging)));
    give(paging, spare);
    return status;
}

status_t paging_map_prepared(struct paging *paging, virt_t virt, phys_t phys, uint64_t page_size,
                             unsigned int access)
{
    const unsigned int lowest = level_of(page_size);
    phys_t table = paging->root;
    for (unsigned int level = TOP_LEVEL; level > lowest; level--) {
        uint64_t entry = read_entry(entry_at(table, level, virt));
        if (!is_present(entry) || is_leaf(entry, level))
            return is_present(entry) ? STATUS_EXISTS : STATUS_NOT_FOUND;
        table = table_of(entry);
    }
    uint64_t absent = 0, leaf = paging_make_leaf(paging, phys, access, lowest);
    return __atomic_compare_exchange_n(entry_at(table, lowest, virt), &absent, leaf, false, __ATOMIC_RELEASE,
                                       __ATOMIC_RELAXED)
               ? STATUS_OK
               : STATUS_EXISTS;
}

/* One range and what is done with it. */
struct change {
    struct paging *paging;
    virt_t virt;
    uint64_t size_bytes;
    bool is_unmap;
    unsigned int access; /* if not */
};

static void apply_locked(const struct change *change)
{
    CHECK_HELD(&change->paging->lock);
    struct paging *paging = change->paging;
    virt_t end = virt_add(change->virt, change->size_bytes);
    if (change->is_unmap)
        paging_unmap_range(paging, paging->root, TOP_LEVEL, change->virt, end);
    else
        paging_protect_range(paging, paging->root, TOP_LEVEL, change->virt, end, change->access);
    port_flush(change->virt, change->size_bytes);
}

static bool is_possible_locked(const struct change *change)
{
    CHECK_HELD(&change->paging->lock);
    return change->is_unmap || paging_is_all(change->paging->root, TOP_LEVEL, change->virt,
                                             virt_add(change->virt, change->size_bytes), true);
}

/* Splits the pages at the edges, one in a hold of the lock, and then changes the range in one hold, in which
   nothing has to be split. */
static status_t split_and_apply(const struct change *change)
{
    struct paging *paging = change->paging;
    phys_t spare = PHYS_INVALID;
    status_t status;
    bool has_split = false, is_done = false;
    do {
        const bool has_spare = phys_is_valid(spare);
        lock_to_change(paging);
        status = is_possible_locked(change)
                     ? paging_split_edges(paging, change->virt, change->size_bytes, &spare)
                     : STATUS_NOT_FOUND;
        const bool is_split = has_spare && !phys_is_valid(spare);
        has_split |= is_split;
        is_done = status == STATUS_OK && !is_split;
        if (is_done)
            apply_locked(change);
        spin_unlock(&paging->lock);
    } while (!is_done &&
             (status == STATUS_OK || (status == STATUS_NO_MEMORY && phys_is_valid(spare = paging->take()))));
    give(paging, spare);
    /* After a failure, what was split. */
    if (is_done ? !change->is_unmap : has_split)
        merge(paging, change->virt, change->size_bytes);
    return status;
}

status_t paging_unmap(struct paging *paging, virt_t virt, uint64_t size_bytes)
{
    CHECK_MAY_ALLOCATE();
    if (!is_valid_range(virt, size_bytes))
        return STATUS_INVALID;
    status_t status = split_and_apply(
        &(struct change){ .paging = paging, .virt = virt, .size_bytes = size_bytes, .is_unmap = true });
    if (status == STATUS_OK)
        prune(paging, virt, virt_add(virt, size_bytes));
    return status;
}

void paging_prune(struct paging *paging)
{
    CHECK_MAY_ALLOCATE();
    lock_to_change(paging);
    virt_t start = paging->kept_start, last = paging->kept_last;
    paging->kept_start = paging->kept_last = virt(0);
    spin_unlock(&paging->lock);
    if (last.raw != 0)
        prune(paging, start, virt_add(last, 1));
}

status_t paging_protect(struct paging *paging, virt_t virt, uint64_t size_bytes, unsigned int access)
{
    CHECK_MAY_ALLOCATE();
    if (!is_valid_range(virt, size_bytes))
        return STATUS_INVALID;
    return split_and_apply(
        &(struct change){ .paging = paging, .virt = virt, .size_bytes = size_bytes, .access = access });
}

/* ---- reading ---- */

bool paging_maps_any(struct paging *paging, virt_t virt, uint64_t size_bytes)
{
    if (!is_valid_range(virt, size_bytes))
        return false;
    spin_lock(&paging->lock);
    bool maps_any = !paging_is_all(paging->root, TOP_LEVEL, virt, virt_add(virt, size_bytes), false);
    spin_unlock(&paging->lock);
    return maps_any;
}

unsigned int paging_walk(const struct paging *paging, virt_t virt, struct paging_step steps[4])
{
    return paging_walk_tables(paging->root, virt, steps);
}

status_t paging_query(const struct paging *paging, virt_t virt, struct page_mapping *mapping)
{
    struct paging_step steps[TOP_LEVEL];
    if (!paging_is_canonical(virt))
        return STATUS_NOT_FOUND;
    const struct paging_step *last = &steps[paging_walk(paging, virt, steps) - 1];
    if (!last->is_leaf)
        return STATUS_NOT_FOUND;
    *mapping = (struct page_mapping){
        .virt = virt_align_down(virt, span_of(last->level)),
        .phys = paging_leaf_address(last->entry, last->level),
        .size_bytes = span_of(last->level),
        .access = paging_access_of(last->entry, last->level),
    };
    return STATUS_OK;
}

/* Visits the part of [start, end) in each half of the address space: the addresses between the two are not
   canonical, and no entry maps them. */
void paging_visit(const struct paging *paging, virt_t start, virt_t end, paging_visit_fn *pages,
                  paging_visit_fn *tables, void *context)
{
    const struct paging_visitor visitor = { pages, tables, context };
    CHECK(port_tables_stay(), "paging: no table is freed while tables are read without the lock");
    virt_t last = virt_add(end, UINT64_MAX), lower_end = virt(USER_HALF_END), upper = virt(DIRECT_MAP_START);
    paging_visit_table(&visitor, start, paging->root);
    if (virt_is_below(start, lower_end))
        paging_visit_range(&visitor, paging->root, TOP_LEVEL, start,
                           virt_is_below(last, lower_end) ? end : lower_end);
    if (!virt_is_below(last, upper))
        paging_visit_range(&visitor, paging->root, TOP_LEVEL, virt_is_below(start, upper) ? upper : start,
                           end);
}
