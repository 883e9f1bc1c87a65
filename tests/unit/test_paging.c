/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mapper against a list of pages and the TLB of paging_machine.h: random operations, and single claims
 * about mapping, protecting and reading. Tables are the subject of test_paging_tables.c.
 *
 * After each random operation every page translates as the model says, what the TLB holds from before is
 * still true, and no table is freed that the CPU may still walk; when everything is unmapped, all are free.
 * At times a CPU gets no shootdown and holds the tables that it has walked.
 */
#include "paging_machine.h"

/* ---- random operations ---- */

static uint32_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)random_state * limit >> 32);
}

static bool is_free(unsigned int first, unsigned int count)
{
    for (unsigned int i = first; i < first + count; i++) {
        if (model[i].is_mapped)
            return false;
    }
    return true;
}

static bool is_full(unsigned int first, unsigned int count)
{
    for (unsigned int i = first; i < first + count; i++) {
        if (!model[i].is_mapped)
            return false;
    }
    return true;
}

static unsigned int random_access(void)
{
    static const unsigned int some[] = {
        PAGE_WRITE | PAGE_GLOBAL,          PAGE_GLOBAL, PAGE_EXECUTE, PAGE_WRITE | PAGE_UNCACHED,
        PAGE_WRITE | PAGE_WRITE_COMBINING, 0,
    };
    return some[random_below(sizeof(some) / sizeof(some[0]))];
}

static status_t expected_of_map(unsigned int first, unsigned int count)
{
    return is_free(first, count) ? STATUS_OK : STATUS_EXISTS;
}

/* It flushes when it comes online. */
static void release_tables(void)
{
    hosted_tables_held = 0;
    port_flush(virt(0), UINT64_MAX);
    paging_prune(&paging);
}

static void step(void)
{
    if (random_below(8) == 0) {
        if (hosted_tables_held)
            release_tables();
        else
            hosted_tables_held = 1;
    }
    /* Half of the ranges are made of whole large pages. */
    unsigned int unit = random_below(2) ? 512 : 1;
    unsigned int units = WINDOW_PAGES / unit;
    unsigned int first = random_below(units) * unit;
    unsigned int count = (1 + random_below(unit == 512 ? 3 : 700)) * unit;
    if (first + count > WINDOW_PAGES)
        count = WINDOW_PAGES - first;
    uint64_t at = WINDOW_START + first * PAGE_SIZE;
    uint64_t size = count * PAGE_SIZE;
    /* Physical addresses that allow large pages, and that do not. */
    uint64_t target = (random_below(4) ? 0 : PAGE_SIZE) + (7ULL << 30) + at % (1ULL << 30);
    unsigned int access = random_access();
    unsigned int tables_before = taken_count;
    takes_until_failure = random_below(5) ? UINT32_MAX : random_below(4);

    status_t status, expected;
    unsigned int what = random_below(3);
    if (what == 0) {
        expected = expected_of_map(first, count);
        status = paging_map(&paging, virt(at), phys(target), size, access);
    } else if (what == 1) {
        expected = STATUS_OK;
        status = paging_unmap(&paging, virt(at), size);
    } else {
        expected = is_full(first, count) ? STATUS_OK : STATUS_NOT_FOUND;
        status = paging_protect(&paging, virt(at), size, access);
    }
    if (status == STATUS_NO_MEMORY) {
        assert_int_not_equal(takes_until_failure, UINT32_MAX);
        assert_true(taken_count == tables_before || hosted_tables_held);
    } else {
        assert_int_equal(status, expected);
    }
    for (unsigned int i = first; status == STATUS_OK && i < first + count; i++) {
        if (what == 0)
            model[i] = (struct page){ true, target + (i - first) * PAGE_SIZE, access };
        else if (what == 1)
            model[i].is_mapped = false;
        else
            model[i].access = access;
    }
    takes_until_failure = UINT32_MAX;
}

static void random_operations_agree_with_a_list_of_pages(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 12; seed++) {
        random_state = seed;
        paging.has_huge_pages = seed % 2;
        for (unsigned int i = 0; i < 150; i++) {
            step();
            check_window();
        }
        assert_int_equal(paging_unmap(&paging, virt(WINDOW_START), WINDOW_PAGES * PAGE_SIZE), STATUS_OK);
        memset(model, 0, sizeof(model));
        check_window();
        release_tables();
        assert_int_equal(taken_count, 2); /* the PML4, and a table of the upper half that stays */
    }
}

/* ---- single claims ---- */

static void the_largest_page_that_fits_is_used(void **state)
{
    (void)state;
    uint64_t at = DIRECT_MAP_START + GIB(4) - MIB(2) - PAGE_SIZE;
    assert_int_equal(paging_map(&paging, virt(at), phys(GIB(8) - MIB(2) - PAGE_SIZE), GIB(1) + MIB(4), 0),
                     STATUS_OK);
    assert_int_equal(query(at).size_bytes, PAGE_SIZE);
    assert_int_equal(query(at + PAGE_SIZE).size_bytes, LARGE_PAGE_SIZE);
    assert_int_equal(query(DIRECT_MAP_START + GIB(4)).size_bytes, HUGE_PAGE_SIZE);
    assert_int_equal(query(DIRECT_MAP_START + GIB(5)).size_bytes, PAGE_SIZE);
}

static void without_1_gib_pages_none_are_used(void **state)
{
    (void)state;
    paging.has_huge_pages = false;
    assert_int_equal(paging_map(&paging, virt(DIRECT_MAP_START), phys(0), GIB(1), PAGE_WRITE), STATUS_OK);
    assert_int_equal(query(DIRECT_MAP_START).size_bytes, LARGE_PAGE_SIZE);
    assert_int_equal(taken_count, 3);
    /* Nor by merging. */
    assert_int_equal(paging_protect(&paging, virt(DIRECT_MAP_START + MIB(7)), MIB(1), 0), STATUS_OK);
    assert_int_equal(paging_protect(&paging, virt(DIRECT_MAP_START + MIB(7)), MIB(1), PAGE_WRITE), STATUS_OK);
    assert_int_equal(query(DIRECT_MAP_START + MIB(7)).size_bytes, LARGE_PAGE_SIZE);
    assert_int_equal(taken_count, 3);
}

static void protecting_a_page_in_the_middle_splits_and_the_way_back_merges(void **state)
{
    (void)state;
    uint64_t page = DIRECT_MAP_START + MIB(700) + 5 * PAGE_SIZE;
    assert_int_equal(paging_map(&paging, virt(DIRECT_MAP_START), phys(GIB(1)), GIB(1), PAGE_WRITE),
                     STATUS_OK);
    unsigned int tables = taken_count;
    assert_int_equal(paging_protect(&paging, virt(page), PAGE_SIZE, 0), STATUS_OK);
    assert_int_equal(query(page).size_bytes, PAGE_SIZE);
    assert_int_equal(query(page).access, 0);
    assert_int_equal(query(page).phys.raw, GIB(1) + MIB(700) + 5 * PAGE_SIZE);
    assert_int_equal(query(page + PAGE_SIZE).access, PAGE_WRITE);
    assert_int_equal(query(page + LARGE_PAGE_SIZE).size_bytes, LARGE_PAGE_SIZE);
    assert_int_equal(taken_count, tables + 2);
    assert_int_equal(paging_protect(&paging, virt(page), PAGE_SIZE, PAGE_WRITE), STATUS_OK);
    assert_int_equal(query(page).size_bytes, HUGE_PAGE_SIZE);
    assert_int_equal(taken_count, tables);
}

static void a_second_edge_that_cannot_be_split_undoes_the_first(void **state)
{
    (void)state;
    assert_int_equal(paging_map(&paging, virt(DIRECT_MAP_START), phys(0), MIB(4), PAGE_WRITE), STATUS_OK);
    unsigned int tables = taken_count;
    takes_until_failure = 1;
    assert_int_equal(paging_protect(&paging, virt(DIRECT_MAP_START + MIB(1)), MIB(2), 0), STATUS_NO_MEMORY);
    assert_int_equal(taken_count, tables);
    assert_int_equal(query(DIRECT_MAP_START).size_bytes, LARGE_PAGE_SIZE);
    takes_until_failure = 1;
    assert_int_equal(paging_unmap(&paging, virt(DIRECT_MAP_START + MIB(1)), MIB(2)), STATUS_NO_MEMORY);
    assert_int_equal(taken_count, tables);
}

static void a_page_that_is_split_is_forgotten_whole(void **state)
{
    (void)state;
    assert_int_equal(paging_map(&paging, virt(WINDOW_START), phys(0), MIB(2), PAGE_WRITE), STATUS_OK);
    for (unsigned int i = 0; i < 512; i++)
        tlb[i].is_mapped = true;
    assert_int_equal(paging_protect(&paging, virt(WINDOW_START), PAGE_SIZE, 0), STATUS_OK);
    for (unsigned int i = 0; i < 512; i++)
        assert_true(!tlb[i].is_mapped || tlb[i].access == (i == 0 ? 0 : PAGE_WRITE));
}

static void what_the_cpu_noted_does_not_keep_pages_apart(void **state)
{
    (void)state;
    struct paging_step steps[4];
    assert_int_equal(paging_map(&paging, virt(DIRECT_MAP_START), phys(0), MIB(2), PAGE_WRITE), STATUS_OK);
    assert_int_equal(paging_protect(&paging, virt(DIRECT_MAP_START), PAGE_SIZE, 0), STATUS_OK);
    assert_int_equal(paging_walk(&paging, virt(DIRECT_MAP_START + PAGE_SIZE), steps), 4);
    ((uint64_t *)port_pointer(steps[3].table))[9] |= PTE_ACCESSED | PTE_DIRTY;
    assert_int_equal(paging_protect(&paging, virt(DIRECT_MAP_START), PAGE_SIZE, PAGE_WRITE), STATUS_OK);
    assert_int_equal(query(DIRECT_MAP_START).size_bytes, LARGE_PAGE_SIZE);
}

static void memory_types_have_their_bits_at_each_size(void **state)
{
    (void)state;
    static const struct {
        uint64_t size, wc_bit;
    } sizes[] = { { PAGE_SIZE, PTE_PAT_4K },
                  { LARGE_PAGE_SIZE, PTE_PAT_LARGE },
                  { HUGE_PAGE_SIZE, PTE_PAT_LARGE } };
    for (unsigned int i = 0; i < 3; i++) {
        struct paging_step steps[4];
        assert_int_equal(paging_map(&paging, virt(VRANGE_START), phys(GIB(3)), sizes[i].size,
                                    PAGE_WRITE | PAGE_WRITE_COMBINING),
                         STATUS_OK);
        uint64_t entry = steps[paging_walk(&paging, virt(VRANGE_START), steps) - 1].entry;
        assert_int_equal(entry & (PTE_PCD | PTE_PWT), 0);
        assert_true(entry & sizes[i].wc_bit);
        assert_int_equal(query(VRANGE_START).phys.raw, GIB(3));
        assert_int_equal(
            paging_protect(&paging, virt(VRANGE_START), sizes[i].size, PAGE_WRITE | PAGE_UNCACHED),
            STATUS_OK);
        entry = steps[paging_walk(&paging, virt(VRANGE_START), steps) - 1].entry;
        assert_int_equal(entry & (PTE_PCD | PTE_PWT), PTE_PCD | PTE_PWT);
        assert_int_equal(entry & sizes[i].wc_bit, 0);
        assert_int_equal(paging_unmap(&paging, virt(VRANGE_START), sizes[i].size), STATUS_OK);
    }
}

static void without_nx_its_bit_is_never_set(void **state)
{
    (void)state;
    struct paging_step steps[4];
    paging.has_nx = false;
    assert_int_equal(paging_map(&paging, virt(DIRECT_MAP_START), phys(0), MIB(2), PAGE_WRITE), STATUS_OK);
    assert_int_equal(paging_protect(&paging, virt(DIRECT_MAP_START), PAGE_SIZE, 0), STATUS_OK);
    for (uint64_t at = DIRECT_MAP_START; at < DIRECT_MAP_START + MIB(2); at += PAGE_SIZE) {
        unsigned int count = paging_walk(&paging, virt(at), steps);
        for (unsigned int i = 0; i < count; i++)
            assert_int_equal(steps[i].entry & PTE_NX, 0);
    }
}

static void ranges_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint64_t at, phys, size;
    } wrong[] = {
        { DIRECT_MAP_START, 0, 0 },
        { DIRECT_MAP_START + 1, 0, PAGE_SIZE },
        { DIRECT_MAP_START, 1, PAGE_SIZE },
        { DIRECT_MAP_START, 0, 1 },
        { USER_HALF_END, 0, PAGE_SIZE },
        { USER_HALF_END - PAGE_SIZE, 0, 2 * PAGE_SIZE },
        { DIRECT_MAP_START - PAGE_SIZE, 0, 2 * PAGE_SIZE },
        { 0 - PAGE_SIZE, 0, 2 * PAGE_SIZE },
        { DIRECT_MAP_START, 1ULL << 52, PAGE_SIZE },
        { DIRECT_MAP_START, (1ULL << 52) - PAGE_SIZE, 2 * PAGE_SIZE },
    };
    for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(paging_map(&paging, virt(wrong[i].at), phys(wrong[i].phys), wrong[i].size, 0),
                         STATUS_INVALID);
    /* These two are too long for any physical address, but not for unmapping. */
    assert_int_equal(paging_unmap(&paging, virt(USER_HALF_END - PAGE_SIZE),
                                  DIRECT_MAP_START - USER_HALF_END + 2 * PAGE_SIZE),
                     STATUS_INVALID);
    assert_int_equal(paging_unmap(&paging, virt(DIRECT_MAP_START + 2 * PAGE_SIZE), 0 - PAGE_SIZE),
                     STATUS_INVALID);
    assert_int_equal(taken_count, 1);
    /* But the last page of all is an address like any other. */
    assert_int_equal(paging_map(&paging, virt(0 - PAGE_SIZE), phys((1ULL << 52) - PAGE_SIZE), PAGE_SIZE, 0),
                     STATUS_OK);
    assert_int_equal(query(0 - PAGE_SIZE).phys.raw, (1ULL << 52) - PAGE_SIZE);
    assert_int_equal(paging_protect(&paging, virt(0 - PAGE_SIZE), PAGE_SIZE, PAGE_WRITE), STATUS_OK);
    assert_int_equal(paging_unmap(&paging, virt(0 - PAGE_SIZE), PAGE_SIZE), STATUS_OK);
    assert_int_equal(query(0 - PAGE_SIZE).size_bytes, 0);
}

static void addresses_that_no_cpu_translates_are_not_found(void **state)
{
    (void)state;
    struct page_mapping mapping;
    assert_int_equal(paging_map(&paging, virt(0), phys(0), PAGE_SIZE, 0), STATUS_OK);
    assert_int_equal(paging_query(&paging, virt(1ULL << 48), &mapping), STATUS_NOT_FOUND);
    assert_true(paging_is_canonical(virt(USER_HALF_END - 1)));
    assert_false(paging_is_canonical(virt(USER_HALF_END)));
    assert_false(paging_is_canonical(virt(DIRECT_MAP_START - 1)));
    assert_true(paging_is_canonical(virt(DIRECT_MAP_START)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(random_operations_agree_with_a_list_of_pages),
        CLAIM(the_largest_page_that_fits_is_used),
        CLAIM(without_1_gib_pages_none_are_used),
        CLAIM(protecting_a_page_in_the_middle_splits_and_the_way_back_merges),
        CLAIM(a_second_edge_that_cannot_be_split_undoes_the_first),
        CLAIM(a_page_that_is_split_is_forgotten_whole),
        CLAIM(what_the_cpu_noted_does_not_keep_pages_apart),
        CLAIM(memory_types_have_their_bits_at_each_size),
        CLAIM(without_nx_its_bit_is_never_set),
        CLAIM(ranges_that_make_no_sense_are_refused),
        CLAIM(addresses_that_no_cpu_translates_are_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
