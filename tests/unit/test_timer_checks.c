/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a checked build asserts of a queue of timers: an armed timer that its owner changes or frees is
 * noticed at the next change around it.
 */
#include <time/timer_queue.h>

#include "expect_death.h"

static struct timer_queue queue;
static struct timer early, middle, late;

static void ignore(struct timer *timer, void *context)
{
    (void)timer;
    (void)context;
}

/* @early is the top, with the two as its children. */
static int three_timers(void **state)
{
    (void)state;
    timer_queue_init(&queue);
    struct timer *const timers[] = { &early, &middle, &late };
    for (unsigned int i = 0; i < 3; i++) {
        timer_init(timers[i], ignore, NULL);
        timer_queue_arm(&queue, timers[i], 100 * (i + 1));
    }
    return 0;
}

static void deadline_moves_after_a_child(void)
{
    early.deadline_ns = 1000;
    timer_cancel(&early);
}

static void deadline_moves_before_the_parent(void)
{
    late.deadline_ns = 1;
    timer_cancel(&late);
}

static void timer_is_initialised_while_it_is_armed(void)
{
    timer_init(&middle, ignore, NULL);
    timer_cancel(&early);
}

static void timer_is_not_marked_as_armed(void)
{
    late.is_armed = middle.is_armed = false;
    timer_cancel(&early);
}

static void rank_is_wrong(void)
{
    early.rank++;
    timer_cancel(&early);
}

static void timer_is_in_another_heap(void)
{
    queue.first = &late;
    timer_cancel(&early);
}

static void broken_heaps_are_noticed(void **state)
{
    (void)state;
    expect_death(deadline_moves_after_a_child, "timer: the left child leads to its parent");
    expect_death(deadline_moves_before_the_parent, "timer: a timer is not before its parent");
    expect_death(timer_is_initialised_while_it_is_armed, "child leads to its parent");
    expect_death(timer_is_not_marked_as_armed, "timer: a timer in the heap is armed");
    expect_death(rank_is_wrong, "timer: the right spine");
    expect_death(timer_is_in_another_heap, "timer: a timer is a child of its parent, or the top");
    assert_int_equal(timer_queue_run(&queue, 1000), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(broken_heaps_are_noticed, three_timers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
