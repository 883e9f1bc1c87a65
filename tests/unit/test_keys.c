/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys typed ahead, Ctrl-C and the keys that scroll, with a script of keys for the devices.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <console/input_interrupts.h>
#include <console/inputs.h>
#include <console/screens.h>
#include <cpu/wait.h>
#include <monitor/keys.h>
#include <command/run.h>
#include <time/clock.h>
#include <time/timer.h>
#include <time/tsc_sync.h>

/* In the devices; those at waiting[] come only when the CPU waits. */
static int typed[2 * KEYS_AHEAD_MAX], waiting[4];
static size_t typed_count, taken, waiting_count, waits;
static int scrolled;

int inputs_poll(void)
{
    return taken < typed_count ? typed[taken++] : KEY_NONE;
}

bool inputs_all_interrupt(void)
{
    return true;
}

void cpu_interrupts_on_and_halt(void)
{
    assert_true(waits < waiting_count);
    typed[typed_count++] = waiting[waits++];
}

void screens_scroll(int direction)
{
    scrolled += direction;
}

static uint64_t now_ns;

uint64_t clock_now_ns(void)
{
    return now_ns;
}

void timer_sleep_until(uint64_t deadline_ns)
{
    now_ns = deadline_ns;
}

void timer_poll(void)
{
}
bool timer_interrupts(void)
{
    return true;
}
void tsc_sync_recheck(void)
{
}
void input_interrupts_check(void)
{
}

static jmp_buf restart;

NORETURN void run_reboot(void)
{
    longjmp(restart, 1);
}

static int begin(void **state)
{
    (void)state;
    typed_count = taken = waiting_count = waits = 0;
    scrolled = 0;
    return 0;
}

static void type(const char *text)
{
    while (*text)
        typed[typed_count++] = (unsigned char)*text++;
}

static void keys_typed_while_a_command_runs_come_to_the_prompt_in_order(void **state)
{
    (void)state;
    type("ab");
    assert_false(keys_have_stop());
    type("c");
    assert_false(keys_have_stop());
    waiting[waiting_count++] = 'd';
    assert_int_equal(keys_wait(), 'a');
    assert_int_equal(keys_wait(), 'b');
    assert_int_equal(keys_wait(), 'c');
    assert_int_equal(keys_wait(), 'd');
}

static void the_pager_takes_no_key_that_was_typed_before_it_asked(void **state)
{
    (void)state;
    type("date\r");
    waiting[waiting_count++] = ' ';
    assert_int_equal(keys_wait_for_new(), ' ');
    for (const char *c = "date\r"; *c; c++)
        assert_int_equal(keys_wait(), *c);
}

static void ctrl_c_drops_what_was_typed_before_it(void **state)
{
    (void)state;
    type("rest\x03next");
    assert_true(keys_have_stop());
    assert_false(keys_have_stop());
    assert_int_equal(keys_wait(), 'n');
    assert_int_equal(keys_wait(), 'e');
    assert_int_equal(keys_wait(), 'x');
    assert_int_equal(keys_wait(), 't');
    type("x\x03");
    assert_int_equal(keys_wait_for_new(), KEY_STOP);
}

static void more_than_are_kept_stay_in_the_devices(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < KEYS_AHEAD_MAX + 10; i++)
        typed[typed_count++] = 'a' + (int)(i % 26);
    assert_false(keys_have_stop());
    assert_false(keys_have_stop());
    assert_int_equal(taken, KEYS_AHEAD_MAX);
    for (unsigned int i = 0; i < KEYS_AHEAD_MAX + 10; i++)
        assert_int_equal(keys_wait(), 'a' + (int)(i % 26));
}

static void keys_that_scroll_are_applied_and_not_given(void **state)
{
    (void)state;
    typed[typed_count++] = KEY_SCROLL_UP;
    waiting[waiting_count++] = KEY_SCROLL_UP;
    waiting[waiting_count++] = KEY_SCROLL_DOWN;
    waiting[waiting_count++] = 'x';
    assert_int_equal(keys_wait(), 'x');
    assert_int_equal(scrolled, -1);
}

static void ctrl_alt_del_restarts_while_a_command_runs(void **state)
{
    (void)state;
    typed[typed_count++] = KEY_RESTART;
    if (setjmp(restart) == 0) {
        (void)keys_have_stop();
        fail();
    }
}

static void a_wait_ends_at_its_deadline(void **state)
{
    (void)state;
    now_ns = 0;
    assert_int_equal(keys_wait_until(50000000), KEY_NONE);
    assert_true(now_ns >= 50000000);
    type("k");
    assert_int_equal(keys_wait_until(0), 'k');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(keys_typed_while_a_command_runs_come_to_the_prompt_in_order, begin),
        cmocka_unit_test_setup(the_pager_takes_no_key_that_was_typed_before_it_asked, begin),
        cmocka_unit_test_setup(ctrl_c_drops_what_was_typed_before_it, begin),
        cmocka_unit_test_setup(more_than_are_kept_stay_in_the_devices, begin),
        cmocka_unit_test_setup(keys_that_scroll_are_applied_and_not_given, begin),
        cmocka_unit_test_setup(ctrl_alt_del_restarts_while_a_command_runs, begin),
        cmocka_unit_test_setup(a_wait_ends_at_its_deadline, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
