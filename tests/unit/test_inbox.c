/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls between threads that are CPUs, all of them at all of them. What is asked and what is answered is plain memory: each
 * of the four orders of inbox.h (posting, taking, decrementing, finding it over) has been made relaxed, one at a time, and
 * the thread sanitizer has reported it.
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
static const unsigned numbers[CPUS] = { 0, 1, 63, PERCPU_MAX - 1 };

static struct {
    struct inbox inbox;
    struct call call;
    unsigned is_interrupted;
} cpus[CPUS];

static unsigned callers_left;

struct question {
    unsigned asked;
    unsigned answers[CPUS]; /* each by the one who is asked */
};

static __thread unsigned self;

static void answer(void *argument)
{
    struct question *question = argument;
    question->answers[self] += question->asked;
}

static unsigned index_of(unsigned number)
{
    unsigned i = 0;
    while (numbers[i] != number)
        MUST(++i < CPUS);
    return i;
}

/* Nobody looks into its inbox who was not interrupted. */
static void serve(void)
{
    if (!__atomic_exchange_n(&cpus[self].is_interrupted, 0, __ATOMIC_RELAXED))
        return;
    for (unsigned word = 0; word < PERCPU_MAX / 64; word++)
        for (uint64_t callers = inbox_take(&cpus[self].inbox, word); callers != 0; callers &= callers - 1)
            call_serve(&cpus[index_of(word * 64 + (unsigned)__builtin_ctzll(callers))].call);
}

static void call(unsigned set, struct question *question)
{
    struct call *mine = &cpus[self].call;
    call_start(mine, answer, question, (unsigned)__builtin_popcount(set));
    for (unsigned i = 0; i < CPUS; i++)
        if ((set >> i & 1) && inbox_post(&cpus[i].inbox, numbers[self]))
            relaxed_store(&cpus[i].is_interrupted, 1);
    for (unsigned turns = 0; !call_is_over(mine); litmus_wait(&turns))
        serve();
}

static void call_and_serve(unsigned thread)
{
    struct question question = { 0 };
    self = thread;
    for (unsigned i = 1; i <= ROUNDS; i++) {
        unsigned set = litmus_below(1 << CPUS) & ~(1u << self);
        question.asked = i;
        call(set, &question);
        for (unsigned other = 0; other < CPUS; other++) {
            MUST(question.answers[other] == ((set >> other & 1) ? i : 0));
            MUST(!inbox_has(&cpus[other].inbox, numbers[self]) || !(set >> other & 1));
            question.answers[other] = 0;
        }
    }
    relaxed_add(&callers_left, -1u);
    for (unsigned turns = 0; relaxed_load(&callers_left) > 0; litmus_wait(&turns))
        serve();
}

static void each_who_is_called_answers_once_and_has_when_it_is_over(void **state)
{
    (void)state;
    memset(cpus, 0, sizeof(cpus));
    callers_left = CPUS;
    litmus_run(CPUS, call_and_serve);
    for (unsigned i = 0; i < CPUS; i++)
        for (unsigned word = 0; word < PERCPU_MAX / 64; word++)
            assert_int_equal(cpus[i].inbox.words[word], 0);
}

/* One thread that is several callers and does not wait, and one that does nothing but take: the two meet far more often. */

#define CALLERS 6
#define CALLS   200000

static struct call calls[CALLERS];
static unsigned asked[CALLERS], answered[CALLERS]; /* not atomic */
static unsigned is_over;

static void take_always(void)
{
    while (!relaxed_load(&is_over))
        for (uint64_t callers = inbox_take(&cpus[0].inbox, 0); callers != 0; callers &= callers - 1)
            call_serve(&calls[__builtin_ctzll(callers)]);
}

static void answer_one(void *argument)
{
    unsigned caller = (unsigned)(uintptr_t)argument;
    answered[caller] = asked[caller];
}

static void call_always_or_take_always(unsigned thread)
{
    if (thread == 0) {
        take_always();
        return;
    }
    unsigned turns = 0;
    for (unsigned left = CALLS; left > 0; litmus_wait(&turns))
        for (unsigned caller = 0; caller < CALLERS; caller++) {
            if (!call_is_over(&calls[caller]))
                continue;
            MUST(answered[caller] == asked[caller]);
            asked[caller]++;
            left -= left > 0;
            call_start(&calls[caller], answer_one, (void *)(uintptr_t)caller, 1);
            inbox_post(&cpus[0].inbox, caller);
        }
    for (unsigned caller = 0; caller < CALLERS; caller++)
        while (!call_is_over(&calls[caller]))
            litmus_wait(&turns);
    relaxed_store(&is_over, 1);
}

static void no_post_is_lost_to_a_taking_at_the_same_time(void **state)
{
    (void)state;
    memset(cpus, 0, sizeof(cpus));
    memset(calls, 0, sizeof(calls));
    is_over = 0;
    litmus_run(2, call_always_or_take_always);
}

static void only_the_first_post_to_an_empty_word_asks_for_an_interrupt(void **state)
{
    (void)state;
    struct inbox inbox = { { 0 } };
    assert_true(inbox_post(&inbox, 3));
    assert_false(inbox_post(&inbox, 63));
    assert_true(inbox_post(&inbox, 64));
    assert_true(inbox_has(&inbox, 3) && inbox_has(&inbox, 63) && inbox_has(&inbox, 64));
    assert_false(inbox_has(&inbox, 4));
    assert_true(inbox_take(&inbox, 0) == (1ULL << 63 | 1ULL << 3));
    assert_false(inbox_has(&inbox, 3));
    assert_true(inbox_take(&inbox, 0) == 0);
    assert_true(inbox_post(&inbox, 3));
    assert_true(inbox_take(&inbox, 1) == 1);
}

static void a_call_of_nobody_is_over(void **state)
{
    (void)state;
    struct call call;
    call_start(&call, answer, NULL, 0);
    assert_true(call_is_over(&call));
}

int main(void)
{
    seed_from_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_first_post_to_an_empty_word_asks_for_an_interrupt),
        cmocka_unit_test(a_call_of_nobody_is_over),
        cmocka_unit_test(each_who_is_called_answers_once_and_has_when_it_is_over),
        cmocka_unit_test(no_post_is_lost_to_a_taking_at_the_same_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
