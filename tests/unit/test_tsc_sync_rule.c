/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUs with synchronized counters, and with counters that are ahead or behind: as a model with random steps
 * and durations, and with threads, also under the thread sanitizer.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

#include <time/tsc_sync_rule.h>

#include "seed.h"

#define CPUS   (1u << TSC_SYNC_CPU_BITS)
#define ROUNDS 32

static struct tsc_sync sync;
static struct tsc_sync_view views[CPUS];
static uint64_t offset[CPUS]; /* of each CPU's counter from the true time; wraps */

static struct tsc_sync_view *view_of(unsigned int cpu)
{
    return &views[cpu];
}

static int fresh_cpus(void **state)
{
    (void)state;
    memset(offset, 0, sizeof(offset));
    memset(views, 0, sizeof(views));
    return 0;
}

/* ---- the model ---- */

#define STEP_MAX 20 /* ticks between two steps of any CPU */
#define STOP     100000

/* Where a CPU is in its round. */
static struct stage {
    enum { LOOKS, READS, NOTES } next;
    unsigned int rounds;
    int64_t seen;
    uint64_t tick;
} stages[CPUS];

static void step(unsigned int cpu, uint64_t now)
{
    struct stage *at = &stages[cpu];
    switch (at->next) {
    case LOOKS:
        at->seen = tsc_sync_load_highest(&sync);
        at->next = READS;
        break;
    case READS:
        at->tick = now + offset[cpu];
        at->next = NOTES;
        break;
    case NOTES:
        tsc_sync_publish(&sync, &views[cpu], cpu, at->seen, at->tick);
        at->next = LOOKS;
        at->rounds++;
        break;
    }
}

/* CPUs @from .. @end - 1 in a random order; one time in so many all are stopped for long before a step. */
static struct tsc_sync_result compare(unsigned int from, unsigned int end)
{
    unsigned int left = end - from;
    uint64_t now = 5000000000 + seed_below(1000);
    tsc_sync_begin(&sync, now + offset[from], end - from);
    memset(stages, 0, sizeof(stages));
    for (unsigned int cpu = from; cpu < end; cpu++)
        tsc_sync_join(&sync, &views[cpu]);
    while (left > 0) {
        unsigned int cpu = from + seed_below(end - from);
        if (stages[cpu].rounds == ROUNDS)
            continue;
        now += 1 + seed_below(STEP_MAX) + (seed_below(500) == 0 ? STOP : 0);
        step(cpu, now);
        left -= stages[cpu].rounds == ROUNDS;
    }
    return tsc_sync_evaluate(view_of, end);
}

/* Return: how many CPUs are blamed. */
static unsigned int blamed(const struct tsc_sync_result *result, unsigned int end)
{
    unsigned int count = 0;
    for (unsigned int cpu = 0; cpu < end; cpu++)
        count += tsc_sync_error_ticks(result, &views[cpu]) > 0;
    return count;
}

static void synchronized_counters_are_never_reported(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 200; i++) {
        unsigned int cpus = 2 + seed_below(20);
        struct tsc_sync_result result = compare(0, cpus);
        assert_int_equal(result.most, 0);
        assert_int_equal(result.behind_cpus, 0);
        assert_int_equal(blamed(&result, cpus), 0);
    }
}

#define OFF 10000

static void only_the_counter_that_is_ahead_is_reported(void **state)
{
    for (unsigned int i = 0; i < 200; i++) {
        fresh_cpus(state);
        unsigned int cpus = 3 + seed_below(20), odd = seed_below(cpus);
        offset[odd] = OFF;
        struct tsc_sync_result result = compare(0, cpus);
        assert_true(tsc_sync_faulty_are_ahead(&result));
        assert_int_equal(blamed(&result, cpus), 1);
        /* Never more than it is; and little less, for another CPU read it soon after it was published. */
        uint64_t ticks = tsc_sync_error_ticks(&result, &views[odd]);
        assert_in_range(ticks, OFF * 8 / 10, OFF);
        assert_int_equal(ticks, result.most);
        assert_int_equal(views[odd].behind, 0);
        assert_int_equal(views[views[odd].behind_cpu].behind, ticks);
    }
}

static void only_the_counter_that_is_behind_is_reported(void **state)
{
    for (unsigned int i = 0; i < 200; i++) {
        fresh_cpus(state);
        unsigned int cpus = 2 + seed_below(20), odd = seed_below(cpus);
        offset[odd] = -(uint64_t)OFF;
        struct tsc_sync_result result = compare(0, cpus);
        assert_false(tsc_sync_faulty_are_ahead(&result));
        assert_int_equal(blamed(&result, cpus), 1);
        assert_in_range(tsc_sync_error_ticks(&result, &views[odd]), OFF * 8 / 10, OFF);
        assert_int_not_equal(views[odd].ahead_cpu, odd);
    }
}

/* As on two sockets that did not begin to count together. */
static void each_counter_of_the_later_group_is_found_behind_the_first(void **state)
{
    for (unsigned int i = 0; i < 50; i++) {
        fresh_cpus(state);
        unsigned int half = 2 + seed_below(10), cpus = 2 * half;
        for (unsigned int cpu = half; cpu < cpus; cpu++)
            offset[cpu] = OFF;
        struct tsc_sync_result result = compare(0, cpus);
        assert_int_equal(result.behind_cpus, half);
        for (unsigned int cpu = 0; cpu < cpus; cpu++) {
            if (cpu < half) {
                assert_in_range(views[cpu].behind, OFF * 7 / 10, OFF);
                assert_in_range(views[cpu].ahead_cpu, half, cpus - 1);
            } else {
                assert_int_equal(views[cpu].behind, 0);
            }
        }
        assert_in_range(result.most, OFF * 8 / 10, OFF);
        assert_in_range(blamed(&result, cpus), 1, half);
    }
}

static void a_measured_difference_never_exceeds_the_real_one(void **state)
{
    for (unsigned int i = 0; i < 300; i++) {
        fresh_cpus(state);
        unsigned int cpus = 2 + seed_below(12);
        for (unsigned int cpu = 0; cpu < cpus; cpu++)
            offset[cpu] = seed_below(600);
        (void)compare(0, cpus);
        for (unsigned int cpu = 0; cpu < cpus; cpu++)
            if (views[cpu].behind > 0)
                assert_in_range(views[cpu].behind, 1, offset[views[cpu].ahead_cpu] - offset[cpu]);
    }
}

/* Numbers use all their bits, before and after the base. */
static void the_highest_cpu_numbers_are_distinguished(void **state)
{
    for (unsigned int odd = CPUS - 3; odd < CPUS; odd++) {
        fresh_cpus(state);
        offset[odd] = OFF;
        struct tsc_sync_result result = compare(CPUS - 3, CPUS);
        assert_int_equal(blamed(&result, CPUS), 1);
        assert_in_range(tsc_sync_error_ticks(&result, &views[odd]), OFF * 8 / 10, OFF);
        fresh_cpus(state);
        offset[odd] = -(uint64_t)OFF;
        result = compare(CPUS - 3, CPUS);
        assert_int_equal(blamed(&result, CPUS), 1);
        assert_in_range(tsc_sync_error_ticks(&result, &views[odd]), OFF * 8 / 10, OFF);
        assert_in_range(views[odd].ahead_cpu, CPUS - 3, CPUS - 1);
    }
}

/* A counter that restarted when the others had been running for months, and vice versa. */
static void differences_saturate_at_26_days_of_4_ghz(void **state)
{
    static const uint64_t far[] = { 1ULL << 60, -(1ULL << 60), INT64_MAX, (uint64_t)INT64_MIN, 1ULL << 53 };
    for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
        fresh_cpus(state);
        offset[1] = far[i];
        struct tsc_sync_result result = compare(0, 3);
        assert_int_equal(blamed(&result, 3), 1);
        assert_in_range(tsc_sync_error_ticks(&result, &views[1]), (1ULL << 53) - 2000000,
                        (1ULL << 53) + 2000000);
    }
}

static void a_cpu_that_takes_no_part_is_not_reported(void **state)
{
    (void)state;
    offset[0] = OFF;
    struct tsc_sync_result result = compare(1, 5);
    assert_int_equal(result.most, 0);
}

static void a_second_check_starts_afresh(void **state)
{
    (void)state;
    offset[2] = OFF;
    struct tsc_sync_result result = compare(0, 4);
    assert_true(result.most > 0);
    offset[2] = 0;
    result = compare(0, 4);
    assert_int_equal(result.most, 0);
    assert_int_equal(blamed(&result, 4), 0);
}

static void the_highest_reading_stays_published_and_the_largest_difference_is_kept(void **state)
{
    (void)state;
    tsc_sync_begin(&sync, 1000, 3);
    int64_t nothing = tsc_sync_load_highest(&sync);
    tsc_sync_publish(&sync, &views[0], 0, nothing, 1500);
    int64_t highest = tsc_sync_load_highest(&sync);
    tsc_sync_publish(&sync, &views[1], 1, nothing, 1400); /* it read before the first had published */
    assert_int_equal(views[1].behind, 0);
    assert_int_equal(tsc_sync_load_highest(&sync), highest);
    tsc_sync_publish(&sync, &views[2], 2, highest, 1450);
    tsc_sync_publish(&sync, &views[1], 1, highest, 1410);
    tsc_sync_publish(&sync, &views[2], 2, tsc_sync_load_highest(&sync), 1499);
    assert_int_equal(views[2].behind, 50);
    assert_int_equal(views[1].behind, 90);
    assert_int_equal(tsc_sync_load_highest(&sync), highest);
}

static void the_barrier_opens_when_the_last_cpu_arrives(void **state)
{
    (void)state;
    tsc_sync_begin(&sync, 0, 3);
    for (unsigned int cpu = 0; cpu < 3; cpu++) {
        assert_false(tsc_sync_all_joined(&sync));
        tsc_sync_join(&sync, &views[cpu]);
    }
    assert_true(tsc_sync_all_joined(&sync));
}

/* ---- threads ---- */

#define THREADS       4
#define THREAD_ROUNDS 5000

static uint64_t true_time;                  /* atomic: each read is different */
static unsigned int has_published[THREADS]; /* plain: a CPU that reads a published value sees this */

static unsigned int unpublished; /* atomic */

static __thread uint64_t my_offset;

/* Others go on before it is used. */
static uint64_t read_true_time(void)
{
    uint64_t tick = __atomic_fetch_add(&true_time, 1, __ATOMIC_RELAXED) + my_offset;
    sched_yield();
    return tick;
}

static void *be_a_cpu(void *argument)
{
    unsigned int cpu = (unsigned int)(uintptr_t)argument;
    tsc_sync_join(&sync, &views[cpu]);
    while (!tsc_sync_all_joined(&sync))
        sched_yield();
    has_published[cpu] = 1;
    my_offset = offset[cpu];
    for (unsigned int i = 0; i < THREAD_ROUNDS; i++) {
        int64_t seen = tsc_sync_load_highest(&sync);
        if (seen != INT64_MIN && !has_published[seen & (CPUS - 1)])
            __atomic_fetch_add(&unpublished, 1, __ATOMIC_RELAXED);
        if (i % 64 == 0)
            tsc_sync_round(&sync, &views[cpu], cpu, read_true_time);
        else
            tsc_sync_publish(&sync, &views[cpu], cpu, seen,
                             __atomic_fetch_add(&true_time, 1, __ATOMIC_RELAXED) + my_offset);
    }
    return NULL;
}

static struct tsc_sync_result compare_threads(void)
{
    pthread_t threads[THREADS];
    memset(has_published, 0, sizeof(has_published));
    true_time = 1000000;
    tsc_sync_begin(&sync, true_time, THREADS);
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, be_a_cpu, (void *)i);
    for (unsigned int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return tsc_sync_evaluate(view_of, THREADS);
}

static void threads_with_one_clock_are_synchronized(void **state)
{
    for (unsigned int i = 0; i < 20; i++) {
        fresh_cpus(state);
        struct tsc_sync_result result = compare_threads();
        assert_int_equal(result.most, 0);
        assert_int_equal(unpublished, 0);
    }
}

/* Ahead by more than all of them count together, so that each detects it. */
static void a_thread_that_is_ahead_is_found(void **state)
{
    (void)state;
    offset[2] = THREADS * THREAD_ROUNDS;
    struct tsc_sync_result result = compare_threads();
    assert_int_equal(result.ahead_cpus, 1);
    assert_int_equal(views[2].behind, 0);
    assert_in_range(views[2].ahead, 1, THREADS * THREAD_ROUNDS);
}

int main(void)
{
    seed_from_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(synchronized_counters_are_never_reported, fresh_cpus),
        cmocka_unit_test(only_the_counter_that_is_ahead_is_reported),
        cmocka_unit_test(only_the_counter_that_is_behind_is_reported),
        cmocka_unit_test(each_counter_of_the_later_group_is_found_behind_the_first),
        cmocka_unit_test(a_measured_difference_never_exceeds_the_real_one),
        cmocka_unit_test(the_highest_cpu_numbers_are_distinguished),
        cmocka_unit_test(differences_saturate_at_26_days_of_4_ghz),
        cmocka_unit_test_setup(a_cpu_that_takes_no_part_is_not_reported, fresh_cpus),
        cmocka_unit_test_setup(a_second_check_starts_afresh, fresh_cpus),
        cmocka_unit_test_setup(the_highest_reading_stays_published_and_the_largest_difference_is_kept,
                               fresh_cpus),
        cmocka_unit_test_setup(the_barrier_opens_when_the_last_cpu_arrives, fresh_cpus),
        cmocka_unit_test(threads_with_one_clock_are_synchronized),
        cmocka_unit_test_setup(a_thread_that_is_ahead_is_found, fresh_cpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
