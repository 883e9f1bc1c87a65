/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interleavings of CPUs that take frames of the reserve for page tables and give some back: no frame is two
 * CPUs', and none is lost.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/bits.h>
#include <ashlar/hw/paging.h>
#include <boot/early.h>

#include "interleave.h"

#define CPUS   2
#define EACH   3
#define START  MIB(3)
#define FRAMES (CPUS * EACH)

unsigned char *hosted_ram;
uint64_t hosted_ram_start;

static unsigned int owners[FRAMES];

static void begin(void)
{
    early_init(phys(START), phys(START + FRAMES * PAGE_SIZE));
    memset(owners, 0, sizeof(owners));
}

static phys_t take(void)
{
    phys_t frame = early_take_frame();
    assert_true(phys_is_valid(frame));
    assert_int_equal(owners[(frame.raw - START) / PAGE_SIZE]++, 0);
    return frame;
}

static void give(phys_t frame)
{
    owners[(frame.raw - START) / PAGE_SIZE]--;
    early_give_frame(frame);
}

static void take_and_give(unsigned int cpu)
{
    (void)cpu;
    phys_t first = take(), second = take();
    give(first);
    (void)take();
    give(second);
    (void)take();
    (void)take();
}

static void check_each_has_an_owner(void)
{
    for (unsigned int i = 0; i < FRAMES; i++)
        assert_int_equal(owners[i], 1);
    assert_false(phys_is_valid(early_take_frame()));
}

static void a_frame_for_a_table_is_one_cpus(void **state)
{
    (void)state;
    interleave_all_and_random(CPUS, 3, 20000, begin, take_and_give, check_each_has_an_owner);
}

int main(void)
{
    seed_from_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_for_a_table_is_one_cpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
