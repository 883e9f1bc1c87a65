/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the time: ticks to nanoseconds, changes of rate and counter, counters that wrap. The time-stamp
 * counter is the real one of the machine that runs the test, so rates are checked on ticks that are made up.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <stdint.h>
#include <cmocka.h>

#include <ashlar/check.h>
#include <cpu/insn.h>
#include <log/log.h>
#include <time/clock.h>

/* ---- what the clock needs of other files ---- */

void log_set_clock(uint64_t (*nanoseconds_since_boot)(uint64_t ticks), uint64_t (*nanoseconds_now)(void))
{
    assert_ptr_equal(nanoseconds_since_boot, clock_nanoseconds);
    assert_ptr_equal(nanoseconds_now, clock_stamp_ns);
}

void verify_failed(const char *expression, const char *file, int line)
{
    fail_msg("%s:%d: %s", file, line, expression);
    abort();
}

/* ---- tests, in this order: a clock cannot be started twice ---- */

static void before_calibration_a_tick_counts_as_a_nanosecond(void **state)
{
    (void)state;
    assert_int_equal(clock_nanoseconds(12345), 12345);
}

static void time_starts_at_zero_at_the_estimated_rate(void **state)
{
    (void)state;
    clock_init(1000, 2500000000);
    assert_int_equal(clock_tsc_hz(), 2500000000);
    assert_int_equal(clock_nanoseconds(1000), 0);
    /* A day, to within the multiplier's rounding: one part in 10^9. */
    assert_in_range(clock_nanoseconds(1000 + 86400 * 2500000000ULL), 86400000000000ULL - 86400,
                    86400000000000ULL);
}

static void a_refined_rate_continues_from_the_same_time(void **state)
{
    (void)state;
    uint64_t before = clock_now_ns();
    uint64_t stamp = cpu_read_tsc(), stamp_ns = clock_nanoseconds(stamp);
    clock_set_tsc_rate(2000000000);
    uint64_t after = clock_now_ns();
    assert_true(before <= after);
    assert_in_range(after - before, 0, 1000000000);
    uint64_t tick = cpu_read_tsc();
    assert_int_equal(clock_nanoseconds(tick + 4000000000) - clock_nanoseconds(tick), 2000000000);
    /* A stamp taken before the change keeps its time; one of long before is a time before it. */
    assert_int_equal(clock_nanoseconds(stamp), stamp_ns);
    assert_true(clock_nanoseconds(tick - 40000000000) < before);
}

static void a_time_stamp_keeps_its_value_through_every_refinement(void **state)
{
    static const uint64_t rates[] = { 2100000000, 1900000000, 2000000000 };
    uint64_t stamps[ARRAY_LEN(rates)], times[ARRAY_LEN(rates)];
    (void)state;
    for (unsigned int i = 0; i < ARRAY_LEN(rates); i++) {
        stamps[i] = cpu_read_tsc();
        times[i] = clock_nanoseconds(stamps[i]);
        clock_set_tsc_rate(rates[i]);
        for (unsigned int old = 0; old <= i; old++)
            assert_int_equal(clock_nanoseconds(stamps[old]), times[old]);
    }
    assert_true(times[0] <= times[1] && times[1] <= times[2]);
}

static void a_duration_is_converted_at_the_newest_rate(void **state)
{
    (void)state;
    assert_int_equal(clock_duration_ns(4000000000), 2000000000);
    assert_int_equal(clock_duration_ns(0), 0);
}

static void a_deadline_in_ticks_is_never_early(void **state)
{
    (void)state;
    uint64_t now = clock_now_ns();
    for (uint64_t delay = 1; delay < 4000000000000; delay = delay * 3 + 7) {
        uint64_t tick = clock_tick_of(now + delay);
        assert_true(clock_nanoseconds(tick) >= now + delay);
        assert_in_range(clock_nanoseconds(tick), now + delay, now + delay + 2 + delay / 500000000);
    }
    assert_true(clock_tick_of(0) <= cpu_read_tsc());
    assert_int_equal(clock_tick_of(UINT64_MAX), UINT64_MAX);
}

static struct {
    uint64_t count;
} counter_state;

static uint64_t read_counter(struct clock_counter *self)
{
    return counter_state.count & ((1ULL << self->bits) - 1);
}

static struct clock_counter counter = { "pm-timer", 3579545, 24, read_counter };

static void a_narrow_counter_may_become_the_clock_and_wrap_any_number_of_times(void **state)
{
    (void)state;
    uint64_t before = clock_now_ns();
    counter_state.count = 0xfffff0;
    clock_set_counter(&counter);
    assert_false(clock_is_tsc());
    assert_string_equal(clock_name(), "pm-timer");
    uint64_t start = clock_now_ns();
    assert_in_range(start, before, before + 1000000000);
    uint64_t counted = 0;
    for (unsigned int step = 0; step < 1000; step++) {
        uint64_t counts = 4000000 + step * 17;
        counter_state.count += counts;
        counted += counts;
        uint64_t expected = counted / 3579545 * 1000000000 + counted % 3579545 * 1000000000 / 3579545;
        assert_in_range(clock_now_ns() - start, expected - expected / 1000000 - 2, expected + 2);
    }
}

static void an_overtaken_reader_does_not_count_a_wrap_twice(void **state)
{
    (void)state;
    uint64_t now = clock_now_ns();
    counter_state.count -= 20; /* as if it had been read before another CPU's reading */
    assert_int_equal(clock_now_ns(), now);
    counter_state.count += 21;
    assert_in_range(clock_now_ns() - now, 278, 281);
}

static void added_wraps_advance_the_time(void **state)
{
    (void)state;
    uint64_t now = clock_now_ns(), wide = clock_wide_count();
    clock_add_wraps(3);
    assert_int_equal(clock_wide_count(), wide + (3ULL << 24));
    uint64_t expected = (3ULL << 24) * 1000000000 / 3579545;
    assert_in_range(clock_now_ns() - now, expected - 20, expected + 2);
    counter_state.count += 1000;
    assert_int_equal(clock_wide_count(), wide + (3ULL << 24) + 1000);
}

static void a_refined_rate_of_the_previous_counter_changes_no_time(void **state)
{
    (void)state;
    uint64_t before = clock_now_ns();
    clock_set_tsc_rate(1000000000);
    assert_false(clock_is_tsc());
    assert_int_equal(clock_now_ns(), before);
    uint64_t tick = cpu_read_tsc();
    assert_int_equal(clock_nanoseconds(tick + 1000) - clock_nanoseconds(tick), 1000);
    assert_int_equal(clock_tsc_hz(), 1000000000);
}

static void a_million_readings_never_go_backwards(void **state)
{
    (void)state;
    uint64_t last = clock_now_ns();
    for (unsigned int i = 0; i < 1000000; i++) {
        uint64_t now = clock_now_ns();
        if (now < last)
            fail_msg("%lu after %lu", (unsigned long)now, (unsigned long)last);
        last = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_calibration_a_tick_counts_as_a_nanosecond),
        cmocka_unit_test(time_starts_at_zero_at_the_estimated_rate),
        cmocka_unit_test(a_refined_rate_continues_from_the_same_time),
        cmocka_unit_test(a_time_stamp_keeps_its_value_through_every_refinement),
        cmocka_unit_test(a_duration_is_converted_at_the_newest_rate),
        cmocka_unit_test(a_deadline_in_ticks_is_never_early),
        cmocka_unit_test(a_million_readings_never_go_backwards),
        cmocka_unit_test(a_narrow_counter_may_become_the_clock_and_wrap_any_number_of_times),
        cmocka_unit_test(an_overtaken_reader_does_not_count_a_wrap_twice),
        cmocka_unit_test(added_wraps_advance_the_time),
        cmocka_unit_test(a_refined_rate_of_the_previous_counter_changes_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
