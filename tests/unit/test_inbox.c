/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls between threads as CPUs, from all to all. Arguments and results are plain memory: each of the four
 * orders of inbox.h (posting, taking, decrementing, finding the call done) has been made relaxed, one at a
 * time, and the thread sanitizer has reported it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <smp/inbox.h>

#include "litmus.h"

#define CPUS   4
#define ROUNDS 20000

/* Some share a word, some do not. */
static const unsigned int numbers[CPUS] = { 0, 1, 63, PERCPU_MAX - 1 };

static struct {
    struct inbox inbox;
    struct call call;
    unsigned int is_interrupted;
} cpus[CPUS];

static unsigned int callers_left;

struct question {
    unsigned int asked;
    unsigned int answers[CPUS]; /* each by its target */
};

static __thread unsigned int self;

static void answer(void *argument)
{
    struct question *question = argument;
    question->answers[self] += question->asked;
}

static unsigned int index_of(unsigned int number)
{
    unsigned int i = 0;
    while (numbers[i] != number)
        MUST(++i < CPUS);
    return i;
}

/* A CPU that was not interrupted does not read its inbox. */
static void serve(void)
{
    if (!__atomic_exchange_n(&cpus[self].is_interrupted, 0, __ATOMIC_RELAXED))
        return;
    for (unsigned int word = 0; word < PERCPU_MAX / 64; word++)
        for (uint64_t callers = inbox_take(&cpus[self].inbox, word); callers != 0; callers &= callers - 1)
            call_serve(&cpus[index_of(word * 64 + (unsigned int)__builtin_ctzll(callers))].call);
}

static void call(unsigned int set, struct question *question)
{
    struct call *mine = &cpus[self].call;
    call_start(mine, answer, question, (unsigned int)__builtin_popcount(set));
    for (unsigned int i = 0; i < CPUS; i++)
        if ((set >> i & 1) && inbox_post(&cpus[i].inbox, numbers[self]) == INBOX_POSTED_FIRST)
            relaxed_store(&cpus[i].is_interrupted, 1);
    for (unsigned int turns = 0; !call_is_done(mine); litmus_wait(&turns))
        serve();
}

static void call_and_serve(unsigned int thread)
{
    struct question question = { 0 };
    self = thread;
    for (unsigned int i = 1; i <= ROUNDS; i++) {
        unsigned int set = seed_below(1 << CPUS) & ~(1u << self);
        question.asked = i;
        call(set, &question);
        for (unsigned int other = 0; other < CPUS; other++) {
            MUST(question.answers[other] == ((set >> other & 1) ? i : 0));
            MUST(!inbox_has(&cpus[other].inbox, numbers[self]) || !(set >> other & 1));
            question.answers[other] = 0;
        }
    }
    relaxed_add(&callers_left, -1u);
    for (unsigned int turns = 0; relaxed_load(&callers_left) > 0; litmus_wait(&turns))
        serve();
}

static void open_all(void)
{
    memset(cpus, 0, sizeof(cpus));
    for (unsigned int i = 0; i < CPUS; i++)
        inbox_open(&cpus[i].inbox);
}

static void each_target_runs_a_call_once_before_the_call_returns(void **state)
{
    (void)state;
    open_all();
    callers_left = CPUS;
    litmus_run(CPUS, call_and_serve);
    for (unsigned int i = 0; i < CPUS; i++)
        for (unsigned int word = 0; word < PERCPU_MAX / 64; word++)
            assert_int_equal(cpus[i].inbox.words[word], 0);
}

/* One thread that acts as several callers and does not wait, and one that only takes: the two meet far more
 * often. */

#define CALLERS 6
#define CALLS   200000

static struct call calls[CALLERS];
static unsigned int asked[CALLERS], answered[CALLERS]; /* not atomic */
static unsigned int is_over;

static void take_always(void)
{
    while (!relaxed_load(&is_over))
        for (uint64_t callers = inbox_take(&cpus[0].inbox, 0); callers != 0; callers &= callers - 1)
            call_serve(&calls[__builtin_ctzll(callers)]);
}

static void answer_one(void *argument)
{
    unsigned int caller = (unsigned int)(uintptr_t)argument;
    answered[caller] = asked[caller];
}

static void call_always_or_take_always(unsigned int thread)
{
    if (thread == 0) {
        take_always();
        return;
    }
    unsigned int turns = 0;
    for (unsigned int left = CALLS; left > 0; litmus_wait(&turns))
        for (unsigned int caller = 0; caller < CALLERS; caller++) {
            if (!call_is_done(&calls[caller]))
                continue;
            MUST(answered[caller] == asked[caller]);
            asked[caller]++;
            left -= left > 0;
            turns = 0;
            call_start(&calls[caller], answer_one, (void *)(uintptr_t)caller, 1);
            MUST(inbox_post(&cpus[0].inbox, caller) != INBOX_REFUSED);
        }
    for (unsigned int caller = 0; caller < CALLERS; caller++)
        while (!call_is_done(&calls[caller]))
            litmus_wait(&turns);
    relaxed_store(&is_over, 1);
}

static void no_post_is_lost_to_a_concurrent_take(void **state)
{
    (void)state;
    open_all();
    memset(calls, 0, sizeof(calls));
    is_over = 0;
    litmus_run(2, call_always_or_take_always);
}

static void only_the_first_post_to_an_empty_word_asks_for_an_interrupt(void **state)
{
    (void)state;
    struct inbox inbox = { .is_open = true };
    assert_int_equal(inbox_post(&inbox, 3), INBOX_POSTED_FIRST);
    assert_int_equal(inbox_post(&inbox, 63), INBOX_POSTED);
    assert_int_equal(inbox_post(&inbox, 64), INBOX_POSTED_FIRST);
    assert_true(inbox_has(&inbox, 3) && inbox_has(&inbox, 63) && inbox_has(&inbox, 64));
    assert_false(inbox_has(&inbox, 4));
    assert_true(inbox_take(&inbox, 0) == (1ULL << 63 | 1ULL << 3));
    assert_false(inbox_has(&inbox, 3));
    assert_true(inbox_take(&inbox, 0) == 0);
    assert_int_equal(inbox_post(&inbox, 3), INBOX_POSTED_FIRST);
    assert_true(inbox_take(&inbox, 1) == 1);
}

static void a_closed_inbox_accepts_and_keeps_nothing(void **state)
{
    (void)state;
    struct inbox inbox = { .is_open = false };
    assert_int_equal(inbox_post(&inbox, 3), INBOX_REFUSED);
    inbox_open(&inbox);
    assert_int_equal(inbox_post(&inbox, 4), INBOX_POSTED_FIRST);
    inbox_close(&inbox);
    assert_int_equal(inbox_post(&inbox, 5), INBOX_REFUSED);
    assert_true(inbox_take_ordered(&inbox, 0) == 1 << 4);
    assert_true(inbox_take(&inbox, 0) == 0);
}

static void a_call_without_targets_is_done(void **state)
{
    (void)state;
    struct call call = { .left = 0 };
    call_start(&call, answer, NULL, 0);
    assert_true(call_is_done(&call));
}

/* ---- leaving ---- */

#define LEAVINGS 100000

/* Of an owner that leaves each of them, for good, as soon as it has arrived. */
static struct inbox left[LEAVINGS];
static unsigned int leavings; /* how many it has left */
static unsigned int posts, refused, served;

static void count_served(void *argument)
{
    (void)argument;
    served++;
}

static void serve_all(uint64_t callers)
{
    for (; callers != 0; callers &= callers - 1)
        call_serve(&calls[__builtin_ctzll(callers)]);
}

static void come_and_leave(void)
{
    for (unsigned int i = 0, last = 0; i < LEAVINGS; i++) {
        if (i % 4 == 0)
            litmus_keep_pace(&posts, &last);
        inbox_open(&left[i]);
        serve_all(inbox_take(&left[i], 0));
        inbox_close(&left[i]);
        serve_all(inbox_take_ordered(&left[i], 0));
        relaxed_store(&leavings, i + 1);
    }
}

static void post_to_who_leaves(unsigned int thread)
{
    unsigned int inbox, turns = 0;
    if (thread == 0) {
        come_and_leave();
        return;
    }
    while ((inbox = relaxed_load(&leavings)) < LEAVINGS) {
        turns = 0;
        call_start(&calls[1], count_served, NULL, 1);
        if (inbox_post(&left[inbox], 1) == INBOX_REFUSED) {
            call_drop_target(&calls[1]);
            refused++;
        }
        for (unsigned int has_left = 0; !call_is_done(&calls[1]); litmus_wait(&turns)) {
            MUST(!has_left);
            has_left = relaxed_load(&leavings) > inbox;
        }
        relaxed_add(&posts, 1);
        MUST(posts == refused + served);
    }
}

static void a_post_to_a_cpu_going_offline_is_run_or_refused(void **state)
{
    (void)state;
    memset(left, 0, sizeof(left));
    memset(calls, 0, sizeof(calls));
    leavings = posts = refused = served = 0;
    litmus_run(2, post_to_who_leaves);
    for (unsigned int i = 0; i < LEAVINGS; i++)
        assert_true(left[i].words[0] == 0);
    assert_true(served > 0);
}

int main(void)
{
    seed_from_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_first_post_to_an_empty_word_asks_for_an_interrupt),
        cmocka_unit_test(a_call_without_targets_is_done),
        cmocka_unit_test(a_closed_inbox_accepts_and_keeps_nothing),
        cmocka_unit_test(each_target_runs_a_call_once_before_the_call_returns),
        cmocka_unit_test(no_post_is_lost_to_a_concurrent_take),
        cmocka_unit_test(a_post_to_a_cpu_going_offline_is_run_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
