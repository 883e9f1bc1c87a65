/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The wait for a spinlock, with threads as CPUs. Where order matters, a test detects a waiter by the lock's
 * tail, and stops a thread in the middle of its wait in the function that it polls. Once under the address
 * sanitizer and once under the thread sanitizer, for which the counters that locks guard are not atomic.
 * test_spinlock_owner.c has the owner, the interrupt flag and misuse.
 */
#include <lib/machine_ops.h>

#include "spinlock_threads.h"

#define THREADS 4

/* ---- one at a time, in order ---- */

/* Fair or not, and polling or not, as the machine is. */
static struct spinlock lock = SPINLOCK("lock", LOCK_TEST, LOCK_POLICY_MM);
static unsigned int counter; /* guarded by lock */

#define ROUNDS 5000

/* Yields, so that others wait: sometimes with the lock, sometimes without, so that queues form and empty. */
static void *count(void *unused)
{
    for (unsigned int i = 0; i < ROUNDS; i++) {
        spin_lock(&lock);
        counter++;
        if (i % 3 == 0)
            cpu_relax();
        spin_unlock(&lock);
        if (i % 5 == 0)
            cpu_relax();
    }
    return unused;
}

static void one_cpu_holds_a_lock_at_a_time(void **state)
{
    pthread_t threads[THREADS];
    (void)state;
    counter = 0;
    for (unsigned int i = 0; i < THREADS; i++)
        threads[i] = start(count, NULL);
    for (unsigned int i = 0; i < THREADS; i++)
        wait_for_end(threads[i]);
    assert_int_equal(counter, THREADS * ROUNDS);
    assert_int_equal(lock.word, 0);
}

#define WAITERS 16

static uintptr_t served[WAITERS]; /* guarded by lock, as the next one */
static unsigned int served_count;

static void *note_turn(void *who)
{
    spin_lock(&lock);
    served[served_count++] = (uintptr_t)who;
    spin_unlock(&lock);
    return NULL;
}

static void waiters_get_the_lock_in_the_order_of_arrival(void **state)
{
    pthread_t threads[WAITERS];
    (void)state;
    served_count = 0;
    spin_lock(&lock);
    for (uintptr_t i = 0; i < WAITERS; i++)
        threads[i] = start_waiter(&lock, note_turn, (void *)i);
    spin_unlock(&lock);
    for (unsigned int i = 0; i < WAITERS; i++)
        wait_for_end(threads[i]);
    assert_int_equal(served_count, WAITERS);
    for (unsigned int i = 0; i < WAITERS; i++)
        assert_int_equal(served[i], i);
    assert_int_equal(lock.word, 0);
}

#define MEETINGS 200

static uint32_t meeting, present, gone; /* atomic */

static void *meet(void *unused)
{
    for (uint32_t i = 1; i <= MEETINGS; i++) {
        while (load(&meeting) < i)
            cpu_relax();
        __atomic_fetch_add(&present, 1, __ATOMIC_RELAXED);
        spin_lock(&lock);
        counter++;
        spin_unlock(&lock);
        __atomic_fetch_add(&gone, 1, __ATOMIC_RELEASE);
    }
    return unused;
}

static void any_number_of_cpus_may_contend(void **state)
{
    pthread_t threads[THREADS];
    (void)state;
    counter = 0;
    meeting = present = gone = 0;
    for (unsigned int i = 0; i < THREADS; i++)
        threads[i] = start(meet, NULL);
    for (uint32_t i = 1; i <= MEETINGS; i++) {
        spin_lock(&lock);
        store(&meeting, i);
        while (load(&present) < i * THREADS)
            cpu_relax();
        spin_unlock(&lock);
        while (load(&gone) < i * THREADS)
            cpu_relax();
    }
    for (unsigned int i = 0; i < THREADS; i++)
        wait_for_end(threads[i]);
    assert_int_equal(counter, THREADS * MEETINGS);
    assert_int_equal(lock.word, 0);
}

static uint32_t is_polling, may_go_on;

static void poll_for_long(void)
{
    store(&is_polling, true);
    while (!load(&may_go_on))
        cpu_relax();
}

/* The lock is free, and the one that may have it is busy: the moment to get past the queue. */
static void a_free_lock_with_waiters_is_not_taken_by_others(void **state)
{
    (void)state;
    served_count = 0;
    is_polling = may_go_on = false;
    spin_lock(&lock);
    machine_ops.poll_calls = poll_for_long;
    machine_ops.is_guest = false;
    pthread_t first = start_waiter(&lock, note_turn, (void *)1);
    while (!load(&is_polling))
        cpu_relax();
    spin_unlock(&lock);
    assert_int_equal(spin_owner(&lock), SPIN_NO_OWNER);
    assert_false(spin_trylock(&lock));
    pthread_t second = start_waiter(&lock, note_turn, (void *)2);
    assert_int_equal(spin_owner(&lock), SPIN_NO_OWNER);
    store(&may_go_on, true);
    wait_for_end(first);
    wait_for_end(second);
    assert_int_equal(served_count, 2);
    assert_int_equal(served[0], 1);
    assert_int_equal(served[1], 2);
    assert_int_equal(lock.word, 0);
    machine_ops.poll_calls = NULL;
    machine_ops.is_guest = false;
}

/* ---- waiting in the middle of waiting ---- */

#define DEPTH 7 /* more than a CPU has nodes */

static struct spinlock nested[DEPTH]; /* as lock */
static uint32_t depth_reached;        /* atomic */
static unsigned int taken[DEPTH], taken_count;
static __thread unsigned int depth;

static void go_deeper(void);

static void take_nested(void)
{
    unsigned int mine = depth++;
    store(&depth_reached, depth);
    spin_lock(&nested[mine]);
    taken[taken_count++] = mine;
    spin_unlock(&nested[mine]);
}

static void go_deeper(void)
{
    if (depth < DEPTH)
        take_nested();
}

static void *start_nesting(void *unused)
{
    depth = 0;
    take_nested();
    return unused;
}

static void waits_nest_to_any_depth(void **state)
{
    (void)state;
    depth_reached = 0;
    taken_count = 0;
    machine_ops.poll_calls = go_deeper;
    machine_ops.is_guest = false;
    for (unsigned int i = 0; i < DEPTH; i++) {
        spin_init(&nested[i], lock.kind);
        spin_lock(&nested[i]);
    }
    pthread_t thread = start(start_nesting, NULL);
    while (load(&depth_reached) < DEPTH)
        cpu_relax();
    for (unsigned int i = DEPTH; i-- > 0;)
        spin_unlock(&nested[i]);
    wait_for_end(thread);
    machine_ops.poll_calls = NULL;
    machine_ops.is_guest = false;
    assert_int_equal(taken_count, DEPTH);
    for (unsigned int i = 0; i < DEPTH; i++) {
        assert_int_equal(taken[i], DEPTH - 1 - i);
        assert_int_equal(nested[i].word, 0);
    }
}

static struct spinlock inner = SPINLOCK("inner", LOCK_BUDDY);
static unsigned int inner_counter; /* guarded by inner */

static void use_inner(void)
{
    spin_lock(&inner);
    inner_counter++;
    if (inner_counter % 4 == 0)
        cpu_relax();
    spin_unlock(&inner);
}

static void *count_polling(void *unused)
{
    for (unsigned int i = 0; i < ROUNDS / 4; i++) {
        spin_lock(&lock);
        counter++;
        cpu_relax();
        use_inner();
        spin_unlock(&lock);
    }
    return unused;
}

static void count_all_polling(bool is_guest)
{
    pthread_t threads[THREADS];
    machine_ops.poll_calls = use_inner;
    machine_ops.is_guest = is_guest;
    counter = 0;
    inner_counter = 0;
    for (unsigned int i = 0; i < THREADS; i++)
        threads[i] = start(count_polling, NULL);
    for (unsigned int i = 0; i < THREADS; i++)
        wait_for_end(threads[i]);
    assert_int_equal(counter, THREADS * (ROUNDS / 4));
    assert_true(inner_counter >= counter);
    assert_int_equal(lock.word, 0);
    assert_int_equal(inner.word, 0);
    machine_ops.poll_calls = NULL;
    machine_ops.is_guest = false;
}

static void exclusion_holds_where_waits_nest(void **state)
{
    (void)state;
    count_all_polling(false);
}

static void exclusion_holds_without_a_queue(void **state)
{
    (void)state;
    count_all_polling(true);
}

/* Its wait does not show in the tail: it has polled, so it waits. */
static void an_unfair_lock_in_a_guest_may_bypass_a_waiter(void **state)
{
    (void)state;
    served_count = 0;
    is_polling = may_go_on = false;
    machine_ops.poll_calls = poll_for_long;
    machine_ops.is_guest = true;
    spin_lock(&lock);
    pthread_t thread = start(note_turn, NULL);
    while (!load(&is_polling))
        cpu_relax();
    assert_int_equal(lock.tail, 0);
    spin_unlock(&lock);
    assert_true(spin_trylock(&lock));
    store(&may_go_on, true);
    spin_unlock(&lock);
    wait_for_end(thread);
    assert_int_equal(served_count, 1);
    machine_ops.poll_calls = NULL;
    machine_ops.is_guest = false;
}

/* The policy is the lock's: the same machine, another lock. */
static void a_fair_lock_is_fair_in_a_guest_and_does_not_poll(void **state)
{
    (void)state;
    const struct lock_kind *kind = lock.kind;
    is_polling = may_go_on = false;
    served_count = 0;
    machine_ops.poll_calls = poll_for_long;
    machine_ops.is_guest = true;
    SPIN_INIT(&lock, "fair", LOCK_TEST);
    spin_lock(&lock);
    pthread_t thread = start_waiter(&lock, note_turn, NULL);
    spin_unlock(&lock);
    wait_for_end(thread);
    assert_int_equal(served_count, 1);
    assert_false(load(&is_polling));
    spin_init(&lock, kind);
    machine_ops.poll_calls = NULL;
    machine_ops.is_guest = false;
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_cpu_holds_a_lock_at_a_time),
        TEST(waiters_get_the_lock_in_the_order_of_arrival),
        TEST(any_number_of_cpus_may_contend),
        TEST(a_free_lock_with_waiters_is_not_taken_by_others),
        TEST(waits_nest_to_any_depth),
        TEST(exclusion_holds_where_waits_nest),
        TEST(exclusion_holds_without_a_queue),
        TEST(an_unfair_lock_in_a_guest_may_bypass_a_waiter),
        TEST(a_fair_lock_is_fair_in_a_guest_and_does_not_poll),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
