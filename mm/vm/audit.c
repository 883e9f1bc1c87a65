/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The audit: one visit, each rule one question about a page.
 */
#include <ashlar/mm/audit.h>

struct audit {
    const struct paging *paging;
    const struct audit_rules *rules;
    audit_report_fn *report;
    void *context;
    uint64_t count;
};

static void note(struct audit *audit, bool is_violation, enum audit_violation violation,
                 const struct page_mapping *mapping)
{
    if (!is_violation)
        return;
    audit->count++;
    audit->report(audit->context, violation, mapping);
}

static bool overlaps(struct phys_range range, const struct page_mapping *mapping)
{
    return phys_ranges_overlap(range, phys_range_at(mapping->phys, mapping->size_bytes));
}

/* Whether all of the page is memory that may be written through the cache. */
static bool is_all_ram(const struct audit_rules *rules, const struct page_mapping *mapping)
{
    struct phys_range left = phys_range_at(mapping->phys, mapping->size_bytes);
    for (size_t i = 0; i < rules->range_count && !phys_range_is_empty(left); i++) {
        const struct memmap_range *range = &rules->ranges[i];
        if (range->kind <= MEMMAP_LAST_RAM && phys_range_contains(memmap_extent(range), left.start))
            left.start = range->end;
    }
    return phys_range_is_empty(left);
}

static void look_at_page(void *context, const struct page_mapping *mapping)
{
    struct audit *audit = context;
    unsigned int access = mapping->access;
    bool is_written = (access & PAGE_WRITE) != 0;
    bool is_cached = !(access & (PAGE_UNCACHED | PAGE_WRITE_COMBINING));

    /* Without NX nothing can be kept from being executed, and the log has said so. */
    note(audit, is_written && (access & PAGE_EXECUTE) && audit->paging->has_nx, AUDIT_WRITE_EXECUTE, mapping);
    note(audit, virt_is_below(mapping->virt, virt(USER_HALF_END)), AUDIT_LOWER_HALF, mapping);
    note(audit, (access & PAGE_USER) != 0, AUDIT_USER, mapping);
    note(audit, is_written && overlaps(audit->rules->read_only, mapping), AUDIT_READ_ONLY_ALIAS, mapping);
    note(audit, is_written && is_cached && !is_all_ram(audit->rules, mapping), AUDIT_NOT_RAM, mapping);
}

static void look_at_table(void *context, const struct page_mapping *table)
{
    struct audit *audit = context;
    note(audit, audit->rules->is_free(table->phys), AUDIT_FREE_TABLE, table);
}

uint64_t audit_tree(const struct paging *paging, const struct audit_rules *rules, audit_report_fn *report,
                    void *context)
{
    struct audit audit = { paging, rules, report, context, 0 };
    port_block_table_freeing();
    paging_visit(paging, virt(0), virt(0), look_at_page, look_at_table, &audit);
    port_unblock_table_freeing();
    return audit.count;
}

const char *audit_violation_words(enum audit_violation violation)
{
#define AUDIT_WORDS(name, words) [name] = words,
    static const char *const words[] = { AUDIT_VIOLATIONS(AUDIT_WORDS) };
#undef AUDIT_WORDS
    return words[violation];
}
