/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walker and the mapper.
 *
 * All of it is one recursion: a range is cut at the entries of a table, and each piece is either
 * done at this level or goes one level down. Levels count as in the manual's figures from below:
 * 1 is a page table, 2 a page directory, 3 a page-directory-pointer table, 4 the PML4.
 *
 * Nothing that can fail changes anything that can be seen before it is sure to succeed:
 *   map       looks first whether the range is free, then takes tables as it goes; when frames run
 *             out, what it mapped is unmapped again, which needs none.
 *   unmap,    split the large pages at the two edges of the range first. A split page translates
 *   protect   as before, so a failure there leaves more tables and nothing else; those are merged.
 *
 * A split replaces one entry by a table with the same translations in one store, so at no moment
 * is anything unmapped. Entries between are never reused for another table before a flush.
 *
 * An entry above a leaf allows everything (write, and user in the lower half); only the leaf
 * restricts, so that one place decides.
 */
#include <ashlar/mm/paging.h>

#include <ashlar/bits.h>
#include <ashlar/hw/paging.h>
#include <ashlar/mm/port.h>

#define TOP_LEVEL  4
#define UPPER_HALF (PTE_ENTRIES / 2)
#define KEPT_LEVEL 3 /* tables of the upper half at this level stay */

/* The bytes that one entry of a table at @level stands for. */
static uint64_t span_of(unsigned int level)
{
    return PAGE_SIZE << (PTE_INDEX_BITS * (level - 1));
}

static unsigned int index_of(uint64_t virt, unsigned int level)
{
    return (unsigned int)(virt >> (PAGE_SHIFT + PTE_INDEX_BITS * (level - 1))) & (PTE_ENTRIES - 1);
}

static bool is_present(uint64_t entry)
{
    return (entry & PTE_PRESENT) != 0;
}

static bool is_leaf(uint64_t entry, unsigned int level)
{
    return level == 1 || (level < TOP_LEVEL && (entry & PTE_LARGE));
}

static uint64_t *table_at(phys_t table)
{
    return port_pointer(table);
}

static phys_t table_of(uint64_t entry)
{
    return phys(entry & PTE_ADDRESS_MASK);
}

bool paging_is_canonical(uint64_t virt)
{
    return (virt >> 47) == 0 || (virt >> 47) == 0x1ffff;
}

/* ---- entries ---- */

static uint64_t leaf_address_mask(unsigned int level)
{
    return PTE_ADDRESS_MASK & ~(span_of(level) - 1);
}

static uint64_t make_leaf(const struct paging *paging, phys_t address, unsigned int access,
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

/* The access that an entry gives, alone. @level: 1 .. 3, of an entry that maps a page. */
static unsigned int access_of(uint64_t entry, unsigned int level)
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

static phys_t leaf_address(uint64_t entry, unsigned int level)
{
    return phys(entry & leaf_address_mask(level));
}

/* ---- tables ---- */

static phys_t new_table(struct paging *paging)
{
    phys_t table = paging->take();
    if (phys_is_valid(table))
        __builtin_memset(table_at(table), 0, PAGE_SIZE);
    return table;
}

static uint64_t table_entry(phys_t table, uint64_t virt)
{
    return table.raw | PTE_PRESENT | PTE_WRITE | (virt < USER_HALF_END ? PTE_USER : 0);
}

/* The table that an entry leads to, made when there is none. */
static status_t enter(struct paging *paging, uint64_t *entry, uint64_t virt, phys_t *table)
{
    if (!is_present(*entry)) {
        phys_t made = new_table(paging);
        if (!phys_is_valid(made))
            return STATUS_NO_MEMORY;
        *entry = table_entry(made, virt);
    }
    *table = table_of(*entry);
    return STATUS_OK;
}

/* Eight at a time: it is asked after each page, and the last time all 512 are read with interrupts off. */
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

/* An empty table stays for [start, start + size_bytes). */
static void note_kept(struct paging *paging, uint64_t start, uint64_t size_bytes)
{
    uint64_t end = start + size_bytes;
    if (paging->kept_end == 0)
        paging->kept_start = start;
    paging->kept_start = start < paging->kept_start ? start : paging->kept_start;
    paging->kept_end = end > paging->kept_end ? end : paging->kept_end;
}

/* @level: of the table. The entry that led to it is cleared first, so no CPU starts on it any more; and put
   back when one that has started cannot be made to forget it: an empty table is as good as none. */
static void free_if_empty(struct paging *paging, uint64_t *entry, uint64_t virt, unsigned int level)
{
    phys_t table = table_of(*entry);
    if ((level == KEPT_LEVEL && virt >= USER_HALF_END) || !is_empty(table))
        return;
    uint64_t old = *entry, start = align_down(virt, span_of(level + 1));
    *entry = 0;
    /* A CPU may hold the entry in its paging-structure caches: any flush inside drops those. */
    if (port_flush_table(start, PAGE_SIZE)) {
        paging->give(table);
    } else {
        *entry = old;
        note_kept(paging, start, span_of(level + 1));
    }
}

status_t paging_init(struct paging *paging)
{
    phys_t root = new_table(paging);
    if (!phys_is_valid(root))
        return STATUS_NO_MEMORY;
    paging->root = root;
    return STATUS_OK;
}

status_t paging_fill_upper_half(struct paging *paging)
{
    uint64_t *root = table_at(paging->root);
    for (unsigned int i = UPPER_HALF; i < PTE_ENTRIES; i++) {
        phys_t table;
        status_t status = enter(paging, &root[i], DIRECT_MAP_START, &table);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* ---- ranges ---- */

/* [virt, end) inside one table, cut at the end of the entry that virt lies in, which has @span bytes. */
static uint64_t piece_end(uint64_t virt, uint64_t end, uint64_t span)
{
    /* The last entry of all ends at 2^64, which is 0 here; so does @end then. */
    uint64_t next = align_down(virt, span) + span;
    return next - 1 < end - 1 ? next : end;
}

static bool is_valid_range(uint64_t virt, uint64_t size_bytes)
{
    uint64_t last = virt + size_bytes - 1;
    return size_bytes > 0 && is_aligned(virt | size_bytes, PAGE_SIZE) && last >= virt &&
           paging_is_canonical(virt) && paging_is_canonical(last) && (virt >> 63) == (last >> 63);
}

/* Entries of @span bytes that [virt, end) has as wholes from its beginning on; @end may be 2^64, which is
   0. */
static uint64_t whole_entries(uint64_t virt, uint64_t end, uint64_t span)
{
    return is_aligned(virt, span) ? (end - virt) / span : 0;
}

/* Return: how many of @count entries are absent before the first that is not. */
static uint64_t count_absent(const uint64_t *entry, uint64_t count)
{
    uint64_t absent = 0;
    while (absent < count && !is_present(entry[absent]))
        absent++;
    return absent;
}

/* Whether every page of the range is mapped (@want), or none is (!@want). */
/* NOLINTNEXTLINE(misc-no-recursion): one call a level of the page tables. */
static bool is_all(phys_t table, unsigned int level, uint64_t virt, uint64_t end, bool want)
{
    const uint64_t span = span_of(level), *entry = &table_at(table)[index_of(virt, level)];
    bool is_as_wanted = true;
    for (uint64_t next; is_as_wanted && virt != end; virt = next, entry++) {
        if (!want) {
            uint64_t absent = count_absent(entry, whole_entries(virt, end, span));
            entry += absent;
            virt += absent * span;
            if (virt == end)
                break;
        }
        next = piece_end(virt, end, span);
        if (!is_present(*entry))
            is_as_wanted = !want;
        else if (is_leaf(*entry, level))
            is_as_wanted = want;
        else
            is_as_wanted = is_all(table_of(*entry), level - 1, virt, next, want);
    }
    return is_as_wanted;
}

static bool may_be_leaf(const struct paging *paging, unsigned int level)
{
    return level <= 2 || (level == 3 && paging->has_huge_pages);
}

/* Writes entries for pages side by side, up to the first that is there already. Return: how many. */
static uint64_t map_entries(uint64_t *entry, uint64_t count, uint64_t value, uint64_t span)
{
    uint64_t written = 0;
    for (; written < count && !is_present(entry[written]); value += span)
        entry[written++] = value;
    return written;
}

/* @mapped: counts what has been mapped, also when it fails. Terabytes are mapped here at start, so runs of
   whole entries have a loop of their own. */
/* NOLINTNEXTLINE(misc-no-recursion): one call a level of the page tables. */
static status_t map_range(struct paging *paging, phys_t table, unsigned int level, uint64_t virt,
                          uint64_t end, phys_t phys, unsigned int access, uint64_t *mapped)
{
    const uint64_t span = span_of(level), leaf = make_leaf(paging, (phys_t){ 0 }, access, level);
    uint64_t *entry = &table_at(table)[index_of(virt, level)];
    for (uint64_t next; virt != end; virt = next, entry++) {
        if (may_be_leaf(paging, level) && is_aligned(phys.raw, span)) {
            uint64_t pages = map_entries(entry, whole_entries(virt, end, span), leaf | phys.raw, span);
            entry += pages;
            virt += pages * span;
            phys = phys_add(phys, pages * span);
            *mapped += pages * span;
            if (virt == end)
                break;
        }
        next = piece_end(virt, end, span);
        phys_t below;
        status_t status = enter(paging, entry, virt, &below);
        if (status == STATUS_OK)
            status = map_range(paging, below, level - 1, virt, next, phys, access, mapped);
        if (status != STATUS_OK)
            return status;
        phys = phys_add(phys, next - virt);
    }
    return STATUS_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): one call a level of the page tables. */
static void unmap_range(struct paging *paging, phys_t table, unsigned int level, uint64_t virt, uint64_t end)
{
    const uint64_t span = span_of(level);
    uint64_t *entry = &table_at(table)[index_of(virt, level)];
    for (uint64_t next; virt != end; virt = next, entry++) {
        next = piece_end(virt, end, span);
        if (!is_present(*entry))
            continue;
        if (is_leaf(*entry, level)) {
            *entry = 0;
        } else {
            unmap_range(paging, table_of(*entry), level - 1, virt, next);
            free_if_empty(paging, entry, virt, level - 1);
        }
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): one call a level of the page tables. */
static void prune_range(struct paging *paging, phys_t table, unsigned int level, uint64_t virt, uint64_t end)
{
    const uint64_t span = span_of(level);
    uint64_t *entry = &table_at(table)[index_of(virt, level)];
    for (uint64_t next; level > 1 && virt != end; virt = next, entry++) {
        next = piece_end(virt, end, span);
        if (!is_present(*entry) || is_leaf(*entry, level))
            continue;
        prune_range(paging, table_of(*entry), level - 1, virt, next);
        free_if_empty(paging, entry, virt, level - 1);
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): one call a level of the page tables. */
static void protect_range(struct paging *paging, phys_t table, unsigned int level, uint64_t virt,
                          uint64_t end, unsigned int access)
{
    const uint64_t span = span_of(level);
    uint64_t *entry = &table_at(table)[index_of(virt, level)];
    for (uint64_t next; virt != end; virt = next, entry++) {
        next = piece_end(virt, end, span);
        if (is_leaf(*entry, level))
            *entry = make_leaf(paging, leaf_address(*entry, level), access, level);
        else
            protect_range(paging, table_of(*entry), level - 1, virt, next, access);
    }
}

/* Makes the tables down to @lowest. Those that were made before a failure stay, empty. */
/* NOLINTNEXTLINE(misc-no-recursion): one call a level of the page tables. */
static status_t prepare_range(struct paging *paging, phys_t table, unsigned int level, unsigned int lowest,
                              uint64_t virt, uint64_t end)
{
    uint64_t *entries = table_at(table);
    for (uint64_t next; level > lowest && virt != end; virt = next) {
        uint64_t *entry = &entries[index_of(virt, level)];
        next = piece_end(virt, end, span_of(level));
        if (is_present(*entry) && is_leaf(*entry, level))
            return STATUS_EXISTS;
        phys_t below;
        status_t status = enter(paging, entry, virt, &below);
        if (status == STATUS_OK)
            status = prepare_range(paging, below, level - 1, lowest, virt, next);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* ---- splitting and merging ---- */

/* The page that covers @virt becomes smaller until it begins at @virt, or none covers it. */
static status_t split_at(struct paging *paging, uint64_t virt)
{
    phys_t table = paging->root;
    for (unsigned int level = TOP_LEVEL; level > 1; level--) {
        uint64_t *entry = &table_at(table)[index_of(virt, level)];
        if (!is_present(*entry) || is_aligned(virt, span_of(level)))
            return STATUS_OK;
        if (is_leaf(*entry, level)) {
            phys_t below = paging->take();
            if (!phys_is_valid(below))
                return STATUS_NO_MEMORY;
            unsigned int access = access_of(*entry, level);
            phys_t address = leaf_address(*entry, level);
            for (unsigned int i = 0; i < PTE_ENTRIES; i++)
                table_at(below)[i] =
                    make_leaf(paging, phys_add(address, i * span_of(level - 1)), access, level - 1);
            *entry = table_entry(below, virt);
            /* Some CPUs raise a machine check when they hold a page in two sizes at once. */
            port_flush(align_down(virt, span_of(level)), span_of(level));
        }
        table = table_of(*entry);
    }
    return STATUS_OK;
}

/* What the CPU itself writes does not make two entries different. */
static uint64_t without_notes(uint64_t entry)
{
    return entry & ~(PTE_ACCESSED | PTE_DIRTY);
}

/* A table whose pages together are one larger page becomes that page. @level: of @entry. */
static void merge_entry(struct paging *paging, uint64_t *entry, uint64_t virt, unsigned int level)
{
    if (!is_present(*entry) || is_leaf(*entry, level) || level == TOP_LEVEL ||
        (level == 3 && !paging->has_huge_pages))
        return;
    phys_t table = table_of(*entry);
    const uint64_t *entries = table_at(table);
    if (!is_present(entries[0]) || !is_leaf(entries[0], level - 1))
        return;
    phys_t address = leaf_address(entries[0], level - 1);
    unsigned int access = access_of(entries[0], level - 1);
    if (!is_aligned(address.raw, span_of(level)))
        return;
    for (unsigned int i = 0; i < PTE_ENTRIES; i++) {
        uint64_t wanted = make_leaf(paging, phys_add(address, i * span_of(level - 1)), access, level - 1);
        if (without_notes(entries[i]) != wanted)
            return;
    }
    uint64_t old = *entry, start = align_down(virt, span_of(level));
    *entry = make_leaf(paging, address, access, level);
    if (port_flush_table(start, span_of(level))) {
        paging->give(table);
    } else {
        *entry = old;
        port_flush(start, span_of(level));
    }
}

/* Merges upwards around an address. */
static void merge_at(struct paging *paging, uint64_t virt)
{
    struct paging_step steps[TOP_LEVEL];
    unsigned int count = paging_walk(paging, virt, steps);
    for (unsigned int i = count; i-- > 0;)
        merge_entry(paging, &table_at(steps[i].table)[steps[i].index], virt, steps[i].level);
}

/* Every table that the range touches: also those of its edges, which reach further. */
static void merge_range(struct paging *paging, uint64_t virt, uint64_t size_bytes)
{
    uint64_t span = span_of(2);
    uint64_t last = virt + size_bytes - 1;
    for (uint64_t at = align_down(virt, span); at <= last; at += span) {
        merge_at(paging, at);
        if (at + span < at)
            break;
    }
}

static status_t split_edges(struct paging *paging, uint64_t virt, uint64_t size_bytes)
{
    status_t status = split_at(paging, virt);
    if (status == STATUS_OK)
        status = split_at(paging, virt + size_bytes);
    if (status != STATUS_OK)
        merge_range(paging, virt, size_bytes);
    return status;
}

/* ---- the interface ---- */

status_t paging_map(struct paging *paging, uint64_t virt, phys_t phys, uint64_t size_bytes,
                    unsigned int access)
{
    if (!is_valid_range(virt, size_bytes) || !is_aligned(phys.raw, PAGE_SIZE) ||
        !range_fits(phys.raw, size_bytes, PTE_ADDRESS_MASK + PAGE_SIZE))
        return STATUS_INVALID;
    if (!is_all(paging->root, TOP_LEVEL, virt, virt + size_bytes, false))
        return STATUS_EXISTS;

    uint64_t mapped = 0;
    status_t status =
        map_range(paging, paging->root, TOP_LEVEL, virt, virt + size_bytes, phys, access, &mapped);
    if (status != STATUS_OK) {
        /* To the range's end, for the tables that were made and hold nothing yet. */
        unmap_range(paging, paging->root, TOP_LEVEL, virt, virt + size_bytes);
        if (mapped > 0)
            port_flush(virt, mapped);
    }
    return status;
}

status_t paging_prepare(struct paging *paging, uint64_t virt, uint64_t size_bytes, uint64_t page_size)
{
    if (!is_valid_range(virt, size_bytes) || (page_size != PAGE_SIZE && page_size != LARGE_PAGE_SIZE))
        return STATUS_INVALID;
    return prepare_range(paging, paging->root, TOP_LEVEL, page_size == PAGE_SIZE ? 1 : 2, virt,
                         virt + size_bytes);
}

status_t paging_unmap(struct paging *paging, uint64_t virt, uint64_t size_bytes)
{
    if (!is_valid_range(virt, size_bytes))
        return STATUS_INVALID;
    status_t status = split_edges(paging, virt, size_bytes);
    if (status != STATUS_OK)
        return status;
    unmap_range(paging, paging->root, TOP_LEVEL, virt, virt + size_bytes);
    port_flush(virt, size_bytes);
    return STATUS_OK;
}

void paging_prune(struct paging *paging, uint64_t virt, uint64_t size_bytes)
{
    if (is_valid_range(virt, size_bytes))
        prune_range(paging, paging->root, TOP_LEVEL, virt, virt + size_bytes);
}

status_t paging_protect(struct paging *paging, uint64_t virt, uint64_t size_bytes, unsigned int access)
{
    if (!is_valid_range(virt, size_bytes))
        return STATUS_INVALID;
    if (!is_all(paging->root, TOP_LEVEL, virt, virt + size_bytes, true))
        return STATUS_NOT_FOUND;
    status_t status = split_edges(paging, virt, size_bytes);
    if (status != STATUS_OK)
        return status;
    protect_range(paging, paging->root, TOP_LEVEL, virt, virt + size_bytes, access);
    port_flush(virt, size_bytes);
    merge_range(paging, virt, size_bytes);
    return STATUS_OK;
}

bool paging_maps_any(const struct paging *paging, uint64_t virt, uint64_t size_bytes)
{
    return is_valid_range(virt, size_bytes) &&
           !is_all(paging->root, TOP_LEVEL, virt, virt + size_bytes, false);
}

unsigned int paging_walk(const struct paging *paging, uint64_t virt, struct paging_step steps[4])
{
    phys_t table = paging->root;
    unsigned int count = 0;
    for (unsigned int level = TOP_LEVEL; level >= 1; level--) {
        unsigned int index = index_of(virt, level);
        uint64_t entry = table_at(table)[index];
        bool leaf = is_present(entry) && is_leaf(entry, level);
        steps[count++] = (struct paging_step){ level, table, index, entry, leaf };
        if (!is_present(entry) || leaf)
            break;
        table = table_of(entry);
    }
    return count;
}

static struct page_mapping mapping_of(uint64_t entry, unsigned int level, uint64_t virt)
{
    return (struct page_mapping){
        .virt = align_down(virt, span_of(level)),
        .phys = leaf_address(entry, level),
        .size_bytes = span_of(level),
        .access = access_of(entry, level),
    };
}

status_t paging_query(const struct paging *paging, uint64_t virt, struct page_mapping *mapping)
{
    struct paging_step steps[TOP_LEVEL];
    if (!paging_is_canonical(virt))
        return STATUS_NOT_FOUND;
    const struct paging_step *last = &steps[paging_walk(paging, virt, steps) - 1];
    if (!last->is_leaf)
        return STATUS_NOT_FOUND;
    *mapping = mapping_of(last->entry, last->level, virt);
    return STATUS_OK;
}

struct visit {
    paging_visit_fn *pages, *tables;
    void *context;
};

static void visit_table(const struct visit *visit, uint64_t virt, phys_t table)
{
    if (visit->tables)
        visit->tables(visit->context, &(struct page_mapping){ .virt = virt, .phys = table });
}

/* NOLINTNEXTLINE(misc-no-recursion): one call a level of the page tables. */
static void visit_range(const struct visit *visit, phys_t table, unsigned int level, uint64_t virt,
                        uint64_t end)
{
    const uint64_t span = span_of(level), *entry = &table_at(table)[index_of(virt, level)];
    for (uint64_t next; virt != end; virt = next, entry++) {
        next = piece_end(virt, end, span);
        if (!is_present(*entry))
            continue;
        if (is_leaf(*entry, level)) {
            struct page_mapping mapping = mapping_of(*entry, level, virt);
            visit->pages(visit->context, &mapping);
        } else {
            visit_table(visit, align_down(virt, span), table_of(*entry));
            visit_range(visit, table_of(*entry), level - 1, virt, next);
        }
    }
}

/* Between the halves lie addresses that no entry stands for. */
void paging_visit(const struct paging *paging, uint64_t start, uint64_t end, paging_visit_fn *pages,
                  paging_visit_fn *tables, void *context)
{
    const struct visit visit = { pages, tables, context };
    uint64_t lower_end = end - 1 < USER_HALF_END ? end : USER_HALF_END;
    uint64_t upper_start = start > DIRECT_MAP_START ? start : DIRECT_MAP_START;

    visit_table(&visit, start, paging->root);
    if (start < lower_end)
        visit_range(&visit, paging->root, TOP_LEVEL, start, lower_end);
    if (upper_start <= end - 1)
        visit_range(&visit, paging->root, TOP_LEVEL, upper_start, end);
}
