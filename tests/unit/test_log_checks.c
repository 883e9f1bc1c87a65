/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a checked build asserts of the log's ring and of its consoles: a record that was overwritten is
 * noticed before its length is used.
 */
#include "expect_death.h"
#include "broken_log.h"
#include "log_machine.h"

static void replay_all(void)
{
    log_replay(LOG_DEBUG, NULL);
}

static void record_is_longer_than_a_line(void)
{
    broken_log_change_first(LOG_LINE_MAX, LOG_INFO);
    replay_all();
}

static void record_has_no_level(void)
{
    broken_log_change_first(1, LOG_DEBUG + 1);
    replay_all();
}

static void record_ends_after_the_ring(void)
{
    broken_log_cut_end();
    replay_all();
}

static void record_of_a_new_clock_is_too_long(void)
{
    broken_log_change_first(LOG_LINE_MAX, LOG_INFO);
    log_set_clock(times_three, machine_ops.ticks);
}

static void dropped_record_is_too_long(void)
{
    broken_log_change_first(UINT16_MAX, LOG_INFO);
    for (unsigned int i = 0; i < BROKEN_LOG_RECORDS_MAX; i++)
        log_line(LOG_DEBUG, "test", "fills the ring");
}

static void deferred_record_is_too_long(void)
{
    log_defer();
    log_line(LOG_INFO, "test", "deferred");
    broken_log_change_deferred(LOG_LINE_MAX, LOG_INFO);
    log_show_deferred();
}

static void ring_begins_after_its_end(void)
{
    broken_log_move_start();
    log_line(LOG_INFO, "test", "a line");
}

static void line_has_no_level(void)
{
    log_line((enum log_level)(LOG_DEBUG + 1), "test", "a line");
}

static void console_is_registered_twice(void)
{
    struct fake *fake = attach("console");
    attach("another");
    log_attach(&fake->console);
}

static void a_console_is_registered_once(void **state)
{
    (void)state;
    expect_death(console_is_registered_twice, "log: a console is registered once");
}

static void broken_records_are_noticed(void **state)
{
    (void)state;
    log_line(LOG_INFO, "test", "one");
    log_line(LOG_INFO, "test", "two");
    replay_all();
    expect_death(record_is_longer_than_a_line, "log: a record's text is no longer than a line");
    expect_death(record_has_no_level, "log: a record has a level");
    expect_death(record_ends_after_the_ring, "log: a record ends in the ring");
    expect_death(record_of_a_new_clock_is_too_long, "log: a record's text is no longer than a line");
    expect_death(dropped_record_is_too_long, "log: a record's text is no longer than a line");
    expect_death(deferred_record_is_too_long, "log: a record's text is no longer than a line");
    expect_death(ring_begins_after_its_end, "log: the oldest record begins before the ring's end");
    expect_death(line_has_no_level, "log: a line has a level");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(broken_records_are_noticed),
        TEST(a_console_is_registered_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
