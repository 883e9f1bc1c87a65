/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables: the public functions. What they do is in paging_map.c, paging_protect.c, paging_tables.c and
 * paging_walk.c; paging_private.h has the terms.
 *
 * Nothing that can fail changes anything that can be seen before it is sure to succeed:
 *   map       looks first whether the range is free, then takes tables as it goes; when frames run
 *             out, what it mapped is unmapped again, which needs none.
 *   unmap,    split the large pages at the two edges of the range first. A split page translates
 *   protect   as before, so a failure there leaves more tables and nothing else; those are merged.
 */
#include <ashlar/mm/paging.h>

#include "paging_private.h"

#define UPPER_HALF (PTE_ENTRIES / 2)

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

/* ---- changing ---- */

status_t paging_init(struct paging *paging)
{
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
    uint64_t *root = table_at(paging->root);
    status_t status = STATUS_OK;
    spin_lock(&paging->lock);
    for (unsigned int i = UPPER_HALF; i < PTE_ENTRIES && status == STATUS_OK; i++) {
        phys_t table;
        status = paging_enter(paging, &root[i], virt(DIRECT_MAP_START), &table);
    }
    spin_unlock(&paging->lock);
    return status;
}

static status_t map_locked(struct paging *paging, virt_t virt, phys_t phys, uint64_t size_bytes,
                           unsigned int access)
{
    CHECK_HELD(&paging->lock);
    virt_t end = virt_add(virt, size_bytes);
    uint64_t mapped = 0;
    if (!paging_is_all(paging->root, TOP_LEVEL, virt, end, false))
        return STATUS_EXISTS;
    status_t status = paging_map_range(paging, paging->root, TOP_LEVEL, virt, end, phys, access, &mapped);
    if (status != STATUS_OK) {
        /* To the range's end, for the tables that were made and hold nothing yet. */
        paging_unmap_range(paging, paging->root, TOP_LEVEL, virt, end);
        if (mapped > 0)
            port_flush(virt, mapped);
    }
    return status;
}

status_t paging_map(struct paging *paging, virt_t virt, phys_t phys, uint64_t size_bytes, unsigned int access)
{
    if (!is_valid_range(virt, size_bytes) || !is_aligned(phys.raw, PAGE_SIZE) ||
        !range_fits(phys.raw, size_bytes, PTE_ADDRESS_MASK + PAGE_SIZE))
        return STATUS_INVALID;
    spin_lock(&paging->lock);
    status_t status = map_locked(paging, virt, phys, size_bytes, access);
    spin_unlock(&paging->lock);
    return status;
}

status_t paging_prepare(struct paging *paging, virt_t virt, uint64_t size_bytes, uint64_t page_size)
{
    if (!is_valid_range(virt, size_bytes) || (page_size != PAGE_SIZE && page_size != LARGE_PAGE_SIZE))
        return STATUS_INVALID;
    spin_lock(&paging->lock);
    status_t status = paging_prepare_range(paging, paging->root, TOP_LEVEL, level_of(page_size), virt,
                                           virt_add(virt, size_bytes));
    spin_unlock(&paging->lock);
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

status_t paging_unmap(struct paging *paging, virt_t virt, uint64_t size_bytes)
{
    if (!is_valid_range(virt, size_bytes))
        return STATUS_INVALID;
    spin_lock(&paging->lock);
    status_t status = paging_split_edges(paging, virt, size_bytes);
    if (status == STATUS_OK) {
        paging_unmap_range(paging, paging->root, TOP_LEVEL, virt, virt_add(virt, size_bytes));
        port_flush(virt, size_bytes);
    }
    spin_unlock(&paging->lock);
    return status;
}

void paging_prune(struct paging *paging)
{
    spin_lock(&paging->lock);
    virt_t at = virt_align_down(paging->kept_start, LARGE_PAGE_SIZE), end = paging->kept_end;
    paging->kept_start = paging->kept_end = virt(0);
    spin_unlock(&paging->lock);
    /* A page table at a time, so that no other CPU waits for long. */
    for (; virt_is_below(at, end); at = virt_add(at, LARGE_PAGE_SIZE)) {
        spin_lock(&paging->lock);
        paging_prune_range(paging, paging->root, TOP_LEVEL, at, virt_add(at, LARGE_PAGE_SIZE));
        spin_unlock(&paging->lock);
    }
}

static status_t protect_locked(struct paging *paging, virt_t virt, uint64_t size_bytes, unsigned int access)
{
    CHECK_HELD(&paging->lock);
    virt_t end = virt_add(virt, size_bytes);
    if (!paging_is_all(paging->root, TOP_LEVEL, virt, end, true))
        return STATUS_NOT_FOUND;
    status_t status = paging_split_edges(paging, virt, size_bytes);
    if (status != STATUS_OK)
        return status;
    paging_protect_range(paging, paging->root, TOP_LEVEL, virt, end, access);
    port_flush(virt, size_bytes);
    paging_merge_range(paging, virt, size_bytes);
    return STATUS_OK;
}

status_t paging_protect(struct paging *paging, virt_t virt, uint64_t size_bytes, unsigned int access)
{
    if (!is_valid_range(virt, size_bytes))
        return STATUS_INVALID;
    spin_lock(&paging->lock);
    status_t status = protect_locked(paging, virt, size_bytes, access);
    spin_unlock(&paging->lock);
    return status;
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

/* Between the halves lie addresses that no entry stands for. */
void paging_visit(const struct paging *paging, virt_t start, virt_t end, paging_visit_fn *pages,
                  paging_visit_fn *tables, void *context)
{
    const struct paging_visitor visitor = { pages, tables, context };
    CHECK(port_tables_stay());
    virt_t last = virt_add(end, UINT64_MAX), lower_end = virt(USER_HALF_END), upper = virt(DIRECT_MAP_START);
    paging_visit_table(&visitor, start, paging->root);
    if (virt_is_below(start, lower_end))
        paging_visit_range(&visitor, paging->root, TOP_LEVEL, start,
                           virt_is_below(last, lower_end) ? end : lower_end);
    if (!virt_is_below(last, upper))
        paging_visit_range(&visitor, paging->root, TOP_LEVEL, virt_is_below(start, upper) ? upper : start,
                           end);
}
