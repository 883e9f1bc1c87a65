/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buddy allocator's other guarantees: descriptors for all frames in use, no metadata for unreachable
 * memory, reserves for entitled requests only, cheap and correct failures, and simultaneous frees.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <pthread.h>

#include "buddy_machine.h"

void port_flush(virt_t virt, uint64_t size_bytes)
{
    (void)virt;
    (void)size_bytes;
}

static void start(unsigned int cpus)
{
    hosted_cpu = 0;
    hosted_cpu_count = cpus;
    hosted_wrong_count = 0;
    hosted_wrong_expected = false;
    assert_int_equal(machine_start(), STATUS_OK);
}

/* Every frame of the block has a readable, empty descriptor. */
static void check_descriptors(phys_t block, unsigned int order)
{
    assert_int_equal(frame_kind(port_frame(port_pointer(block))), FRAME_TAKEN);
    for (uint64_t i = 1; i < BIT(order); i++) {
        phys_t frame = phys_add(block, i * PAGE_SIZE);
        assert_true(buddy_owns(frame));
        assert_int_equal(port_frame(port_pointer(frame))->state, frame_state(FRAME_NONE, 0, 0));
    }
}

static void frames_of_large_blocks_have_descriptors(void **state)
{
    (void)state;
    for (unsigned int order = 9; order <= 18; order++) {
        /* Below 3 GiB each region is broken by something; above 4 GiB one is whole. */
        machine_pc(GIB(6));
        start(1);
        for (unsigned int place = 0; place < 2; place++) {
            phys_t block = buddy_alloc_where(order, 0, place ? phys(GIB(4)) : BUDDY_ANYWHERE, BUDDY_ANY_NODE);
            if (!phys_is_valid(block))
                continue;
            check_descriptors(block, order);
            buddy_free(block, order);
        }
    }
}

/* Not under ThreadSanitizer, whose shadow memory leaves too little address space. */
#ifndef __SANITIZE_THREAD__
/* As kernel64/vm/memory.c: early memory at the top of the first range, and a last run that is out of
   reach. */
static uint64_t reach_end;

static phys_t take_in_first_range(uint64_t size, uint64_t alignment)
{
    uint64_t start_raw = align_down(machine.early_tops[0] - size, alignment);
    if (size > machine.early_tops[0] || start_raw < machine.ranges[0].start.raw)
        return PHYS_INVALID;
    machine.early_tops[0] = start_raw;
    return phys(start_raw);
}

static bool next_taken_and_out_of_reach(size_t *cursor, struct phys_range *run)
{
    size_t at = (*cursor)++;
    if (at == 0)
        *run = (struct phys_range){ phys(machine.early_tops[0]), machine.ranges[0].end };
    else
        *run = (struct phys_range){ phys(reach_end), phys(UINT64_MAX - PAGE_SIZE + 1) };
    return at <= 1;
}

static uint64_t metadata_with(uint64_t far_start, uint64_t far_end, uint64_t reach)
{
    machine_begin();
    machine_range(MIB(1), GIB(1), MEMMAP_USABLE);
    if (far_start < far_end)
        machine_range(far_start, far_end, MEMMAP_USABLE);
    reach_end = reach;
    machine.setup.take = take_in_first_range;
    machine.setup.next_taken = next_taken_and_out_of_reach;
    start(1);
    struct buddy_stats stats;
    buddy_stats(BUDDY_ANY_NODE, &stats);
    return stats.metadata;
}

/* A PC with more memory than the direct map covers is to start, whatever the rest is: 1 000 GiB of it
   needed 2 000 MiB of descriptors in 1 GiB. */
static void unreachable_memory_takes_no_metadata(void **state)
{
    (void)state;
    uint64_t alone = metadata_with(0, 0, GIB(1));
    uint64_t managed = buddy_managed_frames();
    static const uint64_t sizes[] = { GIB(1), GIB(10), GIB(1000) };
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        assert_int_equal(metadata_with(TIB(1), TIB(1) + sizes[i], GIB(1)), alone);
        assert_int_equal(metadata_with(TIB(1), TIB(1) + sizes[i], TIB(1)), alone);
        assert_int_equal(buddy_managed_frames(), managed);
        assert_false(buddy_owns(phys(TIB(1))));
        assert_int_equal(buddy_add(phys(TIB(1)), phys(TIB(1) + MIB(2))), STATUS_INVALID);
    }
    /* The end lies in the middle of a range, and of a chunk. */
    metadata_with(GIB(4), GIB(8), GIB(5) + MIB(1));
    uint64_t both = managed + (GIB(1) + MIB(1)) / PAGE_SIZE;
    assert_in_range(buddy_managed_frames(), both - 64, both); /* less the tables for one region more */
    assert_false(buddy_owns(phys(GIB(5) + MIB(4))));
}

#endif

static uint64_t reserve_left(unsigned int zone)
{
    struct buddy_stats stats;
    buddy_stats(BUDDY_ANY_NODE, &stats);
    return stats.zones[zone].free;
}

static void a_limit_above_all_memory_does_not_open_the_reserve(void **state)
{
    static const uint64_t limits[] = { GIB(4), GIB(256), TIB(1), TIB(16) };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        machine_pc(MIB(64));
        start(1);
        struct buddy_stats stats;
        buddy_stats(BUDDY_ANY_NODE, &stats);
        while (phys_is_valid(buddy_alloc_where(0, 0, phys(limits[i]), BUDDY_ANY_NODE)))
            ;
        for (unsigned int zone = 0; zone < BUDDY_ZONES; zone++)
            assert_int_equal(reserve_left(zone), stats.zones[zone].reserve);
        assert_true(stats.zones[BUDDY_ZONE_4G].reserve > 0);
        assert_true(phys_is_valid(buddy_alloc_where(0, BUDDY_URGENT, BUDDY_ANYWHERE, BUDDY_ANY_NODE)));
    }
    /* With memory above it, 4 GiB is a limit indeed. */
    machine_pc(GIB(5));
    start(1);
    while (phys_is_valid(buddy_alloc_where(5, 0, phys(GIB(4)), BUDDY_ANY_NODE)))
        ;
    struct buddy_stats stats;
    buddy_stats(BUDDY_ANY_NODE, &stats);
    assert_true(stats.zones[BUDDY_ZONE_4G].free < stats.zones[BUDDY_ZONE_4G].reserve);
    assert_int_equal(stats.zones[BUDDY_ZONE_16M].free >= stats.zones[BUDDY_ZONE_16M].reserve, true);
}

/* So many that their caches' slots need no block, which would split the region. */
#define MANY_CPUS 60

/* Splitting a region takes 2 MiB for its descriptors from somewhere, but not from a reserve. */
static void descriptors_leave_the_reserves_alone(void **state)
{
    (void)state;
    machine_begin();
    machine_early_is_low = true;
    machine_range(MIB(1), MIB(600), MEMMAP_USABLE);
    machine_range(GIB(4), GIB(5), MEMMAP_USABLE);
    start(MANY_CPUS);
    machine_early_is_low = false;
    struct buddy_stats before;
    buddy_stats(BUDDY_ANY_NODE, &before);
    /* Of what is below 4 GiB, all that ordinary requests get. */
    const struct range_request ordinary = { .lo = buddy.zones[BUDDY_ZONE_4G].reserve_end,
                                            .hi = phys_to_pfn(phys(GIB(4))) };
    uint64_t left;
    do {
        left = reserve_left(BUDDY_ZONE_4G);
        spin_lock(&buddy.lock);
        (void)buddy_take_between_locked(&ordinary);
        spin_unlock(&buddy.lock);
    } while (reserve_left(BUDDY_ZONE_4G) < left);
    assert_true(before.zones[BUDDY_ZONE_4G].reserve > 2 * CHUNK_FRAMES);
    assert_int_equal(buddy.free_regions[0], 2);
    assert_true(phys_is_valid(buddy_alloc(0, 0)));
    assert_true(phys_is_valid(buddy_alloc(3, 0)));
    assert_int_equal(reserve_left(BUDDY_ZONE_4G), before.zones[BUDDY_ZONE_4G].reserve);
}

/* A region of which no half is in use yet gives any block but one of its own size. */
static void blocks_of_every_lower_order_fit_in_the_last_region(void **state)
{
    (void)state;
    for (unsigned int order = 9; order <= 18; order++) {
        machine_begin();
        machine_early_is_low = true;
        machine_range(MIB(1), MIB(40), MEMMAP_USABLE);
        machine_range(GIB(4), GIB(5), MEMMAP_USABLE);
        start(MANY_CPUS);
        machine_early_is_low = false;
        while (phys_is_valid(buddy_alloc_where(0, BUDDY_URGENT, phys(GIB(1)), BUDDY_ANY_NODE)))
            ;
        assert_int_equal(buddy.free_regions[0], 2);
        uint64_t half = order == 17 ? GIB(4) + MIB(512) : GIB(5); /* the lower half is as good */
        phys_t block = buddy_alloc_where(order, BUDDY_URGENT, phys(half), BUDDY_ANY_NODE);
        assert_int_equal(phys_is_valid(block), order < 18);
        assert_int_equal(buddy_free_frames(), (GIB(1) >> PAGE_SHIFT) - (order < 18 ? BIT(order) + 512 : 0));
        /* Counted by the bits, too: descriptors do not lie in the block. */
        assert_int_equal(buddy_free_frames_of(0), buddy_free_frames());
    }
}

/* ---- refused ---- */

static bool is_free_anywhere(unsigned int order)
{
    struct buddy_stats stats;
    buddy_stats(BUDDY_ANY_NODE, &stats);
    for (unsigned int zone = 0; zone < BUDDY_ZONES; zone++)
        for (unsigned int larger = order; larger < BUDDY_ORDERS; larger++)
            if (stats.zones[zone].blocks[larger] > 0)
                return true;
    return false;
}

/* The cost of a failure does not grow with the number of splits: the tree does not change, and no region is
 * searched. */
static void a_refused_request_changes_nothing(void **state)
{
    (void)state;
    machine_pc(MIB(64));
    start(1);
    while (phys_is_valid(buddy_alloc_where(0, BUDDY_URGENT, BUDDY_ANYWHERE, BUDDY_ANY_NODE)))
        ;
    assert_false(is_free_anywhere(0));
    struct buddy before = buddy;
    for (unsigned int order = 0; order < BUDDY_ORDERS; order++)
        assert_false(phys_is_valid(buddy_alloc(order, BUDDY_URGENT)));
    assert_int_equal(buddy.free, before.free);
    assert_int_equal(buddy.metadata, before.metadata);
    assert_int_equal(buddy.metadata_opened, before.metadata_opened);
}

/* One GiB is free, and several CPUs allocate a little of it at once. */
#define WANTING 4
static pthread_barrier_t barrier;

struct wanting {
    unsigned int cpu;
    phys_t got;
};

static void *want_one(void *argument)
{
    struct wanting *wanting = argument;
    hosted_cpu = wanting->cpu;
    pthread_barrier_wait(&barrier);
    wanting->got = buddy_alloc(3, 0);
    return NULL;
}

static void no_request_is_refused_while_the_last_region_is_split(void **state)
{
    (void)state;
    for (unsigned int run = 0; run < 8; run++) {
        machine_begin();
        machine_early_is_low = true;
        machine_range(MIB(1), MIB(64), MEMMAP_USABLE);
        machine_range(GIB(4), GIB(5), MEMMAP_USABLE);
        start(MANY_CPUS);
        machine_early_is_low = false;
        while (phys_is_valid(buddy_alloc_where(0, BUDDY_URGENT, phys(GIB(4)), BUDDY_ANY_NODE)))
            ;
        assert_int_equal(buddy.free_regions[0], 2);
        struct wanting all[WANTING];
        pthread_t threads[WANTING];
        pthread_barrier_init(&barrier, NULL, WANTING);
        for (unsigned int i = 0; i < WANTING; i++) {
            all[i].cpu = 1 + i;
            pthread_create(&threads[i], NULL, want_one, &all[i]);
        }
        for (unsigned int i = 0; i < WANTING; i++)
            pthread_join(threads[i], NULL);
        for (unsigned int i = 0; i < WANTING; i++)
            assert_true(phys_is_valid(all[i].got));
        pthread_barrier_destroy(&barrier);
    }
}

/* ---- frees at once ---- */

#define ROUNDS 4000
static unsigned int round_number; /* atomic */
static unsigned int round_done;   /* atomic */
static phys_t shared_block;
static unsigned int shared_order;

static void free_shared(void)
{
    if (shared_order == 0)
        frame_free(port_pointer(shared_block));
    else
        buddy_free(shared_block, shared_order);
}

static void *free_too(void *unused)
{
    hosted_cpu = 1;
    for (unsigned int round = 1; round <= ROUNDS; round++) {
        while (__atomic_load_n(&round_number, __ATOMIC_ACQUIRE) != round)
            port_pause();
        free_shared();
        __atomic_store_n(&round_done, round, __ATOMIC_RELEASE);
    }
    return unused;
}

/* Of two frees of one block exactly one is reported; single frames: in checked builds, which this is. */
static void of_two_frees_at_once_one_is_reported(void **state)
{
    static const unsigned int orders[] = { 0, 3, 9 };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        machine_pc(GIB(1));
        start(2);
        shared_order = orders[i];
        /* Both CPUs know the chunk. */
        for (hosted_cpu = 0; hosted_cpu < 2; hosted_cpu++)
            buddy_free(buddy_alloc(shared_order, 0), shared_order);
        hosted_cpu = 0;
        hosted_wrong_expected = true;
        round_number = round_done = 0;
        pthread_t thread;
        pthread_create(&thread, NULL, free_too, NULL);
        for (unsigned int round = 1; round <= ROUNDS; round++) {
            shared_block = buddy_alloc(shared_order, 0);
            assert_true(phys_is_valid(shared_block));
            __atomic_store_n(&round_number, round, __ATOMIC_RELEASE);
            free_shared();
            while (__atomic_load_n(&round_done, __ATOMIC_ACQUIRE) != round)
                port_pause();
            assert_int_equal(__atomic_load_n(&hosted_wrong_count, __ATOMIC_RELAXED), round);
        }
        pthread_join(thread, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_large_blocks_have_descriptors),
#ifndef __SANITIZE_THREAD__
        cmocka_unit_test(unreachable_memory_takes_no_metadata),
#endif
        cmocka_unit_test(a_limit_above_all_memory_does_not_open_the_reserve),
        cmocka_unit_test(descriptors_leave_the_reserves_alone),
        cmocka_unit_test(blocks_of_every_lower_order_fit_in_the_last_region),
        cmocka_unit_test(a_refused_request_changes_nothing),
        cmocka_unit_test(no_request_is_refused_while_the_last_region_is_split),
        cmocka_unit_test(of_two_frees_at_once_one_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
