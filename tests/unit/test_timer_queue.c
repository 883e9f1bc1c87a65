/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers against a model that is an unsorted array, on two queues at once; what handlers may do.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/check.h>
#include <time/timer_queue.h>

#include "seed.h"

NORETURN void verify_failed(const char *expression, const char *file, int line)
{
    mock_assert(false, expression, file, line);
    abort();
}

/* ---- the model ---- */

#define QUEUES 2
#define MOST   2000

/* In the model's words; @timer is in the queue's. */
struct subject {
    struct timer timer;
    bool is_armed;
    bool is_late; /* armed on a queue while it ran */
    unsigned int queue;
    uint64_t deadline_ns;
    uint64_t order;
};

static struct timer_queue queues[QUEUES];

static void init_queues(void)
{
    timer_queue_init(&queues[0]);
    timer_queue_init(&queues[1]);
}

static struct subject *subjects;
static unsigned int subject_count;
static uint64_t next_order;
static unsigned int running_queue; /* QUEUES: none */
static uint64_t running_now;
static struct subject *running_subject;
static unsigned int ran;

static bool is_sooner(const struct subject *a, const struct subject *b)
{
    return a->deadline_ns < b->deadline_ns || (a->deadline_ns == b->deadline_ns && a->order < b->order);
}

/* The earliest in a queue, or of those only that are not late. */
static struct subject *model_first(unsigned int queue, bool with_late)
{
    struct subject *first = NULL;
    for (unsigned int i = 0; i < subject_count; i++) {
        struct subject *at = &subjects[i];
        if (at->is_armed && at->queue == queue && (with_late || !at->is_late) &&
            (!first || is_sooner(at, first)))
            first = at;
    }
    return first;
}

static void model_arm(struct subject *subject, unsigned int queue, uint64_t deadline_ns)
{
    subject->is_armed = true;
    subject->is_late = running_queue == queue;
    subject->queue = queue;
    subject->deadline_ns = deadline_ns;
    subject->order = next_order++;
}

static int by_order(const void *a, const void *b)
{
    const struct subject *const *x = a, *const *y = b;
    return (*x)->order < (*y)->order ? -1 : (*x)->order > (*y)->order;
}

static void model_move_all(unsigned int from, unsigned int to)
{
    struct subject *moved[MOST];
    unsigned int count = 0;
    for (unsigned int i = 0; i < subject_count; i++)
        if (subjects[i].is_armed && subjects[i].queue == from)
            moved[count++] = &subjects[i];
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers are sorted. */
    qsort(moved, count, sizeof(moved[0]), by_order);
    for (unsigned int i = 0; i < count; i++)
        model_arm(moved[i], to, moved[i]->deadline_ns);
}

/* ---- what is always true of a heap ---- */

static unsigned int log2_of(unsigned int n)
{
    return n ? 31 - (unsigned int)__builtin_clz(n) : 0;
}

static uint32_t rank_in(const struct timer *heap)
{
    return heap ? heap->rank : 0;
}

static void expect_order(const struct timer *parent, const struct timer *child)
{
    if (!child)
        return;
    assert_ptr_equal(child->parent, parent);
    assert_true(parent->deadline_ns < child->deadline_ns ||
                (parent->deadline_ns == child->deadline_ns && parent->sequence < child->sequence));
}

/* Returns how many there are. */
static unsigned int expect_heap(const struct timer_queue *queue, const struct timer *top)
{
    const struct timer *waiting[MOST + 1];
    unsigned int depth = 0, count = 0;
    if (top) {
        assert_null(top->parent);
        waiting[depth++] = top;
    }
    while (depth > 0) {
        const struct timer *at = waiting[--depth];
        count++;
        assert_true(count <= subject_count);
        assert_true(at->is_armed);
        assert_ptr_equal(at->queue, queue);
        assert_true(rank_in(at->left) >= rank_in(at->right));
        assert_int_equal(at->rank, rank_in(at->right) + 1);
        expect_order(at, at->left);
        expect_order(at, at->right);
        if (at->right)
            waiting[depth++] = at->right;
        if (at->left)
            waiting[depth++] = at->left;
    }
    assert_true(rank_in(top) <= log2_of(count + 1));
    return count;
}

static void expect_as_modelled(void)
{
    for (unsigned int q = 0; q < QUEUES; q++) {
        unsigned int first = expect_heap(&queues[q], queues[q].first),
                     late = expect_heap(&queues[q], queues[q].late);
        unsigned int armed = 0, armed_late = 0;
        for (unsigned int i = 0; i < subject_count; i++)
            if (subjects[i].is_armed && subjects[i].queue == q)
                *(subjects[i].is_late ? &armed_late : &armed) += 1;
        assert_int_equal(first, armed);
        assert_int_equal(late, armed_late);
        assert_true(queues[q].is_running == (q == running_queue));

        uint64_t deadline_ns = 12345;
        const struct subject *earliest = model_first(q, true);
        assert_true(timer_queue_next(&queues[q], &deadline_ns) == (earliest != NULL));
        assert_int_equal(deadline_ns, earliest ? earliest->deadline_ns : 12345);
    }
    for (unsigned int i = 0; i < subject_count; i++)
        assert_true(subjects[i].timer.is_armed == subjects[i].is_armed);
}

/* ---- operations, on both ---- */

static void arm(struct subject *subject, unsigned int queue, uint64_t deadline_ns)
{
    const struct subject *earliest = model_first(queue, true);
    bool is_earliest = running_queue != queue && (!earliest || deadline_ns < earliest->deadline_ns);
    struct timer_arming got = timer_queue_arm(&queues[queue], &subject->timer, deadline_ns);
    assert_true(got.was_armed == subject->is_armed);
    assert_true(got.is_earliest == is_earliest);
    model_arm(subject, queue, deadline_ns);
}

static void cancel(struct subject *subject)
{
    struct timer_cancelling got = timer_cancel(&subject->timer);
    assert_true(got.was_armed == subject->is_armed);
    assert_true(got.is_running == (subject == running_subject));
    subject->is_armed = false;
    if (!got.is_running)
        assert_int_equal(0, timer_cancel_wait(&subject->timer));
}

static void move_all(unsigned int from, unsigned int to)
{
    const struct subject *earliest = model_first(to, true), *moved = model_first(from, true);
    bool is_earliest = from != to && running_queue != to && moved &&
                       (!earliest || moved->deadline_ns < earliest->deadline_ns);
    assert_true(timer_queue_move_all(&queues[from], &queues[to]) == is_earliest);
    if (from != to)
        model_move_all(from, to);
}

static void run(unsigned int queue, uint64_t now_ns)
{
    running_queue = queue;
    running_now = now_ns;
    ran = 0;
    unsigned int returned = timer_queue_run(&queues[queue], now_ns);
    assert_int_equal(returned, ran);
    const struct subject *left = model_first(queue, false);
    assert_true(!left || left->deadline_ns > now_ns);
    running_queue = QUEUES;
    for (unsigned int i = 0; i < subject_count; i++)
        subjects[i].is_late = false;
}

/* Few values, so that many are equal; now and then one at an end. */
static uint64_t some_moment(void)
{
    switch (seed_below(40)) {
    case 0:
        return UINT64_MAX - seed_below(2);
    case 1:
        return seed_below(2);
    default:
        return 1000 + seed_below(200);
    }
}

static void some_operation(bool in_handler)
{
    struct subject *subject = &subjects[seed_below(subject_count)];
    unsigned int queue = seed_below(QUEUES), choice = seed_below(100);
    if (choice < 60)
        arm(subject, queue, some_moment());
    else if (choice < 90)
        cancel(subject);
    else if (choice == 90)
        move_all(queue, seed_below(QUEUES));
    else if (!in_handler)
        run(queue, 900 + seed_below(250));
}

static void expect_turn_and_do_something(struct timer *timer, void *context)
{
    struct subject *subject = context;
    assert_ptr_equal(timer, &subject->timer);
    assert_ptr_equal(subject, model_first(running_queue, false));
    assert_true(subject->deadline_ns <= running_now);
    subject->is_armed = false;
    running_subject = subject;
    ran++;
    if (seed_below(4) == 0)
        arm(subject, seed_below(QUEUES), some_moment());
    for (unsigned int i = seed_below(3); i > 0; i--)
        some_operation(true);
    if (seed_below(8) == 0)
        cancel(subject);
    if (seed_below(8) == 0)
        expect_as_modelled();
    running_subject = NULL;
}

static void start(unsigned int count)
{
    init_queues();
    free(subjects);
    subjects = calloc(count, sizeof(*subjects));
    subject_count = count;
    running_queue = QUEUES;
    running_subject = NULL;
    for (unsigned int i = 0; i < count; i++)
        timer_init(&subjects[i].timer, expect_turn_and_do_something, &subjects[i]);
}

static void random_operations_agree_with_an_array(void **state)
{
    (void)state;
    static const unsigned int counts[] = { 1, 2, 3, 5, 16, 100, 500, MOST };
    for (size_t c = 0; c < ARRAY_LEN(counts); c++) {
        start(counts[c]);
        for (unsigned int i = 0; i < 400 + 2 * counts[c]; i++) {
            some_operation(false);
            expect_as_modelled();
        }
    }
}

/* ---- single operations ---- */

static unsigned int calls;
static struct timer *called[64];

static void note(struct timer *timer, void *context)
{
    (void)context;
    if (calls < ARRAY_LEN(called))
        called[calls] = timer;
    calls++;
}

static void start_notes(struct timer *timers, unsigned int count)
{
    init_queues();
    calls = 0;
    subject_count = count;
    for (unsigned int i = 0; i < count; i++)
        timer_init(&timers[i], note, NULL);
}

static void equal_deadlines_run_in_the_order_of_arming(void **state)
{
    (void)state;
    struct timer timers[40];
    start_notes(timers, 40);
    for (unsigned int i = 0; i < 40; i++)
        timer_queue_arm(&queues[0], &timers[(i * 7) % 40], 50);
    /* Armed again it is the last. */
    timer_queue_arm(&queues[0], &timers[0], 50);
    assert_int_equal(timer_queue_run(&queues[0], 49), 0);
    assert_int_equal(timer_queue_run(&queues[0], 50), 40);
    for (unsigned int i = 1; i < 40; i++)
        assert_ptr_equal(called[i - 1], &timers[(i * 7) % 40]);
    assert_ptr_equal(called[39], &timers[0]);
}

static void migrated_timers_run_after_equal_ones_in_their_own_order(void **state)
{
    (void)state;
    struct timer timers[6];
    start_notes(timers, 6);
    for (unsigned int i = 0; i < 3; i++)
        timer_queue_arm(&queues[1], &timers[3 + i], 50);
    for (unsigned int i = 0; i < 3; i++)
        timer_queue_arm(&queues[0], &timers[i], 50);
    timer_queue_move_all(&queues[0], &queues[1]);
    assert_int_equal(timer_queue_run(&queues[0], 50), 0);
    assert_int_equal(timer_queue_run(&queues[1], 50), 6);
    for (unsigned int i = 0; i < 6; i++)
        assert_ptr_equal(called[i], &timers[(i + 3) % 6]);
}

/* Were numbers only ever added to, those of two queues would wrap after some ninety moves. */
static void repeated_migration_never_exhausts_sequence_numbers(void **state)
{
    (void)state;
    struct timer here, moved;
    start_notes(&here, 1);
    start_notes(&moved, 1);
    for (unsigned int i = 0; i < 500; i++) {
        struct timer_queue *from = &queues[i % 2], *to = &queues[(i + 1) % 2];
        timer_queue_arm(to, &here, 50);
        timer_queue_arm(from, &moved, 50);
        timer_queue_move_all(from, to);
        assert_true(here.sequence < moved.sequence);
    }
}

static void a_timer_never_armed_is_idle(void **state)
{
    (void)state;
    struct timer timer;
    start_notes(&timer, 1);
    struct timer_cancelling got = timer_cancel(&timer);
    assert_false(got.was_armed || got.is_running);
    assert_int_equal(0, timer_cancel_wait(&timer));
}

static void arm_in_the_past(struct timer *timer, void *context)
{
    (void)context;
    calls++;
    assert_false(timer_queue_arm(&queues[0], timer, 0).is_earliest);
}

static void a_handler_that_arms_itself_in_the_past_waits_for_the_next_run(void **state)
{
    (void)state;
    struct timer timers[2];
    start_notes(timers, 2);
    timers[0].run = timers[1].run = arm_in_the_past;
    timer_queue_arm(&queues[0], &timers[0], 10);
    timer_queue_arm(&queues[0], &timers[1], 20);
    assert_int_equal(timer_queue_run(&queues[0], 30), 2);
    assert_int_equal(calls, 2);
    uint64_t next;
    assert_true(timer_queue_next(&queues[0], &next));
    assert_int_equal(next, 0);
    assert_int_equal(timer_queue_run(&queues[0], 30), 2);
}

static void run_again(struct timer *timer, void *context)
{
    (void)timer;
    (void)context;
    calls++;
    expect_assert_failure((void)timer_queue_run(&queues[0], 100));
    spin_unlock(&queues[0].lock);
    init_queues();
}

static void a_handler_that_runs_its_own_queue_is_reported(void **state)
{
    (void)state;
    struct timer timer;
    start_notes(&timer, 1);
    timer.run = run_again;
    timer_queue_arm(&queues[0], &timer, 10);
    assert_int_equal(timer_queue_run(&queues[0], 10), 1);
    assert_int_equal(calls, 1);
}

static void free_itself(struct timer *timer, void *context)
{
    (void)context;
    calls++;
    memset(timer, 0xff, sizeof(*timer));
    free(timer);
}

static void a_handler_may_free_its_timer(void **state)
{
    (void)state;
    start_notes(NULL, 0);
    for (unsigned int i = 0; i < 50; i++) {
        struct timer *timer = malloc(sizeof(*timer));
        timer_init(timer, free_itself, NULL);
        timer_queue_arm(&queues[0], timer, (i * 31) % 50);
    }
    assert_int_equal(timer_queue_run(&queues[0], 24), 25);
    assert_int_equal(timer_queue_run(&queues[0], 100), 25);
    assert_int_equal(calls, 50);
}

int main(void)
{
    seed_from_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations_agree_with_an_array),
        cmocka_unit_test(equal_deadlines_run_in_the_order_of_arming),
        cmocka_unit_test(migrated_timers_run_after_equal_ones_in_their_own_order),
        cmocka_unit_test(repeated_migration_never_exhausts_sequence_numbers),
        cmocka_unit_test(a_timer_never_armed_is_idle),
        cmocka_unit_test(a_handler_that_arms_itself_in_the_past_waits_for_the_next_run),
        cmocka_unit_test(a_handler_that_runs_its_own_queue_is_reported),
        cmocka_unit_test(a_handler_may_free_its_timer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
