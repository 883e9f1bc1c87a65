/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory before the allocators: the reserve, usable memory after it, and what is handed over. Only addresses:
 * nothing is written there.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ashlar/bits.h>
#include <boot/early.h>
#include <cpu/physical.h>
#include "seed.h"

static const struct memmap_range map[] = {
    { { 0 }, { KIB(640) }, MEMMAP_USABLE },          { { MIB(1) }, { MIB(2) }, MEMMAP_USABLE },
    { { MIB(2) }, { MIB(6) }, MEMMAP_BOOT_IMAGE },   { { MIB(6) }, { MIB(64) }, MEMMAP_USABLE },
    { { MIB(64) }, { MIB(65) }, MEMMAP_ACPI_TABLE }, { { GIB(3) }, { GIB(5) }, MEMMAP_USABLE },
    { { GIB(8) }, { GIB(9) }, MEMMAP_USABLE },
};

static void begin(uint64_t reserve_bytes)
{
    early_init(phys(MIB(3)), phys(MIB(3) + reserve_bytes));
}

static void begin_with_map(uint64_t reserve_bytes, uint64_t limit)
{
    begin(reserve_bytes);
    early_add_map(map, ARRAY_LEN(map), phys(limit));
}

static uint64_t take(size_t size_bytes, size_t alignment)
{
    void *pointer = early_take(size_bytes, alignment);
    return pointer ? pointer_to_phys(pointer).raw : 0;
}

static void the_reserve_is_allocated_from_its_start(void **state)
{
    (void)state;
    begin(KIB(64));
    assert_int_equal(take(100, 1), MIB(3));
    assert_int_equal(take(100, 64), MIB(3) + 128);
    assert_int_equal(early_take_frame().raw, MIB(3) + PAGE_SIZE);
    assert_int_equal(early_taken().end.raw, MIB(3) + 2 * PAGE_SIZE);
    assert_int_equal(early_left().start.raw, MIB(3) + 2 * PAGE_SIZE);
    early_reserve_below(phys(MIB(3) + KIB(60) + 1));
    assert_int_equal(phys_range_size(early_left()), 0);
    assert_int_equal(take(KIB(4) - 1, 1), MIB(3) + KIB(60) + 1);
    assert_int_equal(take(1, 1), 0);
    assert_false(phys_is_valid(early_take_frame()));
    assert_false(phys_is_valid(early_alloc(1, 1)));
}

static void usable_memory_is_used_when_the_reserve_is_exhausted(void **state)
{
    (void)state;
    begin_with_map(KIB(8), GIB(4));
    assert_int_equal(take(KIB(4), 1), MIB(3));
    assert_int_equal(take(KIB(8), 8), GIB(4) - KIB(8));
    assert_int_equal(early_take_frame().raw, MIB(3) + KIB(4));
    assert_int_equal(early_take_frame().raw, GIB(4) - KIB(12));
    assert_int_equal(early_usable_taken(), KIB(12));
    assert_int_equal(early_alloc(100, 1).raw, GIB(4) - KIB(16));
    assert_int_equal(early_usable_taken(), KIB(12));
}

static void a_withheld_part_of_the_reserve_is_used_later(void **state)
{
    (void)state;
    begin_with_map(KIB(12), GIB(4));
    early_hold_back(KIB(8));
    assert_int_equal(early_take_frame().raw, MIB(3));
    assert_int_equal(early_take_frame().raw, GIB(4) - KIB(4));
    early_finish();
    assert_false(phys_is_valid(early_take_frame()));
    early_hold_back(KIB(64)); /* more than there is */
    assert_false(phys_is_valid(early_take_frame()));
    early_hold_back(0);
    assert_int_equal(early_take_frame().raw, MIB(3) + KIB(4));
}

static void blocks_are_taken_from_the_top_of_the_highest_reachable_range(void **state)
{
    (void)state;
    begin_with_map(0, GIB(4));
    assert_int_equal(early_alloc(MIB(1), MIB(2)).raw, GIB(4) - MIB(2));
    assert_int_equal(early_alloc(MIB(1), PAGE_SIZE).raw, GIB(4) - MIB(1)); /* above the aligned one */
    early_set_limit(phys(GIB(16)));
    assert_int_equal(early_alloc(MIB(1), PAGE_SIZE).raw, GIB(9) - MIB(1));
    assert_int_equal(early_alloc(GIB(1), PAGE_SIZE).raw, GIB(4)); /* what is left above 4 GiB */
    assert_int_equal(early_alloc(MIB(1) - PAGE_SIZE, PAGE_SIZE).raw, GIB(9) - MIB(2) + PAGE_SIZE);
    assert_false(phys_is_valid(early_alloc(GIB(2), PAGE_SIZE)));
    assert_false(phys_is_valid(early_alloc(0, PAGE_SIZE)));
    assert_false(phys_is_valid(early_alloc(UINT64_MAX, PAGE_SIZE)));
}

static void the_first_mib_is_left_alone(void **state)
{
    (void)state;
    begin_with_map(0, MIB(6));
    assert_int_equal(early_alloc(MIB(1), PAGE_SIZE).raw, MIB(1));
    assert_false(phys_is_valid(early_alloc(PAGE_SIZE, PAGE_SIZE)));
}

/* The runs are exactly these; the last is what is beyond the limit. */
static void expect_taken(size_t count, const uint64_t (*runs)[2], uint64_t limit)
{
    size_t cursor = 0;
    struct phys_range run;
    for (size_t i = 0; i < count; i++) {
        assert_true(early_next_taken(&cursor, &run));
        assert_int_equal(run.start.raw, runs[i][0]);
        assert_int_equal(run.end.raw, runs[i][1]);
    }
    assert_true(early_next_taken(&cursor, &run));
    assert_int_equal(run.start.raw, limit);
    assert_int_equal(run.end.raw, MEMMAP_TOP);
    assert_false(early_next_taken(&cursor, &run));
}

/* Also one that fills the gap which an alignment has left between two others. */
static void adjacent_blocks_are_one_run(void **state)
{
    (void)state;
    begin_with_map(0, GIB(16));
    early_alloc(MIB(1), PAGE_SIZE);
    early_alloc(MIB(2), PAGE_SIZE);
    early_alloc(KIB(4), MIB(4));
    static const uint64_t apart[][2] = { { GIB(9) - MIB(4), GIB(9) - MIB(4) + KIB(4) },
                                         { GIB(9) - MIB(3), GIB(9) } };
    expect_taken(2, apart, GIB(16));
    early_alloc(MIB(1) - KIB(4), PAGE_SIZE);
    static const uint64_t one[][2] = { { GIB(9) - MIB(4), GIB(9) } };
    expect_taken(1, one, GIB(16));
}

static void allocated_and_unreachable_memory_is_handed_over(void **state)
{
    (void)state;
    begin_with_map(0, GIB(4));
    take(KIB(4), 1);
    early_set_limit(phys(GIB(8) + MIB(1)));
    early_alloc(KIB(64), PAGE_SIZE);
    early_finish();
    static const uint64_t runs[][2] = { { GIB(4) - KIB(4), GIB(4) },
                                        { GIB(8) + MIB(1) - KIB(64), GIB(8) + MIB(1) } };
    expect_taken(2, runs, GIB(8) + MIB(1));
    assert_false(phys_is_valid(early_alloc(PAGE_SIZE, PAGE_SIZE)));
    assert_false(phys_is_valid(early_take_frame()));
}

static void freed_frames_of_the_reserve_are_allocated_again(void **state)
{
    (void)state;
    begin_with_map(KIB(8), GIB(4));
    phys_t first = early_take_frame(), second = early_take_frame(), third = early_take_frame();
    assert_int_equal(third.raw, GIB(4) - PAGE_SIZE);
    early_give_frame(second);
    early_give_frame(third); /* not of the reserve */
    early_finish();
    assert_int_equal(early_take_frame().raw, second.raw);
    assert_false(phys_is_valid(early_take_frame()));
    early_give_frame(first);
    assert_int_equal(early_take_frame().raw, first.raw);
}

static void a_full_list_refuses_and_changes_nothing(void **state)
{
    (void)state;
    static struct memmap_range scattered[EARLY_RUNS_MAX + 1];
    for (size_t i = 0; i < ARRAY_LEN(scattered); i++)
        scattered[i] = (struct memmap_range){ phys(MIB(2 + 2 * i)), phys(MIB(3 + 2 * i)), MEMMAP_USABLE };
    begin(0);
    early_add_map(scattered, ARRAY_LEN(scattered), phys(GIB(4)));
    for (size_t i = 0; i < EARLY_RUNS_MAX; i++)
        assert_true(phys_is_valid(early_alloc(KIB(600), PAGE_SIZE)));
    assert_false(phys_is_valid(early_alloc(KIB(600), PAGE_SIZE)));
    size_t cursor = 0, count = 0;
    for (struct phys_range run; early_next_taken(&cursor, &run);)
        count++;
    assert_int_equal(count, EARLY_RUNS_MAX + 1);
}

/* Random requests: aligned, usable, in reach, and no two overlap;
   and the runs cover exactly what was given. */
static void blocks_never_overlap(void **state)
{
    (void)state;
    seed_from_environment();
    for (unsigned int round = 0; round < 2000; round++) {
        static struct phys_range blocks[64];
        uint64_t limit = MIB(8 + seed_below(60)), bytes = 0;
        size_t count = 0, cursor = 0;
        begin_with_map(0, limit);
        while (count < ARRAY_LEN(blocks)) {
            uint64_t size = PAGE_SIZE << seed_below(10), alignment = PAGE_SIZE << seed_below(10);
            phys_t block = early_alloc(size, alignment);
            if (!phys_is_valid(block))
                break;
            assert_true(is_aligned(block.raw, alignment));
            assert_true((block.raw >= MIB(6) && block.raw + size <= limit) ||
                        (block.raw >= MIB(1) && block.raw + size <= MIB(2)));
            for (size_t i = 0; i < count; i++)
                assert_true(block.raw >= blocks[i].end.raw || block.raw + size <= blocks[i].start.raw);
            blocks[count++] = (struct phys_range){ block, phys_add(block, size) };
            bytes += size;
        }
        for (struct phys_range run; early_next_taken(&cursor, &run);)
            bytes -= run.start.raw < limit ? phys_range_size(run) : 0;
        assert_int_equal(bytes, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reserve_is_allocated_from_its_start),
        cmocka_unit_test(usable_memory_is_used_when_the_reserve_is_exhausted),
        cmocka_unit_test(a_withheld_part_of_the_reserve_is_used_later),
        cmocka_unit_test(blocks_are_taken_from_the_top_of_the_highest_reachable_range),
        cmocka_unit_test(the_first_mib_is_left_alone),
        cmocka_unit_test(adjacent_blocks_are_one_run),
        cmocka_unit_test(allocated_and_unreachable_memory_is_handed_over),
        cmocka_unit_test(freed_frames_of_the_reserve_are_allocated_again),
        cmocka_unit_test(a_full_list_refuses_and_changes_nothing),
        cmocka_unit_test(blocks_never_overlap),
    };
    return cmocka_run_group_tests_name("early", tests, NULL, NULL);
}
