/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the buddy allocator allocates: zones, their reserves, limits, nodes; and that each order, and each
 * frame, can be exhausted and freed. Its model and its races are in test_buddy.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "buddy_machine.h"

#define LIVE_MAX 20000

struct block {
    uint64_t frame;
    unsigned int order;
};

static struct block live[LIVE_MAX];
static size_t live_count;

static void begin(uint64_t size)
{
    machine_pc(size);
    assert_int_equal(machine_start(), STATUS_OK);
    model_start();
    live_count = 0;
    hosted_wrong_count = 0;
    hosted_wrong_expected = false;
}

/* Allocates a block and records it in the model; false when there was none. */
static bool take(unsigned int order, unsigned int flags, phys_t below)
{
    phys_t block = phys_is_valid(below) || flags ? buddy_alloc_where(order, flags, below, BUDDY_ANY_NODE)
                                                 : buddy_alloc(order, 0);
    if (!phys_is_valid(block))
        return false;
    uint64_t frame = block.raw >> PAGE_SHIFT;
    assert_true(is_aligned(frame, BIT(order)));
    assert_true(!phys_is_valid(below) || block.raw + (PAGE_SIZE << order) <= below.raw);
    assert_true(model_is(frame, order, MODEL_FREE));
    assert_int_equal(frame_kind(port_frame(port_pointer(block))), FRAME_TAKEN);
    assert_int_equal(frame_order(port_frame(port_pointer(block))), order);
    model_set(frame, BIT(order), MODEL_USED);
    assert_true(live_count < LIVE_MAX);
    live[live_count++] = (struct block){ frame, order };
    return true;
}

static void give(size_t i)
{
    struct block block = live[i];
    live[i] = live[--live_count];
    model_set(block.frame, BIT(block.order), MODEL_FREE);
    buddy_free(pfn_to_phys((pfn_t){ block.frame }), block.order);
}

static void give_all_back(void)
{
    while (live_count > 0)
        give(live_count - 1);
    frame_cache_drain();
}

static void usable_memory_is_free_at_the_start(void **state)
{
    static const uint64_t sizes[] = { MIB(8), MIB(16), MIB(64), MIB(512), GIB(3), GIB(5) };
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        begin(sizes[i]);
        assert_int_equal(buddy_free_frames(), model_count(0, model_frames, MODEL_FREE));
    }
}

static void every_order_can_be_exhausted_and_freed(void **state)
{
    (void)state;
    for (unsigned int order = 6; order <= BUDDY_MAX_ORDER; order += order < 9 ? 1 : 3) {
        struct buddy_stats stats;
        begin(GIB(3) + MIB(200));
        uint64_t at_start = buddy_free_frames();
        buddy_stats(BUDDY_ANY_NODE, &stats);
        uint64_t metadata = stats.metadata;
        while (take(order, BUDDY_URGENT, BUDDY_ANYWHERE))
            ;
        buddy_stats(BUDDY_ANY_NODE, &stats);
        for (unsigned int zone = 0; zone < BUDDY_ZONES; zone++)
            for (unsigned int larger = order; larger < BUDDY_ORDERS; larger++)
                assert_int_equal(stats.zones[zone].blocks[larger], 0);
        assert_true(live_count > 0);
        give_all_back();
        /* The descriptors of a region that was whole are made when it is first split, and stay. */
        buddy_stats(BUDDY_ANY_NODE, &stats);
        assert_int_equal(buddy_free_frames() + (stats.metadata - metadata), at_start);
    }
}

static void all_frames_can_be_exhausted_and_freed(void **state)
{
    (void)state;
    begin(MIB(32));
    uint64_t free_frames = buddy_free_frames();
    while (take(0, BUDDY_URGENT, BUDDY_ANYWHERE))
        ;
    assert_int_equal(live_count, free_frames);
    assert_int_equal(buddy_free_frames(), 0);
    assert_int_equal(model_count(0, model_frames, MODEL_FREE), 0);
    give_all_back();
    assert_int_equal(buddy_free_frames(), free_frames);
}

static void ordinary_requests_leave_each_zones_reserve(void **state)
{
    (void)state;
    begin(MIB(64));
    while (take(0, 0, BUDDY_ANYWHERE))
        ;
    struct buddy_stats stats;
    buddy_stats(BUDDY_ANY_NODE, &stats);
    for (unsigned int zone = 0; zone < BUDDY_ZONES; zone++)
        assert_int_equal(stats.zones[zone].free, stats.zones[zone].reserve);
    assert_true(take(0, BUDDY_URGENT, BUDDY_ANYWHERE));
    assert_true(take(0, 0, phys(MIB(1))));
}

static void an_address_limit_is_respected(void **state)
{
    (void)state;
    begin(GIB(6));
    static const uint64_t limits[] = { KIB(640), MIB(1), MIB(16), GIB(4) };
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        for (unsigned int order = 0; order < 4; order++)
            assert_true(take(order, 0, phys(limits[i])));
    assert_false(take(0, 0, phys(PAGE_SIZE)));
    assert_false(take(9, 0, phys(MIB(1))));
}

static void a_wrong_free_of_a_single_frame_is_reported(void **state)
{
    (void)state;
    begin(MIB(64));
    void *page = frame_alloc();
    assert_non_null(page);
    hosted_wrong_expected = true;
    frame_free((char *)page + 8);
    assert_int_equal(hosted_wrong_count, 1);
    frame_free(page);
    assert_int_equal(hosted_wrong_count, 1);
    frame_free(page);
    assert_int_equal(hosted_wrong_count, 2);
    frame_free(port_pointer(phys(KIB(640))));
    assert_int_equal(hosted_wrong_count, 3);
    hosted_wrong_expected = false;
}

static void the_nearest_node_is_used_first(void **state)
{
    static const struct buddy_node_range nodes[] = { { { 0 }, { MIB(96) }, 0 },
                                                     { { MIB(96) }, { MIB(160) }, 1 },
                                                     { { MIB(160) }, { MIB(256) }, 2 } };
    static const uint8_t distances[] = { 10, 40, 20, 40, 10, 30, 20, 30, 10 };
    (void)state;
    machine_pc(MIB(256));
    machine.setup.node_ranges = nodes;
    machine.setup.node_range_count = 3;
    machine.setup.node_count = 3;
    machine.setup.distances = distances;
    assert_int_equal(machine_start(), STATUS_OK);
    model_start();
    live_count = 0;
    buddy_set_cpu_node(0, 0);
    /* Node 0 first; when it is used up, 2 is nearer than 1. */
    unsigned int expected[] = { 0, 2, 1 }, at = 0;
    while (take(5, 0, BUDDY_ANYWHERE)) {
        unsigned int node = buddy_node_of(pfn_to_phys((pfn_t){ live[live_count - 1].frame }));
        while (at < 3 && expected[at] != node)
            at++;
        assert_true(at < 3);
    }
    assert_int_equal(at, 2);
    give_all_back();
    for (uint32_t node = 0; node < 3; node++) {
        phys_t block = buddy_alloc_where(3, BUDDY_THIS_NODE, BUDDY_ANYWHERE, node);
        assert_true(phys_is_valid(block));
        assert_int_equal(buddy_node_of(block), node);
        buddy_free(block, 3);
    }
}

static void a_bulk_request_equals_as_many_single_ones(void **state)
{
    static void *pages[3000];
    (void)state;
    begin(MIB(64));
    uint64_t free_frames = buddy_free_frames();
    for (size_t count = 1; count <= 3000; count = count * 3 + 1) {
        assert_int_equal(frame_alloc_bulk(pages, count), count);
        for (size_t i = 0; i < count; i++) {
            uint64_t frame = port_phys(pages[i]).raw >> PAGE_SHIFT;
            assert_true(model_is(frame, 0, MODEL_FREE));
            model_set(frame, 1, MODEL_USED);
        }
        for (size_t i = 0; i < count; i++)
            model_set(port_phys(pages[i]).raw >> PAGE_SHIFT, 1, MODEL_FREE);
        frame_free_bulk(pages, count);
        assert_int_equal(buddy_free_frames(), free_frames);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usable_memory_is_free_at_the_start),
        cmocka_unit_test(every_order_can_be_exhausted_and_freed),
        cmocka_unit_test(all_frames_can_be_exhausted_and_freed),
        cmocka_unit_test(ordinary_requests_leave_each_zones_reserve),
        cmocka_unit_test(an_address_limit_is_respected),
        cmocka_unit_test(a_wrong_free_of_a_single_frame_is_reported),
        cmocka_unit_test(the_nearest_node_is_used_first),
        cmocka_unit_test(a_bulk_request_equals_as_many_single_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
