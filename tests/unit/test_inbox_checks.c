/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a checked build asserts of a cross-call: a caller that uses its call again too early, and a target
 * that is counted wrongly, are noticed at once and not as a CPU that waits for ever.
 */
#include <smp/inbox.h>

#include "expect_death.h"

static struct inbox inbox;
static struct call call;

static void ignore(void *argument)
{
    (void)argument;
}

static void call_is_used_again_before_it_is_done(void)
{
    call_start(&call, ignore, NULL, 2);
    call_serve(&call);
    call_start(&call, ignore, NULL, 1);
}

static void target_returns_twice(void)
{
    call_start(&call, ignore, NULL, 1);
    call_serve(&call);
    call_serve(&call);
}

static void target_is_dropped_twice(void)
{
    call_start(&call, ignore, NULL, 1);
    call_drop_target(&call);
    call_drop_target(&call);
}

static void inbox_is_opened_twice(void)
{
    inbox_open(&inbox);
    inbox_open(&inbox);
}

static void inbox_is_closed_twice(void)
{
    inbox_open(&inbox);
    inbox_close(&inbox);
    inbox_close(&inbox);
}

static void misused_calls_are_noticed(void **state)
{
    (void)state;
    expect_death(call_is_used_again_before_it_is_done, "call: the previous one of this caller has returned");
    expect_death(target_returns_twice, "call: its target is counted until it has returned");
    expect_death(target_is_dropped_twice, "call: a target that is dropped was counted");
    expect_death(inbox_is_opened_twice, "inbox: it is opened once");
    expect_death(inbox_is_closed_twice, "inbox: one that is closed was open");
}

static void a_call_after_one_that_is_done_is_allowed(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 3; i++) {
        call_start(&call, ignore, NULL, 2);
        call_serve(&call);
        call_drop_target(&call);
        assert_true(call_is_done(&call));
        inbox_open(&inbox);
        inbox_close(&inbox);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misused_calls_are_noticed),
        cmocka_unit_test(a_call_after_one_that_is_done_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
