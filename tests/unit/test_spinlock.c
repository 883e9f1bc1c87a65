/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The queued lock with threads that are CPUs. Where the order of things matters, a test sees who waits by the
 * lock's tail, and stops a thread in the middle of its wait by what it serves there. Once under the address
 * sanitizer and once under the thread sanitizer, for which the counters that locks guard are not atomic.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <pthread.h>

#include <ashlar/sync/backoff.h>
#include <ashlar/sync/spinlock.h>
#include <sync/lock_report.h>

#define THREADS 4

static uint32_t load(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* ---- what the lock says ---- */

static enum { NOTHING, HOLDS_IT, WAITS_FOR_IT, NOT_MINE } complaint;
static jmp_buf complained; /* where a complaint, which must not return, leads */
static __thread bool is_expected;

static NORETURN void complain(int what)
{
    if (!is_expected)
        abort();
    complaint = what;
    longjmp(complained, 1);
}

void lock_panic_mine(const struct spinlock *lock, bool is_held, const void *caller)
{
    (void)lock;
    (void)caller;
    complain(is_held ? HOLDS_IT : WAITS_FOR_IT);
}

void spin_panic_not_mine(const struct spinlock *lock)
{
    (void)lock;
    complain(NOT_MINE);
}

static const struct spinlock *watched;
static uint32_t looks_of_first, looks_of_others;

void lock_watch(struct lock_wait *wait)
{
    if (wait->lock == watched)
        __atomic_fetch_add(wait->is_first ? &looks_of_first : &looks_of_others, 1, __ATOMIC_RELAXED);
}

/* ---- threads ---- */

static pthread_t start(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run, argument), 0);
    return thread;
}

static void wait_for_end(pthread_t thread)
{
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* Starts a thread that will wait for @lock, and returns when it does. */
static pthread_t start_waiter(struct spinlock *lock, void *(*run)(void *), void *argument)
{
    uint32_t tail = load(&lock->tail);
    pthread_t thread = start(run, argument);
    while (load(&lock->tail) == tail)
        cpu_relax();
    return thread;
}

/* As a lock of mm's is taken. */
static bool is_in_turn = true;

static irq_flags_t lock_serving(struct spinlock *wanted, void (*serve)(void), const void *caller)
{
    irq_flags_t state = local_irq_save();
    if (!spin_take_free(wanted))
        spin_wait_serving(wanted, is_in_turn, serve, caller);
    return state;
}

/* ---- one at a time, in order ---- */

static struct spinlock lock;
static unsigned counter; /* guarded by lock */

#define ROUNDS 5000

/* Gives way, so that the others come to wait: sometimes with the lock, sometimes without, so that queues
   begin and end. */
static void *count(void *unused)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        irq_flags_t state = spin_lock(&lock);
        counter++;
        if (i % 3 == 0)
            cpu_relax();
        spin_unlock(&lock, state);
        if (i % 5 == 0)
            cpu_relax();
    }
    return unused;
}

static void one_holds_it_at_a_time(void **state)
{
    pthread_t threads[THREADS];
    (void)state;
    counter = 0;
    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = start(count, NULL);
    for (unsigned i = 0; i < THREADS; i++)
        wait_for_end(threads[i]);
    assert_int_equal(counter, THREADS * ROUNDS);
    assert_int_equal(lock.word, 0);
}

#define WAITERS 16

static uintptr_t served[WAITERS]; /* guarded by lock, as the next one */
static unsigned served_count;

static void *note_turn(void *who)
{
    irq_flags_t state = spin_lock(&lock);
    served[served_count++] = (uintptr_t)who;
    spin_unlock(&lock, state);
    return NULL;
}

static void who_comes_first_is_served_first(void **state)
{
    pthread_t threads[WAITERS];
    (void)state;
    served_count = 0;
    irq_flags_t held = spin_lock(&lock);
    for (uintptr_t i = 0; i < WAITERS; i++)
        threads[i] = start_waiter(&lock, note_turn, (void *)i);
    spin_unlock(&lock, held);
    for (unsigned i = 0; i < WAITERS; i++)
        wait_for_end(threads[i]);
    assert_int_equal(served_count, WAITERS);
    for (unsigned i = 0; i < WAITERS; i++)
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
        irq_flags_t state = spin_lock(&lock);
        counter++;
        spin_unlock(&lock, state);
        __atomic_fetch_add(&gone, 1, __ATOMIC_RELEASE);
    }
    return unused;
}

static void any_number_may_come_at_once(void **state)
{
    pthread_t threads[THREADS];
    (void)state;
    counter = 0;
    meeting = present = gone = 0;
    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = start(meet, NULL);
    for (uint32_t i = 1; i <= MEETINGS; i++) {
        irq_flags_t held = spin_lock(&lock);
        store(&meeting, i);
        while (load(&present) < i * THREADS)
            cpu_relax();
        spin_unlock(&lock, held);
        while (load(&gone) < i * THREADS)
            cpu_relax();
    }
    for (unsigned i = 0; i < THREADS; i++)
        wait_for_end(threads[i]);
    assert_int_equal(counter, THREADS * MEETINGS);
    assert_int_equal(lock.word, 0);
}

static uint32_t is_serving, may_go_on;

static void serve_for_long(void)
{
    store(&is_serving, true);
    while (!load(&may_go_on))
        cpu_relax();
}

static void *note_turn_serving(void *who)
{
    irq_flags_t state = lock_serving(&lock, serve_for_long, NULL);
    served[served_count++] = (uintptr_t)who;
    spin_unlock(&lock, state);
    return NULL;
}

/* The lock is free, and the one that may have it is busy: the moment for somebody to push in. */
static void nobody_gets_past_those_who_wait(void **state)
{
    (void)state;
    irq_flags_t mine;
    served_count = 0;
    is_serving = may_go_on = false;
    irq_flags_t held = spin_lock(&lock);
    pthread_t first = start_waiter(&lock, note_turn_serving, (void *)1);
    while (!load(&is_serving))
        cpu_relax();
    spin_unlock(&lock, held);
    assert_int_equal(spin_owner(&lock), SPIN_NOBODY);
    assert_false(spin_try_lock(&lock, &mine));
    pthread_t second = start_waiter(&lock, note_turn, (void *)2);
    assert_int_equal(spin_owner(&lock), SPIN_NOBODY);
    store(&may_go_on, true);
    wait_for_end(first);
    wait_for_end(second);
    assert_int_equal(served_count, 2);
    assert_int_equal(served[0], 1);
    assert_int_equal(served[1], 2);
    assert_int_equal(lock.word, 0);
}

/* ---- waiting in the middle of waiting ---- */

#define DEPTH 7 /* more than a CPU has nodes */

static struct spinlock nested[DEPTH];
static uint32_t depth_reached; /* atomic */
static unsigned taken[DEPTH], taken_count;
static __thread unsigned depth;

static void go_deeper(void);

static void take_nested(void)
{
    unsigned mine = depth++;
    store(&depth_reached, depth);
    irq_flags_t state = lock_serving(&nested[mine], go_deeper, NULL);
    taken[taken_count++] = mine;
    spin_unlock(&nested[mine], state);
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
    irq_flags_t held[DEPTH];
    (void)state;
    depth_reached = 0;
    taken_count = 0;
    for (unsigned i = 0; i < DEPTH; i++)
        held[i] = spin_lock(&nested[i]);
    pthread_t thread = start(start_nesting, NULL);
    while (load(&depth_reached) < DEPTH)
        cpu_relax();
    for (unsigned i = 0; i < DEPTH; i++)
        spin_unlock(&nested[i], held[i]);
    wait_for_end(thread);
    assert_int_equal(taken_count, DEPTH);
    for (unsigned i = 0; i < DEPTH; i++) {
        assert_int_equal(taken[i], DEPTH - 1 - i);
        assert_int_equal(nested[i].word, 0);
    }
}

static struct spinlock inner;
static unsigned inner_counter; /* guarded by inner */

static void use_inner(void)
{
    irq_flags_t state = spin_lock(&inner);
    inner_counter++;
    if (inner_counter % 4 == 0)
        cpu_relax();
    spin_unlock(&inner, state);
}

static void *count_serving(void *unused)
{
    for (unsigned i = 0; i < ROUNDS / 4; i++) {
        irq_flags_t state = lock_serving(&lock, use_inner, NULL);
        counter++;
        cpu_relax();
        use_inner();
        spin_unlock(&lock, state);
    }
    return unused;
}

static void count_all_serving(void)
{
    pthread_t threads[THREADS];
    counter = 0;
    inner_counter = 0;
    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = start(count_serving, NULL);
    for (unsigned i = 0; i < THREADS; i++)
        wait_for_end(threads[i]);
    assert_int_equal(counter, THREADS * (ROUNDS / 4));
    assert_true(inner_counter >= counter);
    assert_int_equal(lock.word, 0);
    assert_int_equal(inner.word, 0);
}

static void one_holds_it_at_a_time_also_where_waits_nest(void **state)
{
    (void)state;
    count_all_serving();
}

static void one_holds_it_at_a_time_also_out_of_turn(void **state)
{
    (void)state;
    is_in_turn = false;
    count_all_serving();
    is_in_turn = true;
}

/* Its wait is not seen by the tail: it has served, so it waits. */
static void who_waits_out_of_turn_may_be_overtaken(void **state)
{
    irq_flags_t mine;
    (void)state;
    served_count = 0;
    is_serving = may_go_on = false;
    irq_flags_t held = spin_lock(&lock);
    is_in_turn = false;
    pthread_t thread = start(note_turn_serving, NULL);
    while (!load(&is_serving))
        cpu_relax();
    is_in_turn = true;
    assert_int_equal(lock.tail, 0);
    spin_unlock(&lock, held);
    assert_true(spin_try_lock(&lock, &mine));
    store(&may_go_on, true);
    spin_unlock(&lock, mine);
    wait_for_end(thread);
    assert_int_equal(served_count, 1);
}

/* ---- the owner ---- */

static void *look_at_owner(void *owner)
{
    assert_false(spin_is_mine(&lock));
    *(uint32_t *)owner = spin_owner(&lock);
    return NULL;
}

static void a_lock_knows_its_owner(void **state)
{
    uint32_t seen = 0;
    (void)state;
    assert_int_equal(spin_owner(&lock), SPIN_NOBODY);
    assert_false(spin_is_mine(&lock));
    irq_flags_t held = spin_lock(&lock);
    assert_true(spin_is_mine(&lock));
    wait_for_end(start(look_at_owner, &seen));
    assert_int_equal(seen, spin_me() - 1);
    spin_unlock(&lock, held);
    assert_int_equal(spin_owner(&lock), SPIN_NOBODY);
}

static void the_owner_is_known_also_after_a_hand_over(void **state)
{
    (void)state;
    is_serving = may_go_on = false;
    irq_flags_t held = spin_lock(&lock);
    uint32_t before = spin_owner(&lock);
    pthread_t first = start_waiter(&lock, note_turn_serving, NULL);
    pthread_t second = start_waiter(&lock, note_turn_serving, NULL);
    served_count = 0;
    spin_unlock(&lock, held);
    store(&may_go_on, true);
    wait_for_end(first);
    wait_for_end(second);
    /* Both have passed CHECK_HELD() of spin_unlock(). */
    assert_int_equal(served_count, 2);
    held = spin_lock(&lock);
    assert_int_equal(spin_owner(&lock), before);
    spin_unlock(&lock, held);
}

static void a_lock_is_tried_without_waiting(void **state)
{
    irq_flags_t held, again;
    (void)state;
    assert_true(spin_try_lock(&lock, &held));
    assert_true(spin_is_mine(&lock));
    assert_false(spin_try_lock(&lock, &again));
    spin_unlock(&lock, held);
    assert_true(spin_try_lock(&lock, &held));
    spin_unlock(&lock, held);
    assert_int_equal(lock.word, 0);
}

/* ---- mistakes ---- */

static void a_cpu_that_takes_its_own_lock_is_stopped(void **state)
{
    (void)state;
    static struct spinlock own;
    complaint = NOTHING;
    is_expected = true;
    irq_flags_t held = spin_lock(&own);
    if (setjmp(complained) == 0)
        spin_lock(&own);
    assert_int_equal(complaint, HOLDS_IT);
    is_expected = false;
    spin_unlock(&own, held);
    assert_int_equal(own.word, 0);
}

static struct spinlock waited;

static void take_waited(void)
{
    spin_lock(&waited);
}

static void *wait_twice(void *unused)
{
    is_expected = true;
    if (setjmp(complained) == 0)
        lock_serving(&waited, take_waited, NULL);
    return unused;
}

/* Its thread is then still in the queue: this lock is of no more use. */
static void a_cpu_that_waits_twice_for_a_lock_is_stopped(void **state)
{
    (void)state;
    complaint = NOTHING;
    spin_lock(&waited);
    wait_for_end(start(wait_twice, NULL));
    assert_int_equal(complaint, WAITS_FOR_IT);
}

static void *give_back(void *unused)
{
    is_expected = true;
    if (setjmp(complained) == 0)
        spin_unlock(&lock, (irq_flags_t){ 0 });
    return unused;
}

static void only_its_owner_gives_a_lock_back(void **state)
{
    (void)state;
    complaint = NOTHING;
    irq_flags_t held = spin_lock(&lock);
    wait_for_end(start(give_back, NULL));
    assert_int_equal(complaint, NOT_MINE);
    assert_true(spin_is_mine(&lock));
    spin_unlock(&lock, held);
    complaint = NOTHING;
    wait_for_end(start(give_back, NULL));
    assert_int_equal(complaint, NOT_MINE);
}

static void long_waits_are_watched(void **state)
{
    (void)state;
    served_count = 0;
    looks_of_first = looks_of_others = 0;
    irq_flags_t held = spin_lock(&lock);
    watched = &lock;
    pthread_t first = start_waiter(&lock, note_turn, (void *)1);
    while (load(&looks_of_first) < 3)
        cpu_relax();
    assert_int_equal(load(&looks_of_others), 0);
    pthread_t second = start_waiter(&lock, note_turn, (void *)2);
    while (load(&looks_of_others) < 3)
        cpu_relax();
    spin_unlock(&lock, held);
    wait_for_end(first);
    wait_for_end(second);
    watched = NULL;
    assert_int_equal(served_count, 2);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_holds_it_at_a_time),
        TEST(who_comes_first_is_served_first),
        TEST(any_number_may_come_at_once),
        TEST(nobody_gets_past_those_who_wait),
        TEST(waits_nest_to_any_depth),
        TEST(one_holds_it_at_a_time_also_where_waits_nest),
        TEST(one_holds_it_at_a_time_also_out_of_turn),
        TEST(who_waits_out_of_turn_may_be_overtaken),
        TEST(a_lock_knows_its_owner),
        TEST(the_owner_is_known_also_after_a_hand_over),
        TEST(a_lock_is_tried_without_waiting),
        TEST(a_cpu_that_takes_its_own_lock_is_stopped),
        TEST(a_cpu_that_waits_twice_for_a_lock_is_stopped),
        TEST(only_its_owner_gives_a_lock_back),
        TEST(long_waits_are_watched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
