/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of the timers that are armed on a queue: the monitor's `timers`.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <ashlar/check.h>
#include <time/timer_queue.h>

NORETURN void verify_failed(const char *expression, const char *file, int line)
{
    mock_assert(false, expression, file, line);
    abort();
}

#define TIMERS 100

static struct timer_queue queue;
static struct timer timers[TIMERS];

static void run_nothing(struct timer *timer, void *context)
{
    (void)timer, (void)context;
}

/* Lists @capacity of them, and checks that these are the earliest of the deadlines 1 to @armed. */
static void check(size_t armed, size_t capacity)
{
    struct timer_armed list[TIMERS + 1] = { [0] = { 0 } };
    list[capacity].deadline_ns = UINT64_MAX;
    assert_int_equal(timer_queue_list(&queue, list, capacity), armed);
    for (size_t i = 0; i < capacity && i < armed; i++) {
        assert_int_equal(list[i].deadline_ns, i + 1);
        assert_ptr_equal(list[i].run, run_nothing);
    }
    assert_int_equal(list[capacity].deadline_ns, UINT64_MAX);
}

static void the_earliest_timers_are_listed_in_order(void **state)
{
    (void)state;
    timer_queue_init(&queue);
    check(0, 4);
    for (unsigned int i = 0; i < TIMERS; i++) {
        timer_init(&timers[i], run_nothing, NULL);
        /* 7 and 100 have no common divisor: each deadline from 1 to 100 once. */
        timer_queue_arm(&queue, &timers[i], i * 7 % TIMERS + 1);
    }
    for (size_t capacity = 0; capacity <= TIMERS; capacity++)
        check(TIMERS, capacity);
}

static void list_in_run(struct timer *timer, void *context)
{
    struct timer_armed list[3];
    (void)context;
    timer_queue_arm(&queue, timer, 2);
    assert_int_equal(timer_queue_list(&queue, list, 3), 3);
    assert_int_equal(list[0].deadline_ns, 2);
    assert_int_equal(list[1].deadline_ns, 5);
    assert_int_equal(list[2].deadline_ns, 9);
}

/* They are in another heap until the run ends. */
static void timers_that_are_armed_in_a_run_are_listed(void **state)
{
    (void)state;
    timer_queue_init(&queue);
    timer_init(&timers[0], list_in_run, NULL);
    timer_queue_arm(&queue, &timers[0], 1);
    for (unsigned int i = 1; i < 3; i++) {
        timer_init(&timers[i], run_nothing, NULL);
        timer_queue_arm(&queue, &timers[i], 4 * i + 1);
    }
    assert_int_equal(timer_queue_run(&queue, 3), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_earliest_timers_are_listed_in_order),
        cmocka_unit_test(timers_that_are_armed_in_a_run_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
