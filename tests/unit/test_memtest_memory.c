/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel64/memtest/memory.c, over the buddy allocator: memory is taken, walked over, and given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "buddy_machine.h"

#include <memtest/memory.h>

static uint64_t free_bytes(void)
{
    frame_cache_drain();
    return buddy_free_frames() * PAGE_SIZE;
}

static int start(void **state)
{
    (void)state;
    hosted_cpu = 0;
    hosted_cpu_count = 1;
    hosted_wrong_count = 0;
    hosted_wrong_expected = false;
    machine_pc(GIB(4) + MIB(300));
    assert_int_equal(machine_start(), STATUS_OK);
    return 0;
}

static void all_takes_everything_and_gives_it_back(void **state)
{
    uint64_t before = free_bytes(), metadata;
    struct buddy_stats stats;
    (void)state;
    buddy_stats(BUDDY_ANY_NODE, &stats);
    metadata = stats.metadata;
    uint64_t taken = memtest_take(UINT64_MAX, true);
    buddy_stats(BUDDY_ANY_NODE, &stats);
    /* Descriptors of what was not split before, and the page of the table. */
    assert_int_equal(taken, before - PAGE_SIZE - (stats.metadata - metadata) * PAGE_SIZE);
    assert_int_equal(buddy_free_frames(), 0);
    assert_int_equal(memtest_give(), 0);
    assert_int_equal(free_bytes(), taken + PAGE_SIZE);
    assert_int_equal(hosted_wrong_count, 0);
}

static void without_all_a_part_stays_free(void **state)
{
    (void)state;
    memtest_take(UINT64_MAX, false);
    for (uint64_t i = 0; i < MEMTEST_KEPT_BYTES / PAGE_SIZE; i++)
        assert_true(phys_is_valid(buddy_alloc(0, 0)));
    assert_false(phys_is_valid(buddy_alloc(0, 0)));
    memtest_give();
}

static void the_limit_is_kept_to_the_page(void **state)
{
    static const uint64_t limits[] = { 0, PAGE_SIZE - 1, PAGE_SIZE, MIB(7) + 12345, GIB(1) + MIB(5) };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        assert_int_equal(memtest_take(limits[i], false), limits[i] / PAGE_SIZE * PAGE_SIZE);
        memtest_give();
    }
}

/* ---- pieces ---- */

/* Walks parts of the memory as CPUs' shares, and expects that each page is met once. */
static void walk(uint64_t bytes, unsigned int shares, bool is_down, enum memtest_size size)
{
    uint64_t pages = bytes / PAGE_SIZE, met = 0;
    uint8_t *seen = calloc(GIB(8) / PAGE_SIZE, 1);
    for (unsigned int i = 0; i < shares; i++) {
        uint64_t from = pages * i / shares * PAGE_SIZE, to = pages * (i + 1) / shares * PAGE_SIZE;
        uint64_t position = is_down ? to : from, end = is_down ? from : to;
        struct memtest_piece piece;
        while (memtest_next_piece(&position, end, is_down, size, &piece)) {
            assert_ptr_equal(piece.words, port_pointer(piece.address));
            assert_true(is_aligned(piece.address.raw, PAGE_SIZE) && piece.count > 0 &&
                        piece.count % 512 == 0);
            if (size == MEMTEST_WHOLE)
                assert_true(is_power_of_two(piece.count) && is_aligned(piece.address.raw, piece.count * 8));
            if (size == MEMTEST_ANY)
                assert_true(piece.count <= MIB(1) / 8);
            for (uint64_t page = 0; page < piece.count / 512; page++)
                assert_int_equal(seen[piece.address.raw / PAGE_SIZE + page]++, 0);
            met += piece.count * 8;
        }
        assert_int_equal(position, end);
    }
    assert_int_equal(met, bytes);
    free(seen);
}

static void shares_meet_each_page_once_in_both_directions(void **state)
{
    static const unsigned int shares[] = { 1, 2, 3, 7, 64 };
    uint64_t bytes = memtest_take(GIB(2) + MIB(37) + KIB(12), true);
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(shares); i++) {
        walk(bytes, shares[i], false, MEMTEST_ANY);
        walk(bytes, shares[i], true, MEMTEST_ANY);
        walk(bytes, shares[i], false, MEMTEST_BLOCKS);
        walk(bytes, shares[i], false, MEMTEST_WHOLE);
    }
    memtest_give();
}

/* ---- frames that failed ---- */

static void only_marked_frames_are_kept_and_only_once(void **state)
{
    static const uint64_t at[] = { 0, MIB(1), MIB(1) + KIB(4), MIB(1) + KIB(12), MIB(900), GIB(1) - 1 };
    uint64_t before, bytes = memtest_take(UINT64_MAX, true), position = 0, kept = memtest_isolated_frames();
    struct memtest_piece piece;
    (void)state;
    /* The first block has 1 GiB. */
    assert_true(memtest_next_piece(&position, bytes, false, MEMTEST_WHOLE, &piece));
    assert_int_equal(piece.count * 8, GIB(1));
    phys_t block = piece.address;
    memtest_give();
    before = free_bytes();
    assert_int_equal(memtest_take(UINT64_MAX, true), bytes);
    for (size_t i = 0; i < ARRAY_LEN(at); i++)
        memtest_mark(phys_add(block, at[i]));
    assert_int_equal(memtest_give(), ARRAY_LEN(at));
    assert_int_equal(memtest_isolated_frames(), kept + ARRAY_LEN(at));
    assert_int_equal(hosted_wrong_count, 0);
    assert_int_equal(free_bytes(), before - ARRAY_LEN(at) * PAGE_SIZE);
    for (size_t i = 0; i < ARRAY_LEN(at); i++) {
        phys_t frame = phys(align_down(block.raw + at[i], PAGE_SIZE));
        assert_int_equal(memtest_isolated((unsigned int)(kept + i)).raw, frame.raw);
        assert_int_equal(frame_kind(port_frame(port_pointer(frame))), FRAME_FAILED);
    }
    assert_false(phys_is_valid(memtest_isolated((unsigned int)(kept + ARRAY_LEN(at)))));

    /* They are not taken again, and what lies around them is. */
    assert_int_equal(memtest_take(UINT64_MAX, true), bytes - ARRAY_LEN(at) * PAGE_SIZE);
    position = 0;
    while (memtest_next_piece(&position, bytes - ARRAY_LEN(at) * PAGE_SIZE, false, MEMTEST_ANY, &piece))
        for (size_t i = 0; i < ARRAY_LEN(at); i++)
            assert_false(block.raw + at[i] >= piece.address.raw &&
                         block.raw + at[i] < piece.address.raw + piece.count * 8);
    assert_int_equal(memtest_give(), 0);
    assert_int_equal(free_bytes(), before - ARRAY_LEN(at) * PAGE_SIZE);
}

static void a_split_block_is_freed_in_halves(void **state)
{
    uint64_t before = free_bytes();
    (void)state;
    for (unsigned int order = 1; order <= BUDDY_MAX_ORDER; order++) {
        phys_t block = buddy_alloc(order, 0);
        assert_true(phys_is_valid(block));
        buddy_split(block, order);
        buddy_free(block, order - 1);
        buddy_free(phys_add(block, PAGE_SIZE << (order - 1)), order - 1);
        assert_int_equal(hosted_wrong_count, 0);
    }
    /* Descriptors may have taken some. */
    assert_in_range(free_bytes(), before - MIB(8), before);
}

static void a_block_that_is_not_in_use_is_not_split(void **state)
{
    phys_t block = buddy_alloc(3, 0);
    (void)state;
    hosted_wrong_expected = true;
    buddy_split(block, 2);
    assert_int_equal(hosted_wrong_count, 1);
    buddy_split(phys_add(block, PAGE_SIZE), 0);
    assert_int_equal(hosted_wrong_count, 2);
    buddy_free(block, 3);
    buddy_split(block, 3);
    assert_int_equal(hosted_wrong_count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_takes_everything_and_gives_it_back, start),
        cmocka_unit_test_setup(without_all_a_part_stays_free, start),
        cmocka_unit_test_setup(the_limit_is_kept_to_the_page, start),
        cmocka_unit_test_setup(shares_meet_each_page_once_in_both_directions, start),
        cmocka_unit_test_setup(only_marked_frames_are_kept_and_only_once, start),
        cmocka_unit_test_setup(a_split_block_is_freed_in_halves, start),
        cmocka_unit_test_setup(a_block_that_is_not_in_use_is_not_split, start),
    };
    return cmocka_run_group_tests_name("memtest_memory", tests, NULL, NULL);
}
