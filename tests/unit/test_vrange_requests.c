/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Single requests for ranges: sizes and addresses around each power of two, memory types, page sizes, and
 * what is refused.
 */
#include "vrange_machine.h"

#include "expect_death.h"

#include "../../mm/slab/slab_private.h"
#include "../../mm/vm/segment_tree.h"

#include "edge_numbers.h"

/* What is refused leaves no trace, and what is not is there to the last byte. */
static void sizes_at_the_edges_are_mapped_whole_or_refused(void **state)
{
    (void)state;
    start(1);
    for (unsigned int n = 0; n < EDGES; n++) {
        uint64_t size = edge_number(n);
        void *pointer = NULL;
        status_t status = vrange_map_memory(size, VRANGE_MEMORY, "edge", &pointer);
        assert_true((status == STATUS_OK) == (pointer != NULL));
        assert_true(status == (size == 0 || size > UINT64_MAX - PAGE_SIZE + 1 ? STATUS_INVALID
                               : size <= MIB(16)                              ? STATUS_OK
                                                                              : STATUS_NO_MEMORY) ||
                    (size > MIB(16) && size < SPACE_SIZE));
        if (pointer) {
            expect_range(pointer, size, PAGE_WRITE);
            vrange_unmap(pointer);
        }
        expect_nothing_left();
    }
}

static void device_ranges_at_the_edges_are_mapped_whole_or_refused(void **state)
{
    (void)state;
    start(1);
    unsigned int mapped = 0;
    for (unsigned int n = 0; n < EDGES; n++)
        for (unsigned int m = 0; m < EDGES; m += n % 7 + 1) {
            uint64_t address = edge_number(n), size = edge_number(m), end;
            bool is_valid = size != 0 && !__builtin_add_overflow(address, size, &end) && end <= BIT(52);
            void *pointer = NULL;
            status_t status = vrange_map_device(phys(address), size, PAGE_WRITE, "edge", &pointer);
            assert_true((status == STATUS_OK) == (pointer != NULL));
            assert_true(is_valid ? status != STATUS_INVALID : status == STATUS_INVALID);
            /* Two more pages for its ends, and up to 2 MiB on either side for larger pages. */
            assert_true(!is_valid || (size <= SPACE_SIZE - MIB(5)) == (status == STATUS_OK) ||
                        size < SPACE_SIZE);
            if (!pointer)
                continue;
            expect_range(pointer, size, PAGE_WRITE);
            vrange_unmap(pointer);
            memset(stale, 0, sizeof(stale));
            mapped++;
        }
    assert_true(mapped > 5000);
    expect_nothing_left();
}

static void a_device_is_not_shown_with_two_types(void **state)
{
    (void)state;
    start(1);
    void *first, *second, *third = NULL;
    assert_int_equal(vrange_map_device(phys(GIB(5) + 100), 8000, PAGE_UNCACHED, "a", &first), STATUS_OK);
    assert_int_equal(vrange_map_device(phys(GIB(5) + PAGE_SIZE), 4, PAGE_UNCACHED, "b", &second), STATUS_OK);
    assert_int_equal(vrange_map_device(phys(GIB(5) + PAGE_SIZE), 4, PAGE_WRITE_COMBINING, "c", &third),
                     STATUS_EXISTS);
    assert_int_equal(vrange_map_device(phys(GIB(5)), 4, 0, "c", &third), STATUS_EXISTS);
    assert_null(third);
    assert_int_equal(vrange_map_device(phys(GIB(5) + 2 * PAGE_SIZE), 4, PAGE_WRITE_COMBINING, "c", &third),
                     STATUS_OK);
    vrange_unmap(first);
    vrange_unmap(second);
    vrange_unmap(third);
    expect_nothing_left();
}

static void large_devices_are_mapped_in_large_pages(void **state)
{
    (void)state;
    start(1);
    void *pointer;
    assert_int_equal(
        vrange_map_device(phys(GIB(5) + MIB(1)), MIB(9), PAGE_WRITE_COMBINING, "screen", &pointer),
        STATUS_OK);
    struct page_mapping page;
    assert_int_equal(paging_query(&paging, virt((uintptr_t)pointer + MIB(1)), &page), STATUS_OK);
    assert_int_equal(page.size_bytes, LARGE_PAGE_SIZE);
    vrange_unmap(pointer);
    expect_nothing_left();
}

static void ram_is_not_shown_with_another_type_than_the_direct_map_has(void **state)
{
    (void)state;
    start(1);
    void *pointer = NULL;
    /* A direct map of two pages, with a hole between. */
    assert_int_equal(
        paging_map(&paging, virt(DIRECT_MAP_START + MIB(8)), phys(MIB(8)), PAGE_SIZE, PAGE_WRITE), STATUS_OK);
    assert_int_equal(
        paging_map(&paging, virt(DIRECT_MAP_START + MIB(10)), phys(MIB(10)), PAGE_SIZE, PAGE_WRITE),
        STATUS_OK);
    const struct {
        uint64_t address, size;
        unsigned int access;
        status_t status;
    } cases[] = {
        { MIB(8), 1, PAGE_UNCACHED, STATUS_EXISTS },
        { MIB(8) + 4095, 1, PAGE_WRITE_COMBINING | PAGE_WRITE, STATUS_EXISTS },
        { MIB(8) - 1, 2, PAGE_UNCACHED, STATUS_EXISTS },
        { MIB(9), MIB(1) + 1, PAGE_UNCACHED, STATUS_EXISTS },
        { MIB(1), MIB(30), PAGE_UNCACHED, STATUS_EXISTS },
        { MIB(8), 4096, PAGE_WRITE, STATUS_OK }, /* write-back, as the direct map */
        { MIB(8) + 4096, MIB(2) - 4096, PAGE_UNCACHED, STATUS_OK },
        { MIB(8) - 4096, 4096, PAGE_UNCACHED, STATUS_OK },
        { DIRECT_MAP_END - DIRECT_MAP_START, 4096, PAGE_UNCACHED,
          STATUS_OK }, /* behind all that it can show */
        { DIRECT_MAP_END - DIRECT_MAP_START - 4096, 8192, PAGE_UNCACHED, STATUS_OK },
    };
    for (unsigned int i = 0; i < ARRAY_LEN(cases); i++) {
        pointer = NULL;
        assert_int_equal(
            vrange_map_device(phys(cases[i].address), cases[i].size, cases[i].access, "x", &pointer),
            cases[i].status);
        assert_true((cases[i].status == STATUS_OK) == (pointer != NULL));
        if (pointer)
            vrange_unmap(pointer);
    }
    assert_int_equal(paging_unmap(&paging, virt(DIRECT_MAP_START + MIB(8)), MIB(4)), STATUS_OK);
    expect_nothing_left();
}

static void nonsense_is_refused_and_a_wrong_end_is_named(void **state)
{
    (void)state;
    start(1);
    void *pointer = NULL;
    assert_int_equal(vrange_map_device(phys(0), 0, 0, "x", &pointer), STATUS_INVALID);
    assert_int_equal(vrange_map_device(phys(UINT64_MAX - 5), 10, 0, "x", &pointer), STATUS_INVALID);
    assert_int_equal(vrange_map_device(phys(1ULL << 52), 1, 0, "x", &pointer), STATUS_INVALID);
    assert_int_equal(vrange_map_memory(0, VRANGE_MEMORY, "x", &pointer), STATUS_INVALID);
    assert_int_equal(vrange_map_memory(UINT64_MAX - 5, VRANGE_MEMORY, "x", &pointer), STATUS_INVALID);
    assert_int_equal(vrange_map_memory(1, VRANGE_DEVICE, "x", &pointer), STATUS_INVALID);
    assert_int_equal(vrange_map_memory(1, VRANGE_KINDS, "x", &pointer), STATUS_INVALID);
    assert_int_equal(vrange_map_memory(2 * SPACE_SIZE, VRANGE_MEMORY, "x", &pointer), STATUS_NO_MEMORY);
    assert_null(pointer);
    assert_int_equal(vrange_map_memory(1, VRANGE_MEMORY, "x", &pointer), STATUS_OK);
    vrange_unmap(pointer);
    void *wrong[] = { pointer, NULL, (void *)(uintptr_t)(SPACE_START + SPACE_SIZE) };
    for (unsigned int i = 0; i < ARRAY_LEN(wrong); i++) {
        hosted_wrong_expected = true;
        vrange_unmap(wrong[i]);
        assert_int_equal(hosted_wrong_count, i + 1);
        assert_non_null(strstr(hosted_wrong_words, "in no range"));
    }
    expect_nothing_left();
}

/* ---- checks ---- */

#define NEIGHBOURS 40

static const char planted[] = "planted";

/* Whether a free piece of memory is a segment of one of ours: in use, and not the last one. */
static bool is_planted(const struct segment *segment, const void *last)
{
    return segment->state == SEGMENT_USED && segment->info.name == planted &&
           segment->info.start.raw != (uint64_t)(uintptr_t)last;
}

/* A segment is an object that only vrange.c knows; it is found where the allocator keeps it. */
static struct segment *find_segment(const void *last)
{
    for (size_t i = 0; i < SLAB_CACHES_MAX; i++) {
        const struct slab_cache *cache = slab_caches[i];
        if (!cache || strcmp(cache->name, "vrange") != 0)
            continue;
        struct list *lists[] = { &cache->nodes[0].partial, &cache->nodes[0].full };
        for (unsigned int n = 0; n < ARRAY_LEN(lists); n++)
            list_for_each(link, lists[n])
            {
                const struct slab *slab = container_of(link, struct slab, link);
                for (unsigned int at = 0; at < cache->per_slab; at++) {
                    struct segment *segment = (struct segment *)(void *)(slab->objects + at * cache->stride);
                    if (!(slab->free[at / 64] >> at % 64 & 1) && is_planted(segment, last))
                        return segment;
                }
            }
    }
    abort();
}

static void *ranges[NEIGHBOURS];
static struct segment *changed;

static void unmap_the_next_one(void)
{
    vrange_unmap((void *)(uintptr_t)(changed->info.end.raw + PAGE_SIZE));
}

static void segment_reaches_into_the_next_one(void)
{
    changed->end = virt_add(changed->end, PAGE_SIZE);
    unmap_the_next_one();
}

static void segment_ends_before_the_next_one(void)
{
    changed->end = virt_sub(changed->end, PAGE_SIZE);
    unmap_the_next_one();
}

static void broken_segments_are_noticed(void **state)
{
    (void)state;
    start(1);
    for (unsigned int i = 0; i < NEIGHBOURS; i++)
        assert_int_equal(vrange_map_memory(PAGE_SIZE, VRANGE_MEMORY, planted, &ranges[i]), STATUS_OK);
    changed = find_segment(ranges[NEIGHBOURS - 1]);
    expect_death(segment_reaches_into_the_next_one, "vrange: a segment begins where the one before it ends");
    expect_death(segment_ends_before_the_next_one, "vrange: a segment begins where the one before it ends");
    for (unsigned int i = 0; i < NEIGHBOURS; i++)
        vrange_unmap(ranges[i]);
    expect_nothing_left();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_at_the_edges_are_mapped_whole_or_refused),
        cmocka_unit_test(device_ranges_at_the_edges_are_mapped_whole_or_refused),
        cmocka_unit_test(a_device_is_not_shown_with_two_types),
        cmocka_unit_test(large_devices_are_mapped_in_large_pages),
        cmocka_unit_test(ram_is_not_shown_with_another_type_than_the_direct_map_has),
        cmocka_unit_test(nonsense_is_refused_and_a_wrong_end_is_named),
        cmocka_unit_test(broken_segments_are_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
