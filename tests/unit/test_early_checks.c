/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a checked build asserts of memory before the allocators: of the map it is given, the frames that are
 * given back, and its own list of runs.
 */
#include "expect_death.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include): its data is broken on purpose, and is private. */
#include <boot/early.c>

static const struct memmap_range map[] = {
    { { MIB(6) }, { MIB(64) }, MEMMAP_USABLE },
    { { MIB(64) }, { MIB(65) }, MEMMAP_ACPI_TABLE },
    { { GIB(1) }, { GIB(2) }, MEMMAP_USABLE },
};
static phys_t frame;

/* A frame of the reserve, and two runs below 2 GiB. */
static int some_memory_is_taken(void **state)
{
    (void)state;
    early_init(phys(MIB(3)), phys(MIB(4)));
    early_add_map(map, ARRAY_LEN(map), phys(GIB(4)));
    frame = early_take_frame();
    (void)early_alloc(PAGE_SIZE, PAGE_SIZE);
    (void)early_alloc(PAGE_SIZE, MIB(4));
    return early.run_count != 2;
}

static void add_a_run(void)
{
    (void)early_alloc(PAGE_SIZE, MIB(16));
}

/* ---- what callers give ---- */

static void reserve_ends_inside_a_page(void)
{
    early_init(phys(MIB(3)), phys(MIB(4) + 1));
}

static void reserve_has_more_frames_than_bits(void)
{
    early_init(phys(MIB(3)), phys(MIB(3) + KERNEL_RESERVE_SIZE + PAGE_SIZE));
}

static void reserve_is_taken_below_what_is_taken(void)
{
    early_reserve_below(phys(MIB(3)));
}

static void reserve_is_taken_beyond_its_end(void)
{
    early_reserve_below(phys(MIB(4) + 1));
}

static void add_map(struct memmap_range second)
{
    const struct memmap_range ranges[] = { map[0], second };
    early_add_map(ranges, 2, phys(GIB(4)));
}

static void map_has_an_empty_range(void)
{
    add_map((struct memmap_range){ phys(MIB(64)), phys(MIB(64)), MEMMAP_USABLE });
}

static void map_has_a_part_of_a_page(void)
{
    add_map((struct memmap_range){ phys(MIB(64)), phys(MIB(65) + 1), MEMMAP_USABLE });
}

static void map_is_not_sorted(void)
{
    add_map((struct memmap_range){ phys(MIB(1)), phys(MIB(2)), MEMMAP_USABLE });
}

static void ranges_of_the_map_overlap(void)
{
    add_map((struct memmap_range){ phys(MIB(64) - PAGE_SIZE), phys(MIB(65)), MEMMAP_USABLE });
}

static void limit_is_below_a_run(void)
{
    early_set_limit(phys(GIB(2) - PAGE_SIZE));
}

static void wrong_maps_and_limits_are_noticed(void **state)
{
    (void)state;
    expect_death(reserve_ends_inside_a_page, "early memory: the reserve is of whole pages");
    expect_death(reserve_has_more_frames_than_bits, "early memory: each frame has a bit");
    expect_death(reserve_is_taken_below_what_is_taken, "early memory: the reserve is taken upwards");
    expect_death(reserve_is_taken_beyond_its_end, "early memory: the reserve is taken upwards");
    expect_death(map_has_an_empty_range, "early memory: a range of the map is not empty");
    expect_death(map_has_a_part_of_a_page, "early memory: a range of the map is of whole pages");
    expect_death(map_is_not_sorted, "early memory: the map's ranges ascend");
    expect_death(ranges_of_the_map_overlap, "early memory: the map's ranges ascend");
    expect_death(limit_is_below_a_run, "early memory: no run is beyond the limit");
}

/* ---- frames ---- */

static void frame_is_given_back_twice(void)
{
    early_give_frame(frame);
    early_give_frame(frame);
}

static void frame_was_not_taken(void)
{
    early_give_frame(phys_add(frame, PAGE_SIZE));
}

static void part_of_a_frame_is_given_back(void)
{
    early_give_frame(phys_add(frame, 8));
}

static void frame_is_counted_and_has_no_bit(void)
{
    early.given_back_count = 1;
    (void)early_take_frame();
}

static void wrong_frames_are_noticed(void **state)
{
    (void)state;
    expect_death(frame_is_given_back_twice, "early memory: a frame is given back once");
    expect_death(frame_was_not_taken, "early memory: a frame that is given back was taken");
    expect_death(part_of_a_frame_is_given_back, "early memory: what is given back is a frame");
    expect_death(frame_is_counted_and_has_no_bit, "early memory: each frame that is counted has its bit");
}

/* ---- runs ---- */

static void run_is_empty(void)
{
    early.runs[0].start = early.runs[0].end;
    add_a_run();
}

static void run_ends_inside_a_page(void)
{
    early.runs[0].end = phys_add(early.runs[0].end, 8);
    add_a_run();
}

static void runs_are_not_sorted(void)
{
    struct phys_range low = early.runs[0];
    early.runs[0] = early.runs[1];
    early.runs[1] = low;
    add_a_run();
}

static void runs_adjoin(void)
{
    early.runs[0].end = early.runs[1].start;
    add_a_run();
}

static void list_is_longer_than_its_array(void)
{
    early.run_count = EARLY_RUNS_MAX + 1;
    check_runs();
}

static void broken_lists_of_runs_are_noticed(void **state)
{
    (void)state;
    expect_death(run_is_empty, "early memory: a run is not empty");
    expect_death(run_ends_inside_a_page, "early memory: a run is of whole pages");
    expect_death(runs_are_not_sorted, "early memory: runs ascend");
    expect_death(runs_adjoin, "early memory: runs ascend");
    for (unsigned int i = 2; i < EARLY_RUNS_MAX; i++)
        early.runs[i] = phys_range_of(GIB(2) + 2 * i * PAGE_SIZE, GIB(2) + (2 * i + 1) * PAGE_SIZE);
    expect_death(list_is_longer_than_its_array, "early memory: the list of runs ends within its array");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(wrong_maps_and_limits_are_noticed, some_memory_is_taken),
        cmocka_unit_test_setup(wrong_frames_are_noticed, some_memory_is_taken),
        cmocka_unit_test_setup(broken_lists_of_runs_are_noticed, some_memory_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
