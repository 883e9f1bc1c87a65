/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shrinkers that come and go on several CPUs while others run out of memory, with threads as CPUs. The list and what a
 * shrinker counts are plain memory: the acquire and the release of the right to ask have each been made relaxed, and the
 * thread sanitizer has reported it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/mm/shrink.h>

#include "hosted.h"
#include "litmus.h"

#define CPUS   3
#define ROUNDS 30000

struct counter {
    struct shrinker shrinker;
    uint64_t asked;
};

static uint64_t asked_in_all; /* not atomic: one CPU asks at a time */
static unsigned inside;

static uint64_t count(struct shrinker *shrinker, uint64_t frames)
{
    struct counter *counter = container_of(shrinker, struct counter, shrinker);
    MUST(relaxed_add(&inside, 1) == 0);
    MUST(frames > 0);
    /* Who runs out of memory while it shrinks gets none. */
    MUST(shrink_memory(1) == 0);
    counter->asked++;
    asked_in_all++;
    relaxed_store(&inside, 0);
    return 1;
}

static void come_ask_and_go(unsigned cpu)
{
    hosted_cpu = cpu;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct counter mine = { .shrinker = { .name = "test", .cost = litmus_below(4), .shrink = count } };
        shrinker_add(&mine.shrinker);
        /* All that are there give one each; one is always there. */
        for (unsigned asks = litmus_below(3); asks > 0; asks--)
            MUST(shrink_memory(1) > 0);
        shrinker_remove(&mine.shrinker);
        memset(&mine, 0xff, sizeof(mine));
    }
}

static void one_cpu_asks_at_a_time_and_nobody_who_has_gone(void **state)
{
    (void)state;
    litmus_run(CPUS, come_ask_and_go);
    assert_true(asked_in_all > 0);
    assert_true(shrink_memory(1) == 0);
}

static void the_cheapest_is_asked_first_and_no_more_than_needed(void **state)
{
    (void)state;
    struct counter dear = { .shrinker = { .cost = 2, .shrink = count } };
    struct counter cheap = { .shrinker = { .cost = 1, .shrink = count } };
    shrinker_add(&dear.shrinker);
    shrinker_add(&cheap.shrinker);
    assert_int_equal(shrink_memory(1), 1);
    assert_true(cheap.asked == 1 && dear.asked == 0);
    assert_int_equal(shrink_memory(5), 2);
    assert_true(cheap.asked == 2 && dear.asked == 1);
    shrinker_remove(&cheap.shrinker);
    assert_int_equal(shrink_memory(1), 1);
    assert_true(cheap.asked == 2 && dear.asked == 2);
    shrinker_remove(&dear.shrinker);
}

int main(void)
{
    seed_from_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cheapest_is_asked_first_and_no_more_than_needed),
        cmocka_unit_test(one_cpu_asks_at_a_time_and_nobody_who_has_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
