/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sizes, counts, alignments, orders and addresses at which sums and products wrap, passed to each
 * allocator: results are as large and as aligned as requested, and impossible requests fail without an
 * effect. test_vrange.c has those of virtual ranges.
 */
#include "slab_machine.h"

#include <ashlar/mm/fault.h>
#include <ashlar/mm/paging.h>
#include <ashlar/mm/shrink.h>

#include "edge_numbers.h"
#include "seed.h"

/* Of what the machine has, 64 MiB: no block is larger. */
#define LARGEST MIB(32)

static void expect_usable(unsigned char *memory, uint64_t size)
{
    assert_true(kmalloc_usable_size(memory) >= size);
    assert_true(is_aligned((uintptr_t)memory, size > KMALLOC_SLAB_MAX ? PAGE_SIZE : 8));
    if (size == 0)
        return;
    memory[0] = memory[size / 2] = memory[size - 1] = 0x5a;
}

static void memory_of_any_size_is_allocated_or_refused(void **state)
{
    start(*(bool *)*state);
    for (unsigned int n = 0; n < EDGES; n++) {
        uint64_t size = edge_number(n);
        unsigned char *memory = kmalloc(size), *moved, *small = kmalloc(100);
        assert_true(size > 8192 || memory != NULL);
        assert_true(size <= LARGEST || memory == NULL);
        if (memory)
            expect_usable(memory, size);
        kfree(memory);
        memset(small, 0x31, 100);
        moved = krealloc(small, size);
        assert_true(size > 8192 || moved != NULL);
        assert_true(size <= LARGEST || moved == NULL);
        unsigned char *now = moved ? moved : small;
        for (uint64_t i = 0; i < (moved && size < 100 ? size : 100); i++)
            assert_int_equal(now[i], 0x31);
        kfree(now);
        assert_int_equal(kmalloc_blocks().blocks, 0);
    }
    expect_all_free();
}

static void a_product_that_overflows_is_refused(void **state)
{
    start(*(bool *)*state);
    for (unsigned int n = 0; n < EDGES; n++)
        for (unsigned int m = 0; m < EDGES; m += 1 + n % 4) {
            uint64_t count = edge_number(n), size = edge_number(m);
            unsigned __int128 product = (unsigned __int128)count * size;
            unsigned char *memory =
                product > KIB(64) && product <= LARGEST && (n + m) % 8 ? NULL : kcalloc(count, size);
            assert_true(product > KIB(64) || memory != NULL);
            assert_true(product <= LARGEST || memory == NULL);
            if (memory && product > 0) {
                assert_true(memory[0] == 0 && memory[product / 2] == 0 && memory[product - 1] == 0);
                expect_usable(memory, (uint64_t)product);
            }
            kfree(memory);
        }
    expect_all_free();
}

static void a_cache_has_objects_as_requested_or_is_refused(void **state)
{
    start(*(bool *)*state);
    for (unsigned int n = 0; n < EDGES; n++)
        for (unsigned int m = 0; m < EDGES; m += 1 + n % 4) {
            uint64_t size = edge_number(n), alignment = edge_number(m);
            bool is_valid = size > 0 && size <= SLAB_OBJECT_MAX &&
                            (alignment == 0 || (is_power_of_two(alignment) && alignment <= PAGE_SIZE));
            struct slab_cache *cache = slab_cache_create("edge", size, alignment, NULL);
            assert_true(is_valid == (cache != NULL));
            if (!cache)
                continue;
            unsigned char *objects[3];
            assert_int_equal(slab_alloc_bulk(cache, (void **)objects, 0), 0);
            assert_int_equal(slab_alloc_bulk(cache, (void **)objects, 3), 3);
            for (unsigned int i = 0; i < 3; i++) {
                assert_true(is_aligned((uintptr_t)objects[i], alignment ? alignment : 8));
                memset(objects[i], (int)i + 1, size);
            }
            for (unsigned int i = 0; i < 3; i++)
                assert_true(objects[i][0] == i + 1 && objects[i][size - 1] == i + 1);
            slab_free_bulk(cache, (void **)objects, 3);
            assert_int_equal(slab_cache_destroy(cache), STATUS_OK);
        }
    expect_all_free();
}

static void a_block_is_within_its_limits_or_refused(void **state)
{
    (void)state;
    start(false);
    for (unsigned int n = 0; n < EDGES; n++)
        for (unsigned int m = 0; m < EDGES; m += 1 + n % 5) {
            unsigned int order = n % 3 ? n % (BUDDY_MAX_ORDER + 4) : (unsigned int)edge_number(n);
            uint64_t below = edge_number(m);
            uint32_t node = m % 4 == 1 ? (uint32_t)edge_number(n) : m % 4 == 2 ? 0 : BUDDY_ANY_NODE;
            phys_t block = buddy_alloc_where(order, m % 8, phys(below), node);
            if (!phys_is_valid(block))
                continue;
            assert_true(order <= BUDDY_MAX_ORDER && (node == 0 || node == BUDDY_ANY_NODE));
            assert_true(is_aligned(block.raw, PAGE_SIZE << order));
            assert_true(block.raw + (PAGE_SIZE << order) <= below || below == UINT64_MAX);
            buddy_free(block, order);
        }
    for (unsigned int n = 0; n < EDGES; n++) {
        uint64_t address = edge_number(n);
        assert_true(!buddy_owns(phys(address)) || address < MIB(64));
        assert_int_equal(buddy_node_of(phys(address)), 0);
        for (unsigned int m = 0; m < EDGES; m++) {
            uint64_t last = edge_number(m);
            /* Below are the loader's memory and holes. */
            if (address > last || (address < last && last > MIB(64)))
                assert_int_equal(buddy_add(phys(address), phys(last)), STATUS_INVALID);
        }
    }
    expect_all_free();
}

static void a_free_of_any_invalid_address_and_order_is_reported(void **state)
{
    (void)state;
    start(false);
    hosted_wrong_expected = true;
    for (unsigned int n = 0; n < EDGES; n++)
        for (unsigned int m = 0; m < 40; m++) {
            unsigned int before = hosted_wrong_count;
            buddy_free(phys(edge_number(n)), m < 36 ? m : (unsigned int)edge_number(n));
            assert_int_equal(hosted_wrong_count, before + 1);
        }
    expect_all_free();
}

static void limits_and_node_requests_of_any_size_are_safe(void **state)
{
    (void)state;
    start(false);
    unsigned int usual = frame_cache_limit();
    for (unsigned int n = 0; n < EDGES; n++) {
        frame_cache_set_limit((unsigned int)edge_number(n));
        assert_true(frame_cache_limit() <= FRAME_CACHE_SIZE);
        void *frame = frame_alloc();
        assert_non_null(frame);
        frame_free(frame);
        if (edge_number(n) > 0)
            (void)shrink_memory(edge_number(n));
        struct slab_stats stats;
        for (size_t cursor = edge_number(n); slab_next_stats(&cursor, &stats);)
            assert_true(edge_number(n) < SLAB_CACHES_MAX);
    }
    frame_cache_set_limit(usual);
    expect_all_free();
}

/* ---- page tables ---- */

/* So few that a range which needs more is refused soon. */
static unsigned int tables_left;

static phys_t take_table(void)
{
    void *frame = tables_left > 0 ? frame_alloc() : NULL;
    tables_left -= frame != NULL;
    return frame ? port_phys(frame) : PHYS_INVALID;
}

static void give_table(phys_t frame)
{
    tables_left++;
    frame_free(port_pointer(frame));
}

static bool is_range(uint64_t at, uint64_t size)
{
    unsigned __int128 end = (unsigned __int128)at + size;
    bool is_low = end <= USER_HALF_END, is_high = at >= DIRECT_MAP_START && end <= (unsigned __int128)1 << 64;
    return size > 0 && is_aligned(at | size, PAGE_SIZE) && (is_low || is_high);
}

static uint64_t page_edge(void)
{
    uint64_t number = edge_number(seed_below(EDGES));
    return seed_below(8) ? align_down(number, PAGE_SIZE) : number;
}

static void a_range_is_mapped_whole_or_refused(void **state)
{
    (void)state;
    struct paging paging = { .take = take_table, .give = give_table, .has_huge_pages = true };
    seed_from_environment();
    start(false);
    tables_left = 400;
    assert_int_equal(paging_init(&paging), STATUS_OK);
    assert_int_equal(paging_fill_upper_half(&paging), STATUS_OK);
    unsigned int mapped = 0;
    for (unsigned int i = 0; i < 1500; i++) {
        uint64_t at = page_edge(), size = page_edge(), frame = page_edge();
        if (seed_below(3))
            size = align_down(edge_number(seed_below(EDGES)) >> 16, PAGE_SIZE);
        /* Ranges that end at 2^64, and at either end of the hole between the halves. */
        if (seed_below(3) == 0)
            at = (const uint64_t[]){ 0, USER_HALF_END, DIRECT_MAP_START }[seed_below(3)] - size;
        bool is_valid = is_range(at, size);
        bool fits = is_aligned(frame, PAGE_SIZE) && frame < BIT(52) && size <= BIT(52) - frame;
        struct page_mapping page;
        assert_true(!paging_maps_any(&paging, virt(at), size));
        assert_true((paging_prepare(&paging, virt(at), size & (MIB(4) - 1), PAGE_SIZE) == STATUS_INVALID) ==
                    !is_range(at, size & (MIB(4) - 1)));
        status_t status = paging_map(&paging, virt(at), phys(frame), size, PAGE_WRITE);
        assert_true((status == STATUS_INVALID) == !(is_valid && fits));
        if (status == STATUS_OK) {
            assert_true(paging_maps_any(&paging, virt(at), size));
            assert_int_equal(paging_query(&paging, virt(at), &page), STATUS_OK);
            assert_int_equal(page.phys.raw + (at - page.virt.raw), frame);
            assert_int_equal(paging_query(&paging, virt(at + size - 1), &page), STATUS_OK);
            assert_int_equal(page.phys.raw + (at + size - PAGE_SIZE - page.virt.raw),
                             frame + size - PAGE_SIZE);
            assert_int_equal(paging_protect(&paging, virt(at), size, 0), STATUS_OK);
            mapped++;
        }
        assert_true((paging_unmap(&paging, virt(at), size) == STATUS_INVALID) == !is_valid);
    }
    assert_true(mapped > 50);
}

int main(void)
{
    static bool is_unchecked = false, is_checked = true;
    const struct CMUnitTest tests[] = {
        { "memory_of_any_size_is_allocated_or_refused", memory_of_any_size_is_allocated_or_refused, NULL,
          NULL, &is_unchecked },
        { "memory_of_any_size_is_allocated_or_refused_checked", memory_of_any_size_is_allocated_or_refused,
          NULL, NULL, &is_checked },
        { "a_product_that_overflows_is_refused", a_product_that_overflows_is_refused, NULL, NULL,
          &is_unchecked },
        { "a_product_that_overflows_is_refused_checked", a_product_that_overflows_is_refused, NULL, NULL,
          &is_checked },
        { "a_cache_has_objects_as_requested_or_is_refused", a_cache_has_objects_as_requested_or_is_refused,
          NULL, NULL, &is_unchecked },
        { "a_cache_has_objects_as_requested_or_is_refused_checked",
          a_cache_has_objects_as_requested_or_is_refused, NULL, NULL, &is_checked },
        cmocka_unit_test(a_block_is_within_its_limits_or_refused),
        cmocka_unit_test(a_free_of_any_invalid_address_and_order_is_reported),
        cmocka_unit_test(limits_and_node_requests_of_any_size_are_safe),
        cmocka_unit_test(a_range_is_mapped_whole_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
