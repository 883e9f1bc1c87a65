/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every interleaving of a few operations on smp/work_list.c and smp/inbox.h: what is posted is done exactly
 * once or refused, the CPU that empties a list or an inbox has been notified, and no CPU waits for ever.
 *
 * BROKEN_LEAVE: an owner checks for the last time before it closes. BROKEN_RETURN: it does not check when
 * it comes back online.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <smp/inbox.h>
#include <smp/work_list.h>

#include "interleave.h"

#define PRODUCERS 2
#define CONSUMER  PRODUCERS

static unsigned int done[PRODUCERS], refused[PRODUCERS], producers_left;

static void count(void *argument)
{
    ++*(unsigned int *)argument;
}

static void begin(void)
{
    memset(done, 0, sizeof(done));
    memset(refused, 0, sizeof(refused));
    producers_left = PRODUCERS;
}

static void check_each_is_done_or_refused(void)
{
    for (unsigned int i = 0; i < PRODUCERS; i++)
        assert_int_equal(done[i] + refused[i], 1);
}

/* ---- work lists ---- */

static struct work_list list;
static struct work works[PRODUCERS];
static bool is_told;

static void begin_list(void)
{
    begin();
    list = (struct work_list){ 0 };
    is_told = false;
    for (unsigned int i = 0; i < PRODUCERS; i++)
        works[i] = (struct work){ .run = count, .argument = &done[i] };
}

static void add_own(unsigned int cpu)
{
    enum work_add_result added = work_list_add(&list, &works[cpu]);
    if (added == WORK_ADDED_FIRST)
        is_told = true;
    if (added == WORK_REFUSED)
        refused[cpu]++;
    producers_left--;
}

/* Runs the list only when notified. */
static void produce_or_consume(unsigned int cpu)
{
    if (cpu != CONSUMER) {
        add_own(cpu);
        return;
    }
    while (producers_left > 0 || is_told) {
        if (!is_told) {
            interleave_wait();
            continue;
        }
        is_told = false;
        work_list_run(&list);
    }
}

/* Runs it until it can be closed. */
static void give_or_close(unsigned int cpu)
{
    if (cpu != CONSUMER) {
        add_own(cpu);
        return;
    }
    do
        work_list_run(&list);
    while (!work_list_close(&list));
}

static void check_list(void)
{
    check_each_is_done_or_refused();
    for (unsigned int i = 0; i < PRODUCERS; i++)
        assert_int_equal(work_is_done(&works[i]), done[i]);
}

static void work_is_done_once_and_the_first_add_notifies_the_consumer(void **state)
{
    (void)state;
    printf("%lu schedules\n", interleave_all(PRODUCERS + 1, 4, begin_list, produce_or_consume, check_list));
}

static void a_closed_list_loses_no_work(void **state)
{
    (void)state;
    printf("%lu schedules\n", interleave_all(PRODUCERS + 1, 4, begin_list, give_or_close, check_list));
}

/* ---- inboxes ---- */

static struct inbox inbox;
static struct call calls[PRODUCERS];
static bool is_online, is_interrupted;

static void begin_inbox(void)
{
    begin();
    memset(&inbox, 0, sizeof(inbox));
    inbox.is_open = true;
    is_online = true;
    is_interrupted = false;
}

static void call_owner(unsigned int cpu)
{
    call_start(&calls[cpu], count, &done[cpu], 1);
    switch (inbox_post(&inbox, cpu)) {
    case INBOX_REFUSED:
        call_drop_target(&calls[cpu]);
        refused[cpu]++;
        break;
    case INBOX_POSTED_FIRST:
        /* What is sent to a CPU that is away is lost. */
        is_interrupted |= is_online;
        break;
    case INBOX_POSTED:
        break;
    }
    while (!call_is_done(&calls[cpu]))
        interleave_wait();
    producers_left--;
}

static void serve(uint64_t callers)
{
    for (; callers != 0; callers &= callers - 1)
        call_serve(&calls[__builtin_ctzll(callers)]);
}

static void serve_if_interrupted(void)
{
    if (is_interrupted) {
        is_interrupted = false;
        serve(inbox_take(&inbox, 0));
    }
}

static void leave(void)
{
    serve_if_interrupted();
#ifdef BROKEN_LEAVE
    serve(inbox_take_ordered(&inbox, 0));
    inbox_close(&inbox);
#else
    inbox_close(&inbox);
    serve(inbox_take_ordered(&inbox, 0));
#endif
    is_online = is_interrupted = false;
}

static void come_back(void)
{
    interleave_point();
    is_online = true;
    inbox_open(&inbox);
#ifndef BROKEN_RETURN
    serve(inbox_take_ordered(&inbox, 0));
#endif
}

static void call_or_leave(unsigned int cpu)
{
    if (cpu != CONSUMER)
        call_owner(cpu);
    else
        leave();
}

static void call_or_own(unsigned int cpu)
{
    if (cpu != CONSUMER) {
        call_owner(cpu);
        return;
    }
    leave();
    come_back();
    while (producers_left > 0) {
        if (!is_interrupted)
            interleave_wait();
        serve_if_interrupted();
    }
}

static void check_inbox(void)
{
    check_each_is_done_or_refused();
    for (unsigned int i = 0; i < PRODUCERS; i++)
        assert_int_equal(call_left(&calls[i]), 0);
}

static void a_call_is_run_or_refused_when_the_target_goes_offline(void **state)
{
    (void)state;
    printf("%lu schedules\n", interleave_all(PRODUCERS + 1, 4, begin_inbox, call_or_leave, check_inbox));
}

static void a_call_is_run_or_refused_while_the_target_goes_offline_and_online(void **state)
{
    (void)state;
    printf("%lu schedules\n", interleave_all(PRODUCERS + 1, 4, begin_inbox, call_or_own, check_inbox));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_is_done_once_and_the_first_add_notifies_the_consumer),
        cmocka_unit_test(a_closed_list_loses_no_work),
        cmocka_unit_test(a_call_is_run_or_refused_when_the_target_goes_offline),
        cmocka_unit_test(a_call_is_run_or_refused_while_the_target_goes_offline_and_online),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
