/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timer queues with threads that are CPUs: handlers that run while others arm, cancel, wait for and free
 * their timers, and while timers go from queue to queue. Once under the address sanitizer and once under the
 * thread sanitizer.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <pthread.h>
#include <unistd.h>

#include <ashlar/check.h>
#include <ashlar/sync/backoff.h>
#include <time/timer_queue.h>

#include "seed.h"

NORETURN void verify_failed(const char *expression, const char *file, int line)
{
    printf("%s:%d: VERIFY(%s)\n", file, line, expression);
    abort();
}

#define CPUS 4

static struct timer_queue queues[CPUS];

static void init_queues(void)
{
    for (unsigned int i = 0; i < CPUS; i++)
        timer_queue_init(&queues[i]);
}
static uint64_t clock_now;

static unsigned int load(const unsigned int *flag)
{
    return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static void store(unsigned int *flag, unsigned int value)
{
    __atomic_store_n(flag, value, __ATOMIC_RELEASE);
}

static void add(unsigned int *counter, unsigned int count)
{
    __atomic_fetch_add(counter, count, __ATOMIC_RELAXED);
}

static uint64_t soon(void)
{
    return __atomic_load_n(&clock_now, __ATOMIC_RELAXED) + seed_below(60);
}

/* ---- threads that run queues ---- */

static unsigned int others_left; /* threads that are no CPUs and still at work */
static unsigned int moves_also;

static void *be_a_cpu(void *argument)
{
    unsigned int cpu = (unsigned int)(uintptr_t)argument;
    seed_thread(cpu);
    uint64_t next_ns;
    do {
        uint64_t now_ns = __atomic_add_fetch(&clock_now, 1 + seed_below(4), __ATOMIC_RELAXED);
        if (timer_queue_run(&queues[cpu], now_ns) == 0)
            sched_yield();
        if (moves_also && seed_below(100) == 0)
            (void)timer_queue_move_all(&queues[cpu], &queues[seed_below(CPUS)]);
    } while (load(&others_left) > 0 || timer_queue_next(&queues[cpu], &next_ns));
    return NULL;
}

/* Runs all queues until @count threads have done @work; then what is left in them. */
static void with_cpus(unsigned int count, void *(*work)(void *))
{
    pthread_t cpus[CPUS], others[4];
    init_queues();
    others_left = count;
    for (uintptr_t i = 0; i < CPUS; i++)
        pthread_create(&cpus[i], NULL, be_a_cpu, (void *)i);
    for (uintptr_t i = 0; i < count; i++)
        pthread_create(&others[i], NULL, work, (void *)(CPUS + i));
    for (unsigned int i = 0; i < count; i++) {
        pthread_join(others[i], NULL);
        __atomic_fetch_sub(&others_left, 1, __ATOMIC_RELEASE);
    }
    for (unsigned int i = 0; i < CPUS; i++)
        pthread_join(cpus[i], NULL);
    for (unsigned int i = 0; i < CPUS; i++)
        while (timer_queue_run(&queues[i], UINT64_MAX) > 0)
            ;
}

/* ---- shared timers ---- */

#define SHARED 24
#define RUNS   6000

static struct shared {
    struct timer timer;
    unsigned int inside;
    unsigned int armed, ran, cancelled, replaced;
} shared[SHARED];

static unsigned int runs; /* of all of them */

static void arm(struct shared *one)
{
    add(&one->armed, 1);
    add(&one->replaced, timer_queue_arm(&queues[seed_below(CPUS)], &one->timer, soon()).was_armed);
}

static void cancel(struct shared *one)
{
    add(&one->cancelled, timer_cancel(&one->timer).was_armed);
}

static void count_run(struct timer *timer, void *context)
{
    struct shared *one = context;
    if (__atomic_exchange_n(&one->inside, 1, __ATOMIC_RELAXED) != 0)
        abort();
    add(&one->ran, 1);
    add(&runs, 1);
    struct timer_cancelling got = timer_cancel(timer);
    if (!got.is_running)
        abort();
    add(&one->cancelled, got.was_armed);
    if (load(&others_left) > 0) {
        if (seed_below(3) == 0)
            arm(one);
        if (seed_below(4) == 0)
            arm(&shared[seed_below(SHARED)]);
        if (seed_below(4) == 0)
            cancel(&shared[seed_below(SHARED)]);
    }
    __atomic_store_n(&one->inside, 0, __ATOMIC_RELAXED);
}

static void *arm_and_cancel(void *argument)
{
    seed_thread((unsigned int)(uintptr_t)argument);
    while (load(&runs) < RUNS) {
        struct shared *one = &shared[seed_below(SHARED)];
        unsigned int choice = seed_below(10);
        if (choice < 6)
            arm(one);
        else if (choice < 9)
            cancel(one);
        else
            add(&one->cancelled, timer_cancel_wait(&one->timer));
    }
    return NULL;
}

static void each_arming_runs_once_or_is_cancelled_once(void **state)
{
    (void)state;
    memset(shared, 0, sizeof(shared));
    for (unsigned int i = 0; i < SHARED; i++)
        timer_init(&shared[i].timer, count_run, &shared[i]);
    moves_also = 1;
    runs = 0;
    with_cpus(2, arm_and_cancel);
    unsigned int armed = 0;
    for (unsigned int i = 0; i < SHARED; i++) {
        struct shared *one = &shared[i];
        assert_int_equal(one->armed, one->ran + one->cancelled + one->replaced);
        assert_false(one->timer.is_armed);
        armed += one->armed;
    }
    printf("armed %u times, ran %u times\n", armed, runs);
}

/* ---- memory that is freed ---- */

#define ROUNDS 6000

struct loan {
    struct timer timer;
    unsigned int runs; /* not atomic: its CPUs are ordered by arming and waiting */
};

static unsigned int loans_freed;

static void free_the_loan(struct timer *timer, void *context)
{
    (void)timer;
    add(&loans_freed, 1);
    free(context);
}

static void run_on(struct timer *timer, void *context)
{
    struct loan *loan = context;
    if (++loan->runs % 4 != 0)
        (void)timer_queue_arm(&queues[seed_below(CPUS)], timer, soon());
}

/* Every other timer frees itself; the others go when they have been waited for. */
static void *lend(void *argument)
{
    seed_thread((unsigned int)(uintptr_t)argument);
    for (unsigned int i = 0; i < ROUNDS; i++) {
        struct loan *loan = calloc(1, sizeof(*loan));
        bool frees_itself = i % 2;
        timer_init(&loan->timer, frees_itself ? free_the_loan : run_on, loan);
        (void)timer_queue_arm(&queues[seed_below(CPUS)], &loan->timer, soon());
        if (frees_itself)
            continue;
        for (unsigned int pause = seed_below(4); pause > 0; pause--)
            sched_yield();
        (void)timer_cancel_wait(&loan->timer);
        memset(loan, 0xff, sizeof(*loan));
        free(loan);
    }
    return NULL;
}

static void memory_is_freed_in_the_handler_or_after_waiting_for_it(void **state)
{
    (void)state;
    loans_freed = 0;
    moves_also = 0;
    with_cpus(2, lend);
    assert_int_equal(loans_freed, ROUNDS);
}

/* ---- the first arming ---- */

static struct timer fresh;
static unsigned int fresh_round, fresh_done, fresh_replaced;

static void do_nothing(struct timer *timer, void *context)
{
    (void)timer;
    (void)context;
}

static void *arm_fresh(void *argument)
{
    unsigned int which = (unsigned int)(uintptr_t)argument;
    for (unsigned int round = 1; round <= ROUNDS; round++) {
        while (load(&fresh_round) != round)
            cpu_relax();
        add(&fresh_replaced, timer_queue_arm(&queues[which], &fresh, 1).was_armed);
        __atomic_fetch_add(&fresh_done, 1, __ATOMIC_RELEASE);
    }
    return NULL;
}

static void a_new_timer_armed_by_two_cpus_is_armed_once(void **state)
{
    (void)state;
    init_queues();
    pthread_t threads[2];
    fresh_round = fresh_done = fresh_replaced = 0;
    for (uintptr_t i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, arm_fresh, (void *)i);
    unsigned int ran = 0;
    for (unsigned int round = 1; round <= ROUNDS; round++) {
        timer_init(&fresh, do_nothing, NULL);
        store(&fresh_round, round);
        while (load(&fresh_done) != 2 * round)
            cpu_relax();
        ran += timer_queue_run(&queues[0], 1) + timer_queue_run(&queues[1], 1);
    }
    for (unsigned int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(fresh_replaced, ROUNDS);
    assert_int_equal(ran, ROUNDS);
}

/* ---- waiting ---- */

static unsigned int entered, released;
static unsigned int finished; /* not atomic: the wait orders it */

static void stay(struct timer *timer, void *context)
{
    (void)timer;
    (void)context;
    store(&entered, 1);
    while (!load(&released))
        usleep(100);
    usleep(20000);
    finished = 1;
}

static void *run_once(void *argument)
{
    (void)timer_queue_run(argument, 100);
    return NULL;
}

/* @with_arming: while the handler runs, the timer is armed on another queue. */
static void wait_for_a_handler(bool with_arming)
{
    struct timer timer, next;
    init_queues();
    timer_init(&timer, stay, NULL);
    timer_init(&next, do_nothing, NULL);
    entered = released = finished = 0;
    timer_queue_arm(&queues[0], &timer, 1);
    pthread_t cpu;
    pthread_create(&cpu, NULL, run_once, &queues[0]);
    while (!load(&entered))
        usleep(100);

    struct timer_cancelling got = timer_cancel(&timer);
    assert_true(!got.was_armed && got.is_running);
    if (with_arming) {
        assert_false(timer_queue_arm(&queues[1], &timer, 5).was_armed);
        /* Due on another CPU, while its handler is at work on this one: it is kept for later, and the next
           one runs. */
        assert_false(timer_queue_arm(&queues[1], &next, 6).is_earliest);
        assert_int_equal(timer_queue_run(&queues[1], 10), 1);
        uint64_t next_ns;
        assert_true(timer_queue_next(&queues[1], &next_ns));
        assert_int_equal(next_ns, 5);
    }
    store(&released, 1);
    assert_int_equal(timer_cancel_wait(&timer), with_arming ? 1 : 0);
    assert_int_equal(finished, 1);
    got = timer_cancel(&timer);
    assert_false(got.was_armed || got.is_running);
    pthread_join(cpu, NULL);
}

static void cancel_wait_waits_for_a_handler_on_another_cpu(void **state)
{
    (void)state;
    wait_for_a_handler(false);
}

static void a_handler_never_runs_on_two_cpus_at_once(void **state)
{
    (void)state;
    wait_for_a_handler(true);
}

int main(void)
{
    seed_from_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_arming_runs_once_or_is_cancelled_once),
        cmocka_unit_test(memory_is_freed_in_the_handler_or_after_waiting_for_it),
        cmocka_unit_test(a_new_timer_armed_by_two_cpus_is_armed_once),
        cmocka_unit_test(cancel_wait_waits_for_a_handler_on_another_cpu),
        cmocka_unit_test(a_handler_never_runs_on_two_cpus_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
