/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of boot stages.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <lib/machine_ops.h>
#include <boot/stages.h>

static uint64_t now = 500;

static uint64_t read_ticks(void)
{
    return now;
}

struct machine_ops machine_ops = { .ticks = read_ticks };

static void stages_are_in_order_of_time_and_never_overflow(void **state)
{
    size_t count;
    const struct boot_stage *list;
    (void)state;

    boot_stage_mark("console");
    now = 600;
    boot_stage_mark("map");
    boot_stage_mark_at("leap", 200);
    boot_stage_mark_at("stub", 100);
    list = boot_stages(&count);
    assert_int_equal(count, 4);
    assert_string_equal(list[0].name, "stub");
    assert_string_equal(list[1].name, "leap");
    assert_string_equal(list[2].name, "console");
    assert_string_equal(list[3].name, "map");
    assert_int_equal(list[3].ticks, 600);

    for (unsigned int i = 0; i < 2 * BOOT_STAGES_MAX; i++)
        boot_stage_mark("again");
    list = boot_stages(&count);
    assert_int_equal(count, BOOT_STAGES_MAX);
    assert_string_equal(list[0].name, "stub");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stages_are_in_order_of_time_and_never_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
