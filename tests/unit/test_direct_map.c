/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plan of the direct map against the mapper: random memory maps are mapped run by run, and the
 * tables that this took are counted.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <ashlar/bits.h>
#include <ashlar/mm/direct_map.h>
#include <ashlar/mm/paging.h>
#include <ashlar/mm/port.h>

#include "seed.h"

#define FRAMES       1024
#define MAX_RANGES   24
/* The PML4, and a table for each entry of its upper half. */
#define UPPER_TABLES 257u

unsigned char *hosted_ram;
uint64_t hosted_ram_start;
static unsigned int taken;

static phys_t take(void)
{
    return taken < FRAMES ? phys(taken++ * PAGE_SIZE) : PHYS_INVALID;
}

static void give(phys_t frame)
{
    fail_msg("mapping gave frame %llx back", (unsigned long long)frame.raw);
}

void port_flush(virt_t virt, uint64_t size_bytes)
{
    (void)virt;
    (void)size_bytes;
}

static struct memmap_range ranges[MAX_RANGES];

/* Edges at pages, 2 MiB and 1 GiB; neighbours that touch, and holes of any size. */
static uint64_t random_size(void)
{
    static const uint64_t units[] = { PAGE_SIZE, LARGE_PAGE_SIZE, LARGE_PAGE_SIZE, HUGE_PAGE_SIZE };
    return units[seed_below(4)] * (1 + seed_below(seed_below(2) ? 3 : 600) % (seed_below(2) ? 600 : 5));
}

static size_t make_map(void)
{
    size_t count = seed_below(MAX_RANGES + 1);
    uint64_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (seed_below(3) == 0)
            at += random_size();
        if (seed_below(3) == 0)
            at = align_up(at, seed_below(2) ? LARGE_PAGE_SIZE : HUGE_PAGE_SIZE);
        uint64_t end = at + random_size();
        ranges[i] = (struct memmap_range){ phys(at), phys(end), seed_below(MEMMAP_KIND_COUNT) };
        if (seed_below(2))
            ranges[i].kind = MEMMAP_USABLE;
        at = end;
    }
    return count;
}

static struct paging map_all(const struct direct_map_plan *plan)
{
    struct paging paging = {
        .has_nx = true, .has_huge_pages = plan->has_huge_pages, .take = take, .give = give
    };
    taken = 0;
    assert_int_equal(paging_init(&paging), STATUS_OK);
    assert_int_equal(paging_fill_upper_half(&paging), STATUS_OK);
    assert_int_equal(taken, UPPER_TABLES);
    struct phys_range run, last = { phys(0), phys(0) };
    for (size_t cursor = 0, runs = 0; direct_map_next_run(plan, &cursor, &run); last = run, runs++) {
        assert_true(runs == 0 || run.start.raw > last.end.raw);
        assert_int_equal(paging_map(&paging, virt(DIRECT_MAP_START + run.start.raw), run.start,
                                    phys_range_size(run), PAGE_WRITE),
                         STATUS_OK);
    }
    return paging;
}

static bool is_mapped(const struct paging *paging, uint64_t address)
{
    struct page_mapping mapping;
    return paging_query(paging, virt(DIRECT_MAP_START + address), &mapping) == STATUS_OK;
}

/* ---- counting tables without building them ---- */

/* A table is needed where a run begins or ends inside the page that could have taken the table's place. Runs
   ascend, so a table that two of them need is counted once by remembering how far the counting has come. */

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

static uint64_t count_tables(const struct direct_map_plan *plan)
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

/* ---- tests ---- */

static void every_direct_map_takes_the_predicted_number_of_tables(void **state)
{
    (void)state;
    unsigned int compared = 0;
    for (unsigned int round = 0; round < 300; round++) {
        struct direct_map_plan plan = { ranges, make_map(), phys((1 + seed_below(64)) * HUGE_PAGE_SIZE),
                                        round % 2 };
        uint64_t counted = count_tables(&plan);
        if (counted > FRAMES - UPPER_TABLES)
            continue; /* more than this test has frames for */
        compared++;
        struct paging paging = map_all(&plan);
        assert_int_equal(taken - UPPER_TABLES, counted);

        for (size_t i = 0; i < plan.range_count; i++) {
            const uint64_t edges[] = { ranges[i].start.raw, ranges[i].end.raw - PAGE_SIZE };
            for (size_t k = 0; k < 2; k++) {
                bool is_ram = ranges[i].kind <= MEMMAP_ACPI_TABLE && edges[k] < plan.end.raw;
                assert_int_equal(is_mapped(&paging, edges[k]), is_ram);
            }
            bool is_hole_behind = i + 1 == plan.range_count || ranges[i + 1].start.raw > ranges[i].end.raw;
            if (is_hole_behind)
                assert_false(is_mapped(&paging, ranges[i].end.raw));
        }
        assert_false(is_mapped(&paging, plan.end.raw));
    }
    assert_true(compared > 200);
}

static void with_1_gib_pages_terabytes_need_tables_at_their_edges_only(void **state)
{
    (void)state;
    ranges[0] = (struct memmap_range){ phys(PAGE_SIZE), phys(0xa0000), MEMMAP_USABLE };
    ranges[1] = (struct memmap_range){ phys(MIB(1)), phys(GIB(3)), MEMMAP_USABLE };
    ranges[2] = (struct memmap_range){ phys(GIB(4)), phys(GIB(16385)), MEMMAP_USABLE };
    struct direct_map_plan plan = { ranges, 3, phys(1ULL << 46), true };
    /* A directory and a page table below 1 GiB. */
    assert_int_equal(count_tables(&plan), 2);
    plan.has_huge_pages = false;
    assert_int_equal(count_tables(&plan), 1 + 3 + 16381);
}

int main(void)
{
    seed_from_environment();
    hosted_ram = aligned_alloc(PAGE_SIZE, FRAMES * PAGE_SIZE);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_direct_map_takes_the_predicted_number_of_tables),
        cmocka_unit_test(with_1_gib_pages_terabytes_need_tables_at_their_edges_only),
    };
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    free(hosted_ram);
    return status;
}
