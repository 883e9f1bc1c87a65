/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The check of the order in which locks are taken, with the real spinlock: the test is where its panics lead.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <ashlar/sync/context.h>
#include <ashlar/sync/spinlock.h>
#include <lib/machine_ops.h>
#include <sync/lock_report.h>

static struct spinlock outer = SPINLOCK("outer", LOCK_IRQ_LINES);
static struct spinlock inner = SPINLOCK("inner", LOCK_BUDDY, .polls_calls = true);
static struct spinlock polling = SPINLOCK("polling", LOCK_IRQ_LINES, .polls_calls = true);
static struct spinlock innermost = SPINLOCK("innermost", LOCK_UART);
static struct spinlock last = SPINLOCK("last", LOCK_INNERMOST);
static struct spinlock queues[2]; /* of a class that nests by address */
static struct spinlock twins[2];  /* of one that does not */

static jmp_buf panicked;
static const void *held_lock, *taken_lock;
static uintptr_t held_from, taken_from;
static int forbidden; /* enum context_use; -1: none */

static NORETURN void note(const struct lock_held *held, const struct lock_held *taken)
{
    held_lock = held ? held->lock : NULL;
    held_from = held ? held->stack[0] : 0;
    taken_lock = taken ? taken->lock : NULL;
    taken_from = taken ? taken->stack[0] : 0;
    longjmp(panicked, 1);
}

void lock_panic_order(const struct lock_held *held, const struct lock_held *taken)
{
    note(held, taken);
}

void lock_panic_context(enum context_use use, const struct lock_held *held, const struct lock_held *here)
{
    forbidden = (int)use;
    note(held, here);
}

/* So that a return address is in one of them. */
static NOINLINE void take(struct spinlock *lock)
{
    spin_lock(lock);
    __asm__ volatile("");
}

static NOINLINE void take_second(struct spinlock *lock)
{
    spin_lock(lock);
    __asm__ volatile("");
}

static bool is_in(uintptr_t address, void (*function)(struct spinlock *lock))
{
    return address > (uintptr_t)function && address - (uintptr_t)function < 512;
}

/* Return: whether to take @second with @first held is out of order; the report names both. */
static bool is_refused(struct spinlock *first, struct spinlock *second)
{
    volatile bool is_refused = false;
    held_lock = taken_lock = NULL;
    take(first);
    if (setjmp(panicked) == 0) {
        take_second(second);
        spin_unlock(second);
    } else {
        is_refused = true;
        assert_ptr_equal(held_lock, first);
        assert_ptr_equal(taken_lock, second);
        assert_true(is_in(held_from, take));
        assert_true(is_in(taken_from, take_second));
    }
    spin_unlock(first);
    return is_refused;
}

static int fresh(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 2; i++) {
        SPIN_INIT(&queues[i], "queue", LOCK_TIMER_QUEUE);
        SPIN_INIT(&twins[i], "twin", LOCK_SLAB_NODE);
    }
    forbidden = -1;
    hosted_irqs_disabled = false;
    return 0;
}

static void locks_are_taken_in_the_order_of_the_table(void **state)
{
    (void)state;
    assert_false(is_refused(&outer, &inner));
    assert_false(is_refused(&outer, &innermost));
    assert_false(is_refused(&inner, &innermost));
}

static void an_inversion_is_found_without_a_second_cpu(void **state)
{
    (void)state;
    assert_true(is_refused(&inner, &outer));
    assert_true(is_refused(&innermost, &outer));
    assert_true(is_refused(&innermost, &inner));
    /* It is not remembered beyond the lock. */
    assert_false(is_refused(&outer, &inner));
}

/* The class of the last pair nests by address. */
static void a_lock_is_not_taken_twice(void **state)
{
    (void)state;
    assert_true(is_refused(&inner, &inner));
    assert_true(is_refused(&queues[0], &queues[0]));
}

static struct spinlock polled[2]; /* for a fair wait, and for an unfair one */
static struct spinlock *waited;
static unsigned int polls;

static void release_and_take_waited(void)
{
    polls++;
    waited->word = 0; /* its other holder */
    take_second(waited);
}

/* A served call that does so panics then in every run, not only in one in which it has to wait, too. */
static void a_lock_is_not_taken_in_the_wait_for_it_even_if_it_is_free(void **state)
{
    (void)state;
    for (int is_guest = 0; is_guest < 2; is_guest++) {
        polls = 0;
        held_lock = taken_lock = NULL;
        waited = &polled[is_guest];
        SPIN_INIT(waited, "polled", LOCK_BUDDY, LOCK_POLICY_MM);
        machine_ops.is_guest = is_guest;
        machine_ops.poll_calls = release_and_take_waited;
        waited->word = SPIN_FLAGS | (spin_me() + (1 << SPIN_CPU_SHIFT));
        if (setjmp(panicked) == 0)
            take(waited);
        assert_int_equal(polls, 1);
        assert_ptr_equal(held_lock, waited);
        assert_ptr_equal(taken_lock, waited);
        assert_true(is_in(held_from, take));
        assert_true(is_in(taken_from, take_second));
        lock_order_release(waited, waited->kind);
    }
    machine_ops.poll_calls = NULL;
    machine_ops.is_guest = false;
}

static void any_held_lock_forbids_an_outer_one(void **state)
{
    (void)state;
    spin_lock(&inner);
    assert_true(spin_trylock(&outer)); /* not checked itself */
    held_lock = NULL;
    if (setjmp(panicked) == 0)
        take_second(&queues[0]);
    assert_ptr_equal(held_lock, &inner);
    spin_unlock(&outer);
    spin_unlock(&inner);
}

static void locks_of_a_class_nest_only_if_the_table_allows_it_and_by_address(void **state)
{
    (void)state;
    assert_true(is_refused(&twins[0], &twins[1]));
    assert_true(is_refused(&twins[1], &twins[0]));
    assert_false(is_refused(&queues[0], &queues[1]));
    assert_true(is_refused(&queues[1], &queues[0]));
}

static void a_trylock_is_not_checked_but_counts_as_held(void **state)
{
    (void)state;
    spin_lock(&innermost);
    assert_true(spin_trylock(&inner));
    held_lock = NULL;
    if (setjmp(panicked) == 0)
        take_second(&outer);
    assert_ptr_equal(held_lock, &inner);
    spin_unlock(&inner);
    spin_unlock(&innermost);
    assert_false(is_refused(&outer, &inner));
}

static void locks_may_be_released_in_any_order(void **state)
{
    (void)state;
    spin_lock(&outer);
    spin_lock(&queues[0]);
    spin_lock(&inner);
    spin_unlock(&queues[0]);
    if (setjmp(panicked) == 0)
        take_second(&queues[1]);
    else
        assert_ptr_equal(held_lock, &inner);
    spin_unlock(&inner);
    spin_lock(&queues[1]);
    spin_unlock(&queues[1]);
    spin_unlock(&outer);
}

static void an_uninitialised_lock_is_refused(void **state)
{
    (void)state;
    struct spinlock blank = { .kind = NULL };
    taken_lock = NULL;
    if (setjmp(panicked) == 0)
        take_second(&blank);
    assert_ptr_equal(taken_lock, &blank);
    assert_null(held_lock);
}

static NOINLINE void check(enum context_use use)
{
    context_check(use);
    __asm__ volatile("");
}

/* Return: whether @use is forbidden here; the report names @held, NULL for none, and this code. */
static bool is_forbidden(enum context_use use, const void *held)
{
    forbidden = -1;
    held_lock = NULL;
    if (setjmp(panicked) == 0)
        check(use);
    if (forbidden == -1)
        return false;
    assert_int_equal(forbidden, use);
    assert_ptr_equal(held_lock, held);
    assert_in_range(taken_from, (uintptr_t)check, (uintptr_t)check + 512);
    return true;
}

static void everything_is_allowed_without_a_lock_and_with_interrupts_on(void **state)
{
    (void)state;
    for (unsigned int use = 0; use < CONTEXT_USES; use++)
        assert_false(is_forbidden(use, NULL));
}

static void only_sleep_is_forbidden_with_interrupts_masked(void **state)
{
    (void)state;
    hosted_irqs_disabled = true;
    for (unsigned int use = 0; use < CONTEXT_USES; use++)
        assert_int_equal(is_forbidden(use, NULL), use == CONTEXT_SLEEPS);
}

static void sleep_is_forbidden_under_any_lock(void **state)
{
    (void)state;
    spin_lock(&polling);
    assert_true(is_forbidden(CONTEXT_SLEEPS, &polling));
    assert_true(is_forbidden(CONTEXT_HOLDS_NO_LOCK, &polling));
    spin_unlock(&polling);
    assert_false(is_forbidden(CONTEXT_SLEEPS, NULL));
}

/* Also under several, of which one does not poll. */
static void cross_calls_are_allowed_only_under_polling_locks(void **state)
{
    (void)state;
    spin_lock(&inner);
    assert_false(is_forbidden(CONTEXT_CALLS, NULL));
    spin_lock(&innermost);
    assert_true(is_forbidden(CONTEXT_CALLS, &innermost));
    spin_unlock(&inner);
    assert_true(is_forbidden(CONTEXT_CALLS, &innermost));
    spin_unlock(&innermost);
}

static void memory_is_allocated_only_under_polling_locks_before_the_allocators(void **state)
{
    (void)state;
    spin_lock(&polling);
    assert_false(is_forbidden(CONTEXT_ALLOCATES, NULL));
    spin_lock(&inner); /* polls, but is of a class that is taken in an allocation */
    assert_true(is_forbidden(CONTEXT_ALLOCATES, &inner));
    spin_unlock(&inner);
    spin_unlock(&polling);
    spin_lock(&outer); /* does not poll */
    assert_true(is_forbidden(CONTEXT_ALLOCATES, &outer));
    spin_unlock(&outer);
}

static void frames_are_freed_only_under_locks_before_the_frame_allocators(void **state)
{
    (void)state;
    spin_lock(&outer); /* does not poll */
    spin_lock(&twins[0]);
    assert_false(is_forbidden(CONTEXT_FREES_FRAMES, NULL));
    spin_lock(&inner);
    assert_true(is_forbidden(CONTEXT_FREES_FRAMES, &inner));
    spin_unlock(&inner);
    spin_unlock(&twins[0]);
    spin_unlock(&outer);
}

static void a_called_function_may_only_free_frames(void **state)
{
    (void)state;
    hosted_irqs_disabled = true;
    context_enter_call();
    for (unsigned int use = 0; use < CONTEXT_USES; use++)
        assert_int_equal(is_forbidden(use, &context_called), use != CONTEXT_FREES_FRAMES);
    context_leave_call();
    assert_false(is_forbidden(CONTEXT_ALLOCATES, NULL));
}

/* It may have interrupted a wait for any lock that polls calls. */
static void a_called_function_takes_only_locks_after_those_that_poll(void **state)
{
    (void)state;
    struct spinlock frames;
    SPIN_INIT(&frames, "frames", LOCK_BUDDY);
    hosted_irqs_disabled = true;
    context_enter_call();
    spin_lock(&frames);
    spin_unlock(&frames);
    held_lock = NULL;
    if (setjmp(panicked) == 0)
        take_second(&twins[0]);
    assert_ptr_equal(held_lock, &context_called);
    context_leave_call();
}

/* Clocks are read under it: what would be noted of it would be measured, too. */
static void the_innermost_class_is_taken_after_any_and_not_recorded(void **state)
{
    (void)state;
    assert_false(is_refused(&innermost, &last));
    take(&last);
    take_second(&outer);
    spin_unlock(&outer);
    spin_unlock(&last);
    assert_true(is_refused(&innermost, &outer));
}

/* Last: there is no way back. */
static void nothing_is_checked_after_a_panic_has_begun(void **state)
{
    (void)state;
    lock_order_stop();
    assert_false(is_refused(&inner, &outer));
    hosted_irqs_disabled = true;
    assert_false(is_forbidden(CONTEXT_SLEEPS, NULL));
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(locks_are_taken_in_the_order_of_the_table),
        TEST(an_inversion_is_found_without_a_second_cpu),
        TEST(a_lock_is_not_taken_twice),
        TEST(a_lock_is_not_taken_in_the_wait_for_it_even_if_it_is_free),
        TEST(any_held_lock_forbids_an_outer_one),
        TEST(locks_of_a_class_nest_only_if_the_table_allows_it_and_by_address),
        TEST(a_trylock_is_not_checked_but_counts_as_held),
        TEST(locks_may_be_released_in_any_order),
        TEST(an_uninitialised_lock_is_refused),
        TEST(everything_is_allowed_without_a_lock_and_with_interrupts_on),
        TEST(only_sleep_is_forbidden_with_interrupts_masked),
        TEST(sleep_is_forbidden_under_any_lock),
        TEST(cross_calls_are_allowed_only_under_polling_locks),
        TEST(memory_is_allocated_only_under_polling_locks_before_the_allocators),
        TEST(frames_are_freed_only_under_locks_before_the_frame_allocators),
        TEST(a_called_function_may_only_free_frames),
        TEST(a_called_function_takes_only_locks_after_those_that_poll),
        TEST(the_innermost_class_is_taken_after_any_and_not_recorded),
        TEST(nothing_is_checked_after_a_panic_has_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
