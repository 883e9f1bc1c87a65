/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shrinkers that are added and removed on several CPUs while others run out of memory, with threads as
 * CPUs. The list and a shrinker's counters are plain memory: the acquire and the release of the exclusive
 * section have each been made relaxed, and the thread sanitizer has reported it.
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

static uint64_t asked_in_all; /* not atomic: one CPU shrinks at a time */
static uint64_t promised;     /* atomic: frames reported to requests */
static unsigned int inside;

static uint64_t count(struct shrinker *shrinker, uint64_t frames)
{
    struct counter *counter = container_of(shrinker, struct counter, shrinker);
    MUST(relaxed_add(&inside, 1) == 0);
    MUST(frames > 0);
    /* A shrinker that runs out of memory gets none. */
    MUST(shrink_memory(1) == 0);
    counter->asked++;
    asked_in_all++;
    relaxed_store(&inside, 0);
    return 1;
}

static void come_ask_and_go(unsigned int cpu)
{
    hosted_cpu = cpu;
    for (unsigned int i = 0; i < ROUNDS; i++) {
        struct counter mine = { .shrinker = { .name = "test", .cost = seed_below(4), .shrink = count } };
        shrinker_add(&mine.shrinker);
        /* Each registered shrinker frees one; one is always registered. */
        for (unsigned int asks = seed_below(3); asks > 0; asks--) {
            uint64_t wanted = 1 + seed_below(2), given = shrink_memory(wanted);
            MUST(given > 0);
            relaxed_add(&promised, given < wanted ? given : wanted);
        }
        shrinker_remove(&mine.shrinker);
        memset(&mine, 0xff, sizeof(mine));
    }
}

static void one_cpu_shrinks_at_a_time_and_no_removed_shrinker_is_called(void **state)
{
    (void)state;
    litmus_run(CPUS, come_ask_and_go);
    assert_true(asked_in_all > 0);
    /* Each frame once: a waiter got what was left over, or shrank more. */
    assert_true(promised <= asked_in_all);
    assert_true(shrink_memory(1) == 0);
}

/* ---- waiting ---- */

static unsigned int one_is_inside, another_comes, asked_for_one;

static uint64_t give_one(struct shrinker *shrinker, uint64_t frames)
{
    unsigned int turns = 0;
    (void)shrinker;
    (void)frames;
    relaxed_store(&one_is_inside, 1);
    while (!relaxed_load(&another_comes))
        litmus_wait(&turns);
    /* It waits by now, or finds the other done: then it shrinks in any case. */
    for (unsigned int i = 0; i < 2000; i++)
        litmus_wait(&turns);
    asked_for_one++;
    return 1;
}

static void ask_for_one(unsigned int cpu)
{
    unsigned int turns = 0;
    hosted_cpu = cpu;
    if (cpu == 1) {
        while (!relaxed_load(&one_is_inside))
            litmus_wait(&turns);
        relaxed_store(&another_comes, 1);
    }
    MUST(shrink_memory(1) == 1);
}

static void a_waiter_shrinks_again_when_no_memory_was_left(void **state)
{
    (void)state;
    struct shrinker shrinker = { .shrink = give_one };
    shrinker_add(&shrinker);
    litmus_run(2, ask_for_one);
    assert_int_equal(asked_for_one, 2);
    shrinker_remove(&shrinker);
}

/* ---- rounds ---- */

static uint64_t wanted_most;

static uint64_t give_apart(struct shrinker *shrinker, uint64_t frames)
{
    (void)shrinker;
    wanted_most = frames;
    return frames < 64 ? 1 : 0;
}

static void each_round_requests_more_until_shrinkers_free_nothing(void **state)
{
    (void)state;
    struct shrinker shrinker = { .shrink = give_apart };
    struct shrink_request request = { 0 }, endless = { 0 };
    unsigned int rounds = 0;
    shrinker_add(&shrinker);
    for (; shrink_again(&request, 4); rounds++)
        assert_int_equal(wanted_most, 4u << rounds);
    assert_int_equal(rounds, 4);
    assert_int_equal(wanted_most, 64);
    shrinker_remove(&shrinker);
    /* One that always has something cannot keep a request busy for ever; and no request overflows. */
    struct counter generous = { .shrinker = { .shrink = count } };
    shrinker_add(&generous.shrinker);
    for (rounds = 0; shrink_again(&endless, UINT64_MAX / 2); rounds++)
        assert_true(rounds < 100);
    shrinker_remove(&generous.shrinker);
}

static void the_cheapest_shrinker_is_called_first_and_only_as_needed(void **state)
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
        cmocka_unit_test(the_cheapest_shrinker_is_called_first_and_only_as_needed),
        cmocka_unit_test(a_waiter_shrinks_again_when_no_memory_was_left),
        cmocka_unit_test(each_round_requests_more_until_shrinkers_free_nothing),
        cmocka_unit_test(one_cpu_shrinks_at_a_time_and_no_removed_shrinker_is_called),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
