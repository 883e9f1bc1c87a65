/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of work, with threads that are CPUs. Everything that passes through the list is plain memory: each of
 * the four orders that work_list.c names has been made relaxed, one at a time, and the thread sanitizer has
 * reported it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <smp/work_list.h>

#include "litmus.h"

#define PRODUCERS 3
#define ROUNDS    20000
#define JOBS      4 /* of one producer at a time */

static struct work_list list;
static unsigned int producers_left;

struct job {
    struct work work;
    unsigned int producer, number;
    unsigned int result;
};

/* ---- one consumer ---- */

static unsigned int last_number[PRODUCERS]; /* the consumer's */

static void do_job(void *argument)
{
    struct job *job = argument;
    MUST(job->number == last_number[job->producer] + 1);
    last_number[job->producer] = job->number;
    job->result = job->number * 3;
}

static void finish(struct job *job)
{
    unsigned int turns = 0;
    while (!work_is_done(&job->work))
        litmus_wait(&turns);
    MUST(job->result == job->number * 3);
    memset(job, 0xff, sizeof(*job));
}

/* Stands for the interrupt: the consumer checks once for each notification, and at no other time. */
static unsigned int bell;

static void give_jobs(unsigned int producer)
{
    struct job jobs[JOBS];
    for (unsigned int i = 0; i < ROUNDS; i++) {
        struct job *job = &jobs[i % JOBS];
        if (i >= JOBS)
            finish(job);
        *job =
            (struct job){ .work = { .run = do_job, .argument = job }, .producer = producer, .number = i + 1 };
        if (work_list_add(&list, &job->work) == WORK_ADDED_FIRST)
            relaxed_add(&bell, 1);
    }
    for (unsigned int i = 0; i < JOBS; i++)
        finish(&jobs[i]);
    relaxed_add(&producers_left, -1u);
}

static void produce_or_consume(unsigned int thread)
{
    if (thread < PRODUCERS) {
        give_jobs(thread);
        return;
    }
    unsigned int heard = 0, turns = 0;
    while (relaxed_load(&producers_left) > 0) {
        unsigned int now = relaxed_load(&bell);
        if (now == heard) {
            litmus_wait(&turns);
            continue;
        }
        /* One telling for one taking, which finds something. */
        turns = 0;
        MUST(now == ++heard);
        MUST(work_list_run(&list));
    }
}

static void each_producers_work_runs_once_in_order(void **state)
{
    (void)state;
    list.newest = NULL;
    producers_left = PRODUCERS;
    bell = 0;
    memset(last_number, 0, sizeof(last_number));
    litmus_run(PRODUCERS + 1, produce_or_consume);
    for (unsigned int i = 0; i < PRODUCERS; i++)
        assert_int_equal(last_number[i], ROUNDS);
    assert_true(work_list_is_empty(&list));
}

/* ---- several consumers ---- */

static void do_once(void *argument)
{
    struct job *job = argument;
    job->result++;
}

static void give_and_take(unsigned int thread)
{
    struct job job;
    for (unsigned int i = 0; i < ROUNDS; i++) {
        job = (struct job){ .work = { .run = do_once, .argument = &job }, .producer = thread };
        MUST(work_list_add(&list, &job.work) != WORK_REFUSED);
        for (unsigned int turns = 0; !work_is_done(&job.work); litmus_wait(&turns))
            work_list_run(&list);
        MUST(job.result == 1);
    }
}

static void work_is_run_by_the_consumer_that_took_it(void **state)
{
    (void)state;
    list.newest = NULL;
    litmus_run(3, give_and_take);
    assert_true(work_list_is_empty(&list));
}

/* ---- a consumer that closes ---- */

#define LISTS 20000

static struct work_list closing[LISTS];
static unsigned int lists_closed, additions, accepted, refused;

static void add_or_close(unsigned int thread)
{
    static struct job job;
    unsigned int i, turns = 0, last = 0;
    for (i = 0; thread == 0 && i < LISTS; i++) {
        if (i % 4 == 0)
            litmus_keep_pace(&additions, &last);
        while (!work_list_close(&closing[i]))
            MUST(work_list_run(&closing[i]));
        relaxed_store(&lists_closed, i + 1);
    }
    while (thread == 1 && (i = relaxed_load(&lists_closed)) < LISTS) {
        turns = 0;
        job = (struct job){ .work = { .run = do_once, .argument = &job } };
        relaxed_add(&additions, 1);
        if (work_list_add(&closing[i], &job.work) == WORK_REFUSED) {
            refused++;
            continue;
        }
        for (unsigned int is_closed = 0; !work_is_done(&job.work); litmus_wait(&turns)) {
            MUST(!is_closed);
            is_closed = relaxed_load(&lists_closed) > i;
        }
        MUST(job.result == 1);
        accepted++;
    }
}

static void work_accepted_by_a_closing_list_is_done(void **state)
{
    (void)state;
    memset(closing, 0, sizeof(closing));
    lists_closed = additions = accepted = refused = 0;
    litmus_run(2, add_or_close);
    assert_true(accepted > 0);
}

/* ---- alone ---- */

static unsigned int order[8], done;

static void note(void *argument)
{
    order[done++] = (unsigned int)(uintptr_t)argument;
}

static struct work work_numbered(uintptr_t number)
{
    return (struct work){ .run = note, .argument = (void *)number };
}

static void add_reports_whether_the_list_was_empty(void **state)
{
    (void)state;
    struct work_list mine = { 0 };
    struct work first = work_numbered(1), second = work_numbered(2);
    assert_true(work_list_is_empty(&mine));
    assert_false(work_list_run(&mine));
    assert_int_equal(work_list_add(&mine, &first), WORK_ADDED_FIRST);
    assert_false(work_list_is_empty(&mine));
    assert_int_equal(work_list_add(&mine, &second), WORK_ADDED);
    assert_false(work_is_done(&first));
    done = 0;
    assert_true(work_list_run(&mine));
    assert_int_equal(done, 2);
    assert_true(order[0] == 1 && order[1] == 2);
    assert_true(work_is_done(&first) && work_is_done(&second));
    assert_int_equal(work_list_add(&mine, &first), WORK_ADDED_FIRST);
    assert_false(work_is_done(&first));
    assert_true(work_list_run(&mine));
}

static struct work_list own;
static struct work added;

static void add_one(void *argument)
{
    (void)argument;
    assert_int_equal(work_list_add(&own, &added), WORK_ADDED_FIRST);
}

static void run_the_list(void *argument)
{
    (void)argument;
    work_list_run(&own);
}

static void work_added_by_work_waits_for_the_next_run(void **state)
{
    (void)state;
    struct work adding = { .run = add_one }, running = { .run = run_the_list }, last = work_numbered(2);
    added = work_numbered(1);
    done = 0;
    work_list_add(&own, &adding);
    assert_true(work_list_run(&own));
    assert_int_equal(done, 0);
    assert_true(work_list_run(&own));
    assert_int_equal(done, 1);

    /* From within: what was added since is done before what was taken already. */
    done = 0;
    work_list_add(&own, &adding);
    work_list_add(&own, &running);
    work_list_add(&own, &last);
    assert_true(work_list_run(&own));
    assert_int_equal(done, 2);
    assert_true(order[0] == 1 && order[1] == 2);
    assert_true(work_is_done(&running));
}

static void a_list_with_work_does_not_close(void **state)
{
    (void)state;
    struct work_list mine = { 0 };
    struct work work = work_numbered(1);
    assert_int_equal(work_list_add(&mine, &work), WORK_ADDED_FIRST);
    assert_false(work_list_close(&mine));
    assert_true(work_list_run(&mine));
    assert_true(work_list_close(&mine));
    assert_int_equal(work_list_add(&mine, &work), WORK_REFUSED);
    /* A cross-call may come between closing the list and going offline, and runs it. */
    assert_false(work_list_run(&mine));
    assert_int_equal(work_list_add(&mine, &work), WORK_REFUSED);
    work_list_open(&mine);
    assert_true(work_list_is_empty(&mine));
    assert_int_equal(work_list_add(&mine, &work), WORK_ADDED_FIRST);
    assert_true(work_list_run(&mine));
}

int main(void)
{
    seed_from_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(add_reports_whether_the_list_was_empty),
        cmocka_unit_test(work_added_by_work_waits_for_the_next_run),
        cmocka_unit_test(each_producers_work_runs_once_in_order),
        cmocka_unit_test(work_is_run_by_the_consumer_that_took_it),
        cmocka_unit_test(work_accepted_by_a_closing_list_is_done),
        cmocka_unit_test(a_list_with_work_does_not_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
