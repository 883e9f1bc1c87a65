/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The owner of a spinlock and its interrupt flag; reports of misuse; and how long a wait lasts until it is
 * reported, or given up.
 */
#include "spinlock_threads.h"

#include <lib/machine_ops.h>
#include <sync/lock_report.h>

static struct spinlock lock = SPINLOCK("lock", LOCK_TEST);

/* ---- complaints ---- */

static enum { NOTHING, HOLDS_IT, WAITS_FOR_IT, NOT_MINE } complaint;
static jmp_buf complained; /* where a complaint, which must not return, leads */
static __thread bool is_expected;

/* As in a release build, without the check of the order, which comes first in a checked one. */
static void take_contended(struct spinlock *taken)
{
    spin_wait_for(taken, spin_owner_word(local_irq_save()), NULL);
}

static NORETURN void complain(int what)
{
    if (!is_expected)
        abort();
    complaint = what;
    longjmp(complained, 1);
}

void lock_panic_recursive(const struct spinlock *of, bool is_held, const void *caller)
{
    (void)of;
    (void)caller;
    complain(is_held ? HOLDS_IT : WAITS_FOR_IT);
}

void lock_panic_not_held(const struct spinlock *of)
{
    (void)of;
    complain(NOT_MINE);
}

static const struct spinlock *watched;
static uint32_t looks_of_first, looks_of_others;

void lock_watch(struct lock_wait *wait)
{
    if (wait->lock == watched)
        __atomic_fetch_add(wait->is_first ? &looks_of_first : &looks_of_others, 1, __ATOMIC_RELAXED);
}

/* ---- the owner ---- */

static void *look_at_owner(void *owner)
{
    assert_false(spin_is_mine(&lock));
    *(uint32_t *)owner = spin_owner(&lock);
    return NULL;
}

static void a_lock_records_its_owner(void **state)
{
    uint32_t seen = 0;
    (void)state;
    assert_int_equal(spin_owner(&lock), SPIN_NO_OWNER);
    assert_false(spin_is_mine(&lock));
    spin_lock(&lock);
    assert_true(spin_is_mine(&lock));
    wait_for_end(start(look_at_owner, &seen));
    assert_int_equal(seen, spin_me() >> SPIN_CPU_SHIFT);
    spin_unlock(&lock);
    assert_int_equal(spin_owner(&lock), SPIN_NO_OWNER);
}

static void *take_once(void *unused)
{
    spin_lock(&lock);
    spin_unlock(&lock); /* which has a CHECK_HELD() */
    return unused;
}

static void the_owner_is_known_after_a_hand_over(void **state)
{
    (void)state;
    spin_lock(&lock);
    uint32_t before = spin_owner(&lock);
    pthread_t first = start_waiter(&lock, take_once, NULL);
    pthread_t second = start_waiter(&lock, take_once, NULL);
    spin_unlock(&lock);
    wait_for_end(first);
    wait_for_end(second);
    spin_lock(&lock);
    assert_int_equal(spin_owner(&lock), before);
    spin_unlock(&lock);
}

/* ---- the interrupt flag ---- */

/* In a queue the owner's word is set on another path. */
static void *expect_masked_while_waited_and_held(void *unused)
{
    assert_true(local_irq_is_enabled());
    spin_lock(&lock);
    assert_false(local_irq_is_enabled());
    spin_unlock(&lock);
    assert_true(local_irq_is_enabled());
    return unused;
}

static void a_lock_saves_the_interrupt_flag_of_its_owner(void **state)
{
    (void)state;
    for (int is_masked = 0; is_masked < 2; is_masked++) {
        hosted_irqs_disabled = is_masked;
        spin_lock(&lock);
        assert_false(local_irq_is_enabled());
        spin_unlock(&lock);
        assert_int_equal(local_irq_is_enabled(), !is_masked);
        assert_true(spin_trylock(&lock));
        assert_false(local_irq_is_enabled());
        assert_false(spin_trylock(&lock));
        assert_false(local_irq_is_enabled());
        spin_unlock(&lock);
        assert_int_equal(local_irq_is_enabled(), !is_masked);
    }
    hosted_irqs_disabled = false;
    spin_lock(&lock);
    pthread_t thread = start_waiter(&lock, expect_masked_while_waited_and_held, NULL);
    spin_unlock(&lock);
    wait_for_end(thread);
}

static void trylock_does_not_wait(void **state)
{
    (void)state;
    assert_true(spin_trylock(&lock));
    assert_true(spin_is_mine(&lock));
    assert_false(spin_trylock(&lock));
    spin_unlock(&lock);
    assert_true(spin_trylock(&lock));
    spin_unlock(&lock);
    assert_int_equal(lock.word, 0);
}

static struct spinlock own = SPINLOCK("own", LOCK_TEST);

static void a_recursive_acquisition_panics(void **state)
{
    (void)state;
    complaint = NOTHING;
    is_expected = true;
    spin_lock(&own);
    if (setjmp(complained) == 0)
        take_contended(&own);
    assert_int_equal(complaint, HOLDS_IT);
    is_expected = false;
    spin_unlock(&own);
    assert_int_equal(own.word, 0);
}

static struct spinlock fair = SPINLOCK("fair", LOCK_TEST, .polls_calls = true);
static struct spinlock unfair = SPINLOCK("unfair", LOCK_TEST, LOCK_POLICY_MM);
static struct spinlock *waited; /* one of them */

static void take_waited(void)
{
    take_contended(waited);
}

static void *wait_twice(void *unused)
{
    is_expected = true;
    if (setjmp(complained) == 0)
        take_contended(waited);
    return unused;
}

/* Its thread is then still waiting: these locks are of no more use. */
static void check_waiting_twice(struct spinlock *which, bool is_guest)
{
    waited = which;
    complaint = NOTHING;
    machine_ops.poll_calls = take_waited;
    machine_ops.is_guest = is_guest;
    spin_lock(waited);
    wait_for_end(start(wait_twice, NULL));
    assert_int_equal(complaint, WAITS_FOR_IT);
    lock_order_release(waited, waited->kind);
    hosted_irqs_disabled = false;
    machine_ops.poll_calls = NULL;
    machine_ops.is_guest = false;
}

static void waiting_twice_for_one_lock_panics(void **state)
{
    (void)state;
    check_waiting_twice(&fair, false);
}

/* As in most virtual machines: the wait takes no place in a queue. */
static void waiting_twice_for_one_lock_panics_also_when_it_is_unfair(void **state)
{
    (void)state;
    check_waiting_twice(&unfair, true);
}

static void *give_back(void *unused)
{
    is_expected = true;
    if (setjmp(complained) == 0)
        spin_unlock(&lock);
    return unused;
}

static void only_its_owner_releases_a_lock(void **state)
{
    (void)state;
    complaint = NOTHING;
    spin_lock(&lock);
    wait_for_end(start(give_back, NULL));
    assert_int_equal(complaint, NOT_MINE);
    assert_true(spin_is_mine(&lock));
    spin_unlock(&lock);
    complaint = NOTHING;
    wait_for_end(start(give_back, NULL));
    assert_int_equal(complaint, NOT_MINE);
}

static void long_waits_are_reported(void **state)
{
    (void)state;
    looks_of_first = looks_of_others = 0;
    spin_lock(&lock);
    watched = &lock;
    pthread_t first = start_waiter(&lock, take_once, NULL);
    while (load(&looks_of_first) < 3)
        cpu_relax();
    assert_int_equal(load(&looks_of_others), 0);
    pthread_t second = start_waiter(&lock, take_once, NULL);
    while (load(&looks_of_others) < 3)
        cpu_relax();
    spin_unlock(&lock);
    wait_for_end(first);
    wait_for_end(second);
    watched = NULL;
}

/* ---- locks that are given up ---- */

static struct lock_bound bound = { .timeout_ticks = 1000 };
static struct spinlock bounded = SPINLOCK("bounded", LOCK_TEST, .bound = &bound);
static uint64_t ticks, ticks_a_look; /* the clock, and its advance at each reading */
static unsigned int looks, progress_until;

static uint64_t read_ticks(void)
{
    if (++looks < progress_until)
        bound.progress++;
    return ticks += ticks_a_look;
}

struct machine_ops machine_ops = { .ticks = read_ticks };

static void *leave_locked(void *unused)
{
    assert_true(spin_lock_or_give_up(&bounded));
    return unused;
}

static void have_it_locked_by_another(void)
{
    spin_init(&bounded, bounded.kind);
    bound.is_stuck = false;
    looks = progress_until = 0;
    ticks_a_look = 10;
    wait_for_end(start(leave_locked, NULL));
}

static void a_bounded_lock_is_given_up_after_its_timeout(void **state)
{
    (void)state;
    have_it_locked_by_another();
    assert_false(spin_lock_or_give_up(&bounded));
    assert_true(looks > 90 && looks < 110);
    assert_true(local_irq_is_enabled());
}

static void progress_of_the_owner_extends_the_timeout(void **state)
{
    (void)state;
    have_it_locked_by_another();
    progress_until = 500;
    assert_false(spin_lock_or_give_up(&bounded));
    assert_true(looks > 590);
}

static void a_stuck_owner_is_waited_for_once(void **state)
{
    (void)state;
    have_it_locked_by_another();
    assert_false(spin_lock_or_give_up(&bounded));
    looks = 0;
    assert_false(spin_lock_or_give_up(&bounded));
    assert_true(looks <= 1);
    /* It has ended after all. */
    bounded.word = 0;
    assert_true(spin_lock_or_give_up(&bounded));
    assert_false(bound.is_stuck);
    spin_unlock(&bounded);
    assert_true(local_irq_is_enabled());
}

static void a_recursive_bounded_lock_is_given_up_at_once(void **state)
{
    (void)state;
    spin_init(&bounded, bounded.kind);
    assert_true(spin_lock_or_give_up(&bounded));
    looks = 0;
    assert_false(spin_lock_or_give_up(&bounded));
    assert_true(looks <= 1);
    assert_false(local_irq_is_enabled());
    spin_unlock(&bounded);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lock_records_its_owner),
        TEST(the_owner_is_known_after_a_hand_over),
        TEST(a_lock_saves_the_interrupt_flag_of_its_owner),
        TEST(trylock_does_not_wait),
        TEST(a_recursive_acquisition_panics),
        TEST(waiting_twice_for_one_lock_panics),
        TEST(waiting_twice_for_one_lock_panics_also_when_it_is_unfair),
        TEST(only_its_owner_releases_a_lock),
        TEST(long_waits_are_reported),
        TEST(a_bounded_lock_is_given_up_after_its_timeout),
        TEST(progress_of_the_owner_extends_the_timeout),
        TEST(a_stuck_owner_is_waited_for_once),
        TEST(a_recursive_bounded_lock_is_given_up_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
