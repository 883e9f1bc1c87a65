/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counting tables without building them: a table is needed where a run begins or ends inside the
 * page that could have taken the table's place. Runs ascend, so a table that two of them need is
 * counted once by remembering how far the counting has come.
 */
#include <ashlar/mm/direct_map.h>

#include <ashlar/bits.h>

bool direct_map_next_run(const struct direct_map_plan *plan, size_t *cursor, struct phys_range *run)
{
    const struct memmap_range *ranges = plan->ranges;
    size_t i = *cursor;
    while (i < plan->range_count && ranges[i].kind > MEMMAP_LAST_RAM)
        i++;
    if (i == plan->range_count || ranges[i].start.raw >= plan->end)
        return false;

    uint64_t start = ranges[i].start.raw, end;
    do
        end = ranges[i++].end.raw;
    while (i < plan->range_count && ranges[i].start.raw == end && ranges[i].kind <= MEMMAP_LAST_RAM);
    *run = (struct phys_range){ phys(start), phys(end < plan->end ? end : plan->end) };
    *cursor = i;
    return true;
}

/* Tables of one level. */
struct table_count {
    uint64_t span_bytes; /* what one of them maps */
    uint64_t end;        /* all that map something below are counted */
    uint64_t tables;
};

/* All that map something of [start, end). */
static void count_for(struct table_count *count, uint64_t start, uint64_t end)
{
    uint64_t from = align_down(start, count->span_bytes), to = align_up(end, count->span_bytes);
    from = from > count->end ? from : count->end;
    if (from < to) {
        count->tables += (to - from) / count->span_bytes;
        count->end = to;
    }
}

/* Those that map something of it, but nothing whole: from the start up to the next boundary, and
   from the last boundary to the end. Inside one page the two are the same table. */
static void count_at_edges(struct table_count *count, uint64_t start, uint64_t end)
{
    count_for(count, start, align_up(start, count->span_bytes));
    count_for(count, align_down(end, count->span_bytes), end);
}

uint64_t direct_map_table_count(const struct direct_map_plan *plan)
{
    struct table_count page_tables = { .span_bytes = LARGE_PAGE_SIZE };
    struct table_count directories = { .span_bytes = HUGE_PAGE_SIZE };
    struct phys_range run;
    for (size_t cursor = 0; direct_map_next_run(plan, &cursor, &run);) {
        count_at_edges(&page_tables, run.start.raw, run.end.raw);
        if (plan->has_huge_pages)
            count_at_edges(&directories, run.start.raw, run.end.raw);
        else
            count_for(&directories, run.start.raw, run.end.raw);
    }
    return page_tables.tables + directories.tables;
}
