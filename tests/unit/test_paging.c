/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mapper against a list of pages and against a TLB that forgets only what it is told to forget.
 *
 * Random operations work on a window of 12 MiB that crosses a 1 GiB boundary. After each one, every page must
 * translate as the model says; what the TLB remembers from before must still be true; no table comes back
 * that the CPU may still read; and when everything is unmapped, all have come back. Now and then there is a
 * CPU that cannot be asked and holds on to the tables that it has seen.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/bits.h>
#include <ashlar/hw/paging.h>
#include <ashlar/mm/paging.h>
#include <ashlar/mm/port.h>

#define FRAMES       1200
#define WINDOW_PAGES (12u * 512)
#define WINDOW_START (DIRECT_MAP_START + (1ULL << 30) - (4ULL << 20))

unsigned char *hosted_ram;
uint64_t hosted_ram_start = 0x100000;

/* ---- frames ---- */

static bool is_taken[FRAMES];
/* The addresses whose translation reads this table, and whether the CPU may remember that it does. */
static struct span {
    uint64_t start, last;
    bool is_remembered;
} spans[FRAMES];
static unsigned int taken_count;
static unsigned int takes_until_failure; /* UINT32_MAX: never */

/* A CPU is being started: what it remembers of tables, no flush makes it forget. */
bool hosted_tables_held;

static void remember_pages(unsigned int distance);

static phys_t take(void)
{
    if (takes_until_failure == 0) {
        /* A CPU may have used all that is there by now. */
        remember_pages(1);
        return PHYS_INVALID;
    }
    if (takes_until_failure != UINT32_MAX)
        takes_until_failure--;
    for (unsigned int i = 0; i < FRAMES; i++) {
        if (!is_taken[i]) {
            is_taken[i] = true;
            taken_count++;
            memset(hosted_ram + i * PAGE_SIZE, 0xa5, PAGE_SIZE);
            return phys(hosted_ram_start + i * PAGE_SIZE);
        }
    }
    return PHYS_INVALID;
}

static void give(phys_t frame)
{
    uint64_t i = (frame.raw - hosted_ram_start) / PAGE_SIZE;
    assert_true(i < FRAMES && is_taken[i]);
    assert_false(spans[i].is_remembered);
    is_taken[i] = false;
    taken_count--;
    /* A walk that still uses it as a table finds garbage. */
    memset(hosted_ram + i * PAGE_SIZE, 0xa5, PAGE_SIZE);
}

/* ---- the model: each page of the window, and what a TLB remembers of it ---- */

struct page {
    bool is_mapped;
    uint64_t phys;
    unsigned int access;
};

static struct page model[WINDOW_PAGES], tlb[WINDOW_PAGES];

static struct paging paging;

/* Of pages that lie @distance apart. */
static void remember_pages(unsigned int distance)
{
    for (unsigned int i = 0; i < WINDOW_PAGES; i += distance) {
        struct page_mapping mapping;
        uint64_t virt = WINDOW_START + i * PAGE_SIZE;
        if (paging_query(&paging, virt, &mapping) == STATUS_OK)
            tlb[i] = (struct page){ true, mapping.phys.raw + (virt - mapping.virt), mapping.access };
    }
}

static void remember_tables(void)
{
    const uint64_t end = WINDOW_START + WINDOW_PAGES * PAGE_SIZE;
    for (uint64_t virt = WINDOW_START; virt < end; virt += LARGE_PAGE_SIZE) {
        struct paging_step steps[4];
        unsigned int count = paging_walk(&paging, virt, steps);
        for (unsigned int i = 0; i < count; i++) {
            uint64_t span = PAGE_SIZE << (9 * steps[i].level), start = virt & ~(span - 1);
            uint64_t frame = (steps[i].table.raw - hosted_ram_start) / PAGE_SIZE;
            spans[frame] = (struct span){ start, start + span - 1, true };
        }
    }
}

void port_flush(uint64_t virt, uint64_t size_bytes)
{
    for (unsigned int i = 0; i < WINDOW_PAGES; i++) {
        uint64_t page = WINDOW_START + i * PAGE_SIZE;
        if (page + PAGE_SIZE > virt && page < virt + size_bytes)
            tlb[i].is_mapped = false;
    }
    for (unsigned int i = 0; i < FRAMES; i++) {
        if (spans[i].last >= virt && spans[i].start <= virt + size_bytes - 1 && !hosted_tables_held)
            spans[i].is_remembered = false;
    }
    /* And the CPU goes on guessing: what can be found now it may know again. */
    remember_pages(61);
    remember_tables();
}

static int set_up(void **state)
{
    (void)state;
    hosted_ram = aligned_alloc(PAGE_SIZE, FRAMES * PAGE_SIZE);
    memset(is_taken, 0, sizeof(is_taken));
    memset(spans, 0, sizeof(spans));
    memset(model, 0, sizeof(model));
    memset(tlb, 0, sizeof(tlb));
    taken_count = 0;
    takes_until_failure = UINT32_MAX;
    hosted_tables_held = false;
    paging = (struct paging){ .has_nx = true, .has_huge_pages = true, .take = take, .give = give };
    return paging_init(&paging);
}

static int tear_down(void **state)
{
    (void)state;
    free(hosted_ram);
    return 0;
}

/* What the CPU may translate [i] to: asks the walker, then the TLB. */
static void check_page(unsigned int i)
{
    struct page_mapping mapping;
    uint64_t virt = WINDOW_START + i * PAGE_SIZE;
    bool is_mapped = paging_query(&paging, virt, &mapping) == STATUS_OK;
    assert_int_equal(is_mapped, model[i].is_mapped);
    if (is_mapped) {
        assert_int_equal(mapping.phys.raw + (virt - mapping.virt), model[i].phys);
        assert_int_equal(mapping.access, model[i].access);
    }
    if (tlb[i].is_mapped) {
        assert_true(is_mapped);
        assert_int_equal(tlb[i].phys, model[i].phys);
        assert_int_equal(tlb[i].access, model[i].access);
    }
}

static void check_window(void)
{
    for (unsigned int i = 0; i < WINDOW_PAGES; i++)
        check_page(i);
    /* From here on the CPU knows all of it. */
    memcpy(tlb, model, sizeof(model));
    remember_tables();
}

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
    hosted_tables_held = false;
    port_flush(0, UINT64_MAX);
    paging_prune(&paging, WINDOW_START, WINDOW_PAGES * PAGE_SIZE);
}

static void step(void)
{
    if (random_below(8) == 0) {
        if (hosted_tables_held)
            release_tables();
        else
            hosted_tables_held = true;
    }
    /* Half of the ranges are made of whole large pages. */
    unsigned int unit = random_below(2) ? 512 : 1;
    unsigned int units = WINDOW_PAGES / unit;
    unsigned int first = random_below(units) * unit;
    unsigned int count = (1 + random_below(unit == 512 ? 3 : 700)) * unit;
    if (first + count > WINDOW_PAGES)
        count = WINDOW_PAGES - first;
    uint64_t virt = WINDOW_START + first * PAGE_SIZE;
    uint64_t size = count * PAGE_SIZE;
    /* Physical addresses that allow large pages, and that do not. */
    uint64_t target = (random_below(4) ? 0 : PAGE_SIZE) + (7ULL << 30) + virt % (1ULL << 30);
    unsigned int access = random_access();
    unsigned int tables_before = taken_count;
    takes_until_failure = random_below(5) ? UINT32_MAX : random_below(4);

    status_t status, expected;
    unsigned int what = random_below(3);
    if (what == 0) {
        expected = expected_of_map(first, count);
        status = paging_map(&paging, virt, phys(target), size, access);
    } else if (what == 1) {
        expected = STATUS_OK;
        status = paging_unmap(&paging, virt, size);
    } else {
        expected = is_full(first, count) ? STATUS_OK : STATUS_NOT_FOUND;
        status = paging_protect(&paging, virt, size, access);
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
        assert_int_equal(paging_unmap(&paging, WINDOW_START, WINDOW_PAGES * PAGE_SIZE), STATUS_OK);
        memset(model, 0, sizeof(model));
        check_window();
        release_tables();
        assert_int_equal(taken_count, 2); /* the PML4, and a table of the upper half that stays */
    }
}

/* ---- single claims ---- */

static struct page_mapping query(uint64_t virt)
{
    struct page_mapping mapping = { .size_bytes = 0 };
    (void)!paging_query(&paging, virt, &mapping);
    return mapping;
}

static void the_largest_page_that_fits_is_used(void **state)
{
    (void)state;
    uint64_t virt = DIRECT_MAP_START + GIB(4) - MIB(2) - PAGE_SIZE;
    assert_int_equal(paging_map(&paging, virt, phys(GIB(8) - MIB(2) - PAGE_SIZE), GIB(1) + MIB(4), 0),
                     STATUS_OK);
    assert_int_equal(query(virt).size_bytes, PAGE_SIZE);
    assert_int_equal(query(virt + PAGE_SIZE).size_bytes, LARGE_PAGE_SIZE);
    assert_int_equal(query(DIRECT_MAP_START + GIB(4)).size_bytes, HUGE_PAGE_SIZE);
    assert_int_equal(query(DIRECT_MAP_START + GIB(5)).size_bytes, PAGE_SIZE);
}

static void without_1_gib_pages_none_are_used(void **state)
{
    (void)state;
    paging.has_huge_pages = false;
    assert_int_equal(paging_map(&paging, DIRECT_MAP_START, phys(0), GIB(1), PAGE_WRITE), STATUS_OK);
    assert_int_equal(query(DIRECT_MAP_START).size_bytes, LARGE_PAGE_SIZE);
    assert_int_equal(taken_count, 3);
    /* Nor by merging. */
    assert_int_equal(paging_protect(&paging, DIRECT_MAP_START + MIB(7), MIB(1), 0), STATUS_OK);
    assert_int_equal(paging_protect(&paging, DIRECT_MAP_START + MIB(7), MIB(1), PAGE_WRITE), STATUS_OK);
    assert_int_equal(query(DIRECT_MAP_START + MIB(7)).size_bytes, LARGE_PAGE_SIZE);
    assert_int_equal(taken_count, 3);
}

static void protecting_a_page_in_the_middle_splits_and_the_way_back_merges(void **state)
{
    (void)state;
    uint64_t page = DIRECT_MAP_START + MIB(700) + 5 * PAGE_SIZE;
    assert_int_equal(paging_map(&paging, DIRECT_MAP_START, phys(GIB(1)), GIB(1), PAGE_WRITE), STATUS_OK);
    unsigned int tables = taken_count;
    assert_int_equal(paging_protect(&paging, page, PAGE_SIZE, 0), STATUS_OK);
    assert_int_equal(query(page).size_bytes, PAGE_SIZE);
    assert_int_equal(query(page).access, 0);
    assert_int_equal(query(page).phys.raw, GIB(1) + MIB(700) + 5 * PAGE_SIZE);
    assert_int_equal(query(page + PAGE_SIZE).access, PAGE_WRITE);
    assert_int_equal(query(page + LARGE_PAGE_SIZE).size_bytes, LARGE_PAGE_SIZE);
    assert_int_equal(taken_count, tables + 2);
    assert_int_equal(paging_protect(&paging, page, PAGE_SIZE, PAGE_WRITE), STATUS_OK);
    assert_int_equal(query(page).size_bytes, HUGE_PAGE_SIZE);
    assert_int_equal(taken_count, tables);
}

static void a_table_that_a_starting_cpu_may_walk_stays_until_it_is_online(void **state)
{
    (void)state;
    uint64_t virt = VRANGE_START + MIB(5);
    assert_int_equal(paging_map(&paging, virt, phys(0), PAGE_SIZE, PAGE_WRITE), STATUS_OK);
    assert_int_equal(taken_count, 4);
    hosted_tables_held = true;
    assert_int_equal(paging_unmap(&paging, virt, PAGE_SIZE), STATUS_OK);
    assert_int_equal(query(virt).size_bytes, 0);
    assert_int_equal(taken_count, 4);
    assert_true(paging.kept_start <= virt && virt < paging.kept_end);
    /* It serves meanwhile, and trying again does not help. */
    assert_int_equal(paging_map(&paging, virt + PAGE_SIZE, phys(0), PAGE_SIZE, 0), STATUS_OK);
    assert_int_equal(taken_count, 4);
    assert_int_equal(paging_unmap(&paging, virt + PAGE_SIZE, PAGE_SIZE), STATUS_OK);
    paging_prune(&paging, virt & ~(LARGE_PAGE_SIZE - 1), LARGE_PAGE_SIZE);
    assert_int_equal(taken_count, 4);
    hosted_tables_held = false;
    paging_prune(&paging, virt & ~(LARGE_PAGE_SIZE - 1), LARGE_PAGE_SIZE);
    assert_int_equal(taken_count, 2); /* the PML4, and one that stays */
}

static void a_second_edge_that_cannot_be_split_undoes_the_first(void **state)
{
    (void)state;
    assert_int_equal(paging_map(&paging, DIRECT_MAP_START, phys(0), MIB(4), PAGE_WRITE), STATUS_OK);
    unsigned int tables = taken_count;
    takes_until_failure = 1;
    assert_int_equal(paging_protect(&paging, DIRECT_MAP_START + MIB(1), MIB(2), 0), STATUS_NO_MEMORY);
    assert_int_equal(taken_count, tables);
    assert_int_equal(query(DIRECT_MAP_START).size_bytes, LARGE_PAGE_SIZE);
    takes_until_failure = 1;
    assert_int_equal(paging_unmap(&paging, DIRECT_MAP_START + MIB(1), MIB(2)), STATUS_NO_MEMORY);
    assert_int_equal(taken_count, tables);
}

static void a_page_that_is_split_is_forgotten_whole(void **state)
{
    (void)state;
    assert_int_equal(paging_map(&paging, WINDOW_START, phys(0), MIB(2), PAGE_WRITE), STATUS_OK);
    for (unsigned int i = 0; i < 512; i++)
        tlb[i].is_mapped = true;
    assert_int_equal(paging_protect(&paging, WINDOW_START, PAGE_SIZE, 0), STATUS_OK);
    for (unsigned int i = 0; i < 512; i++)
        assert_true(!tlb[i].is_mapped || tlb[i].access == (i == 0 ? 0 : PAGE_WRITE));
}

static void what_the_cpu_noted_does_not_keep_pages_apart(void **state)
{
    (void)state;
    struct paging_step steps[4];
    assert_int_equal(paging_map(&paging, DIRECT_MAP_START, phys(0), MIB(2), PAGE_WRITE), STATUS_OK);
    assert_int_equal(paging_protect(&paging, DIRECT_MAP_START, PAGE_SIZE, 0), STATUS_OK);
    assert_int_equal(paging_walk(&paging, DIRECT_MAP_START + PAGE_SIZE, steps), 4);
    ((uint64_t *)port_pointer(steps[3].table))[9] |= PTE_ACCESSED | PTE_DIRTY;
    assert_int_equal(paging_protect(&paging, DIRECT_MAP_START, PAGE_SIZE, PAGE_WRITE), STATUS_OK);
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
        assert_int_equal(
            paging_map(&paging, VRANGE_START, phys(GIB(3)), sizes[i].size, PAGE_WRITE | PAGE_WRITE_COMBINING),
            STATUS_OK);
        uint64_t entry = steps[paging_walk(&paging, VRANGE_START, steps) - 1].entry;
        assert_int_equal(entry & (PTE_PCD | PTE_PWT), 0);
        assert_true(entry & sizes[i].wc_bit);
        assert_int_equal(query(VRANGE_START).phys.raw, GIB(3));
        assert_int_equal(paging_protect(&paging, VRANGE_START, sizes[i].size, PAGE_WRITE | PAGE_UNCACHED),
                         STATUS_OK);
        entry = steps[paging_walk(&paging, VRANGE_START, steps) - 1].entry;
        assert_int_equal(entry & (PTE_PCD | PTE_PWT), PTE_PCD | PTE_PWT);
        assert_int_equal(entry & sizes[i].wc_bit, 0);
        assert_int_equal(paging_unmap(&paging, VRANGE_START, sizes[i].size), STATUS_OK);
    }
}

static void without_nx_its_bit_is_never_set(void **state)
{
    (void)state;
    struct paging_step steps[4];
    paging.has_nx = false;
    assert_int_equal(paging_map(&paging, DIRECT_MAP_START, phys(0), MIB(2), PAGE_WRITE), STATUS_OK);
    assert_int_equal(paging_protect(&paging, DIRECT_MAP_START, PAGE_SIZE, 0), STATUS_OK);
    for (uint64_t virt = DIRECT_MAP_START; virt < DIRECT_MAP_START + MIB(2); virt += PAGE_SIZE) {
        unsigned int count = paging_walk(&paging, virt, steps);
        for (unsigned int i = 0; i < count; i++)
            assert_int_equal(steps[i].entry & PTE_NX, 0);
    }
}

static void the_upper_half_has_all_its_tables_and_keeps_them(void **state)
{
    (void)state;
    assert_int_equal(paging_fill_upper_half(&paging), STATUS_OK);
    const uint64_t *root = port_pointer(paging.root);
    for (unsigned int i = 0; i < 512; i++)
        assert_int_equal((root[i] & PTE_PRESENT) != 0, i >= 256);
    assert_int_equal(taken_count, 257);
    assert_int_equal(paging_map(&paging, VRANGE_START, phys(0), PAGE_SIZE, 0), STATUS_OK);
    struct paging_step steps[4];
    assert_int_equal(paging_walk(&paging, VRANGE_START, steps), 4);
    for (unsigned int i = 0; i < 4; i++)
        assert_false(steps[i].entry & PTE_USER);
    assert_int_equal(paging_unmap(&paging, VRANGE_START, PAGE_SIZE), STATUS_OK);
    assert_int_equal(taken_count, 257);
    assert_true(root[416] & PTE_PRESENT); /* VRANGE's */
}

static void the_lower_half_gives_all_its_tables_back(void **state)
{
    (void)state;
    assert_int_equal(paging_map(&paging, 0x400000, phys(0), PAGE_SIZE, PAGE_USER), STATUS_OK);
    assert_int_equal(taken_count, 4);
    assert_int_equal(query(0x400000).access, PAGE_USER);
    struct paging_step steps[4];
    assert_int_equal(paging_walk(&paging, 0x400000, steps), 4);
    for (unsigned int i = 0; i < 4; i++)
        assert_true(steps[i].entry & PTE_USER);
    assert_int_equal(paging_unmap(&paging, 0x400000, PAGE_SIZE), STATUS_OK);
    assert_int_equal(taken_count, 1);
}

static void what_is_prepared_is_mapped_without_taking_a_frame(void **state)
{
    (void)state;
    assert_int_equal(paging_prepare(&paging, DIRECT_MAP_START, MIB(4), PAGE_SIZE), STATUS_OK);
    assert_int_equal(paging_prepare(&paging, VRANGE_START, GIB(2), LARGE_PAGE_SIZE), STATUS_OK);
    unsigned int tables = taken_count;
    takes_until_failure = 0;
    assert_int_equal(paging_map(&paging, DIRECT_MAP_START + MIB(2) - PAGE_SIZE, phys(0), 2 * PAGE_SIZE, 0),
                     STATUS_OK);
    assert_int_equal(paging_map(&paging, VRANGE_START + GIB(1), phys(MIB(2)), MIB(2), 0), STATUS_OK);
    assert_int_equal(query(VRANGE_START + GIB(1)).size_bytes, LARGE_PAGE_SIZE);
    assert_int_equal(taken_count, tables);
    takes_until_failure = UINT32_MAX;
    assert_int_equal(paging_prepare(&paging, VRANGE_START + GIB(1), PAGE_SIZE, PAGE_SIZE), STATUS_EXISTS);
    assert_int_equal(paging_prepare(&paging, VRANGE_START, GIB(1), GIB(1)), STATUS_INVALID);
}

static void ranges_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint64_t virt, phys, size;
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
        assert_int_equal(paging_map(&paging, wrong[i].virt, phys(wrong[i].phys), wrong[i].size, 0),
                         STATUS_INVALID);
    /* These two are too long for any physical address, but not for unmapping. */
    assert_int_equal(
        paging_unmap(&paging, USER_HALF_END - PAGE_SIZE, DIRECT_MAP_START - USER_HALF_END + 2 * PAGE_SIZE),
        STATUS_INVALID);
    assert_int_equal(paging_unmap(&paging, DIRECT_MAP_START + 2 * PAGE_SIZE, 0 - PAGE_SIZE), STATUS_INVALID);
    assert_int_equal(taken_count, 1);
    /* But the last page of all is an address like any other. */
    assert_int_equal(paging_map(&paging, 0 - PAGE_SIZE, phys((1ULL << 52) - PAGE_SIZE), PAGE_SIZE, 0),
                     STATUS_OK);
    assert_int_equal(query(0 - PAGE_SIZE).phys.raw, (1ULL << 52) - PAGE_SIZE);
    assert_int_equal(paging_protect(&paging, 0 - PAGE_SIZE, PAGE_SIZE, PAGE_WRITE), STATUS_OK);
    assert_int_equal(paging_unmap(&paging, 0 - PAGE_SIZE, PAGE_SIZE), STATUS_OK);
    assert_int_equal(query(0 - PAGE_SIZE).size_bytes, 0);
}

static void addresses_that_no_cpu_translates_are_not_found(void **state)
{
    (void)state;
    struct page_mapping mapping;
    assert_int_equal(paging_map(&paging, 0, phys(0), PAGE_SIZE, 0), STATUS_OK);
    assert_int_equal(paging_query(&paging, 1ULL << 48, &mapping), STATUS_NOT_FOUND);
    assert_true(paging_is_canonical(USER_HALF_END - 1));
    assert_false(paging_is_canonical(USER_HALF_END));
    assert_false(paging_is_canonical(DIRECT_MAP_START - 1));
    assert_true(paging_is_canonical(DIRECT_MAP_START));
}

/* ---- visiting ---- */

static unsigned int pages_seen, tables_seen;
static uint64_t last_seen, bytes_seen;

static void see_page(void *context, const struct page_mapping *mapping)
{
    assert_ptr_equal(context, &paging);
    assert_true(pages_seen == 0 || mapping->virt > last_seen);
    last_seen = mapping->virt;
    bytes_seen += mapping->size_bytes;
    pages_seen++;
}

static void see_table(void *context, const struct page_mapping *mapping)
{
    assert_ptr_equal(context, &paging);
    assert_int_equal(mapping->size_bytes, 0);
    assert_true(is_taken[(mapping->phys.raw - hosted_ram_start) / PAGE_SIZE]);
    tables_seen++;
}

static void a_visit_sees_each_page_and_each_table_once(void **state)
{
    (void)state;
    assert_int_equal(paging_map(&paging, 0x1000, phys(0), PAGE_SIZE, 0), STATUS_OK);
    assert_int_equal(paging_map(&paging, DIRECT_MAP_START, phys(0), GIB(1) + MIB(2) + 2 * PAGE_SIZE, 0),
                     STATUS_OK);
    assert_int_equal(paging_map(&paging, 0 - PAGE_SIZE, phys(0), PAGE_SIZE, 0), STATUS_OK);
    pages_seen = tables_seen = 0;
    bytes_seen = 0;
    paging_visit(&paging, 0, 0, see_page, see_table, &paging);
    assert_int_equal(pages_seen, 6);
    assert_int_equal(bytes_seen, GIB(1) + MIB(2) + 4 * PAGE_SIZE);
    assert_int_equal(tables_seen, taken_count);

    pages_seen = 0;
    paging_visit(&paging, DIRECT_MAP_START + GIB(1), DIRECT_MAP_START + GIB(1) + MIB(2) + PAGE_SIZE, see_page,
                 NULL, &paging);
    assert_int_equal(pages_seen, 2);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(random_operations_agree_with_a_list_of_pages),
        CLAIM(the_largest_page_that_fits_is_used),
        CLAIM(without_1_gib_pages_none_are_used),
        CLAIM(protecting_a_page_in_the_middle_splits_and_the_way_back_merges),
        CLAIM(a_table_that_a_starting_cpu_may_walk_stays_until_it_is_online),
        CLAIM(a_second_edge_that_cannot_be_split_undoes_the_first),
        CLAIM(a_page_that_is_split_is_forgotten_whole),
        CLAIM(what_the_cpu_noted_does_not_keep_pages_apart),
        CLAIM(memory_types_have_their_bits_at_each_size),
        CLAIM(without_nx_its_bit_is_never_set),
        CLAIM(the_upper_half_has_all_its_tables_and_keeps_them),
        CLAIM(the_lower_half_gives_all_its_tables_back),
        CLAIM(what_is_prepared_is_mapped_without_taking_a_frame),
        CLAIM(ranges_that_make_no_sense_are_refused),
        CLAIM(addresses_that_no_cpu_translates_are_not_found),
        CLAIM(a_visit_sees_each_page_and_each_table_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
