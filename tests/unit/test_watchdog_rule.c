/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When a clocksource is accepted, refined, or marked unstable.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <time/watchdog_rule.h>

#define PM_HZ 3579545ULL

static struct watchdog watchdog;
static double now, tsc_rate; /* seconds; what the counter really does */
static int64_t ppm;

static int fresh_watch(void **state)
{
    (void)state;
    watchdog = (struct watchdog){ .rate_hz = 2000000000, .reference_hz = PM_HZ, .mask = 0xffffff };
    now = 1.5;
    tsc_rate = 2e9;
    return 0;
}

static enum watchdog_verdict look_after(double seconds)
{
    now += seconds;
    return watchdog_check(&watchdog, (uint64_t)(now * tsc_rate), (uint64_t)(now * PM_HZ) & 0xffffff, &ppm);
}

static void a_correct_clock_agrees_at_every_check(void **state)
{
    (void)state;
    assert_int_equal(look_after(0), WATCHDOG_UNKNOWN);
    for (unsigned int i = 0; i < 1000; i++) {
        assert_int_equal(look_after(0.6 + 0.0013 * i), WATCHDOG_STABLE);
        assert_in_range(ppm + 2, 0, 4);
    }
}

static void checks_made_too_soon_change_nothing(void **state)
{
    (void)state;
    assert_int_equal(look_after(0), WATCHDOG_UNKNOWN);
    assert_int_equal(look_after(0.3), WATCHDOG_TOO_EARLY);
    assert_int_equal(look_after(0.1), WATCHDOG_TOO_EARLY);
    assert_int_equal(look_after(0.2), WATCHDOG_STABLE);
}

/* By a hypervisor that moved the machine, or a reset of one counter alone. No stop of the machine does that.
 */
static void a_counter_that_was_set_back_is_unstable_at_once(void **state)
{
    (void)state;
    watchdog.mask = UINT64_MAX; /* a reference that does not wrap */
    struct watchdog fresh = watchdog;
    assert_int_equal(watchdog_check(&fresh, UINT64_MAX, 5000000, &ppm), WATCHDOG_UNKNOWN);
    assert_int_equal(watchdog_check(&watchdog, 30000000000, 5000000, &ppm), WATCHDOG_UNKNOWN);
    assert_int_equal(watchdog_check(&watchdog, 2000000000, 5000000 + PM_HZ, &ppm), WATCHDOG_SET_BACK);
    assert_int_equal(ppm, -1000000);
    assert_int_equal(watchdog_check(&watchdog, 4000000000, 5000000 + PM_HZ * 2, &ppm), WATCHDOG_STABLE);
    /* By less than the time between two comparisons: its rate would only be found too low. */
    assert_int_equal(watchdog_check(&watchdog, 3999999999, 5000000 + PM_HZ * 3, &ppm), WATCHDOG_SET_BACK);
}

static void a_wrapped_reference_is_ignored(void **state)
{
    (void)state;
    assert_int_equal(look_after(0), WATCHDOG_UNKNOWN);
    assert_int_equal(look_after(3), WATCHDOG_UNKNOWN);
    assert_int_equal(look_after(5.2), WATCHDOG_UNKNOWN);
    assert_int_equal(look_after(1), WATCHDOG_STABLE);
    assert_int_equal(look_after(3600), WATCHDOG_UNKNOWN);
    assert_int_equal(look_after(1), WATCHDOG_STABLE);
}

static void a_wrong_clock_is_marked_unstable_at_the_second_check(void **state)
{
    static const double rates[] = { 1.98e9, 2.02e9, 2.6e9, 1.2e9 };
    for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
        fresh_watch(state);
        tsc_rate = rates[i];
        assert_int_equal(look_after(0), WATCHDOG_UNKNOWN);
        assert_int_equal(look_after(1), WATCHDOG_DEVIATES);
        assert_int_equal(look_after(1), WATCHDOG_UNSTABLE);
        assert_true(rates[i] > 2e9 ? ppm > WATCHDOG_MAX_PPM : ppm < -WATCHDOG_MAX_PPM);
    }
}

/* A virtual machine is stopped between two readings; the next check is right again. */
static void one_odd_check_is_tolerated(void **state)
{
    (void)state;
    assert_int_equal(look_after(0), WATCHDOG_UNKNOWN);
    for (unsigned int i = 0; i < 5; i++) {
        watchdog.tick -= 20000000;
        assert_int_equal(look_after(1), WATCHDOG_DEVIATES);
        assert_int_equal(look_after(1), WATCHDOG_STABLE);
    }
}

/* A rate that was refined between two checks: it applies to the whole time between them. */
static void a_rate_may_be_refined_between_two_checks(void **state)
{
    (void)state;
    tsc_rate = 2.003e9; /* 1500 ppm: a nominal rate */
    assert_int_equal(look_after(0), WATCHDOG_UNKNOWN);
    assert_int_equal(look_after(1), WATCHDOG_STABLE);
    assert_in_range(ppm, 1490, 1510);
    watchdog.rate_hz = 2003000000;
    assert_int_equal(look_after(1), WATCHDOG_STABLE);
    assert_in_range(ppm + 2, 0, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_correct_clock_agrees_at_every_check, fresh_watch),
        cmocka_unit_test_setup(checks_made_too_soon_change_nothing, fresh_watch),
        cmocka_unit_test_setup(a_counter_that_was_set_back_is_unstable_at_once, fresh_watch),
        cmocka_unit_test_setup(a_wrapped_reference_is_ignored, fresh_watch),
        cmocka_unit_test_setup(a_wrong_clock_is_marked_unstable_at_the_second_check, fresh_watch),
        cmocka_unit_test_setup(one_odd_check_is_tolerated, fresh_watch),
        cmocka_unit_test_setup(a_rate_may_be_refined_between_two_checks, fresh_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
