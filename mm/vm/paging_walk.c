/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading of page tables: the steps to one address; of a range, whether all or none of it is mapped, and a
 * visit of each page and table.
 */
#include "paging_private.h"

unsigned int paging_walk_tables(phys_t table, virt_t virt, struct paging_step steps[4])
{
    unsigned int count = 0;
    for (unsigned int level = TOP_LEVEL; level >= 1; level--) {
        uint64_t entry = read_entry(entry_at(table, level, virt));
        bool leaf = is_present(entry) && is_leaf(entry, level);
        steps[count++] = (struct paging_step){ level, table, index_of(virt, level), entry, leaf };
        if (!is_present(entry) || leaf)
            break;
        table = table_of(entry);
    }
    return count;
}

/* Return: how many of @count entries are absent before the first that is not. */
static uint64_t count_absent(const uint64_t *entry, uint64_t count)
{
    uint64_t absent = 0;
    while (absent < count && !is_present(entry[absent]))
        absent++;
    return absent;
}

/* NOLINTNEXTLINE(misc-no-recursion): one call a level of the page tables. */
bool paging_is_all(phys_t table, unsigned int level, virt_t virt, virt_t end, bool want)
{
    const uint64_t span = span_of(level), *entry = entry_at(table, level, virt);
    bool is_as_wanted = true;
    for (virt_t next; is_as_wanted && !virt_is_equal(virt, end); virt = next, entry++) {
        if (!want) {
            uint64_t absent = count_absent(entry, whole_entries(virt, end, span));
            entry += absent;
            virt = virt_add(virt, absent * span);
            if (virt_is_equal(virt, end))
                break;
        }
        next = piece_end(virt, end, span);
        if (!is_present(*entry))
            is_as_wanted = !want;
        else if (is_leaf(*entry, level))
            is_as_wanted = want;
        else
            is_as_wanted = paging_is_all(table_of(*entry), level - 1, virt, next, want);
    }
    return is_as_wanted;
}

void paging_visit_table(const struct paging_visitor *visitor, virt_t virt, phys_t table)
{
    if (visitor->tables)
        visitor->tables(visitor->context, &(struct page_mapping){ .virt = virt, .phys = table });
}

/* NOLINTNEXTLINE(misc-no-recursion): one call a level of the page tables. */
void paging_visit_range(const struct paging_visitor *visitor, phys_t table, unsigned int level, virt_t virt,
                        virt_t end)
{
    const uint64_t span = span_of(level), *place = entry_at(table, level, virt);
    for (virt_t next; !virt_is_equal(virt, end); virt = next, place++) {
        uint64_t entry = read_entry(place);
        next = piece_end(virt, end, span);
        if (!is_present(entry))
            continue;
        virt_t start = virt_align_down(virt, span);
        if (is_leaf(entry, level)) {
            visitor->pages(visitor->context, &(struct page_mapping){
                                                 .virt = start,
                                                 .phys = paging_leaf_address(entry, level),
                                                 .size_bytes = span,
                                                 .access = paging_access_of(entry, level),
                                             });
        } else {
            paging_visit_table(visitor, start, table_of(entry));
            paging_visit_range(visitor, table_of(entry), level - 1, virt, next);
        }
    }
}
