/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Missed wraps of a PIT, with an unreliable time-stamp counter as the reference.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <time/wraps.h>

#include "seed.h"

#define PIT_HZ  1193182.0
#define ROUND_S (65536.0 / PIT_HZ)

static struct wraps wraps;
static double now_s, tsc_hz, tsc_at; /* what the counter really does */
static uint64_t wide;                /* the clock's count, as it is widened */

static void begin(double believed_hz, double true_hz)
{
    wraps_begin(&wraps, (uint64_t)believed_hz, (uint64_t)PIT_HZ);
    tsc_hz = true_hz;
    now_s = tsc_at = 10;
    wide = (uint64_t)(now_s * PIT_HZ);
}

/* Time passes, then the counter is read: the clock gets the distance of the low bits, and the rounds that are
   found. */
static enum wraps_verdict look_after(double seconds)
{
    uint64_t missed;
    now_s += seconds;
    tsc_at += seconds * tsc_hz / 2e9;
    wide += ((uint64_t)(now_s * PIT_HZ) - wide) & 0xffff;
    enum wraps_verdict verdict = wraps_check(&wraps, (uint64_t)(tsc_at * 2e9), wide, 16, &missed);
    wide += missed << 16;
    assert_int_equal(missed != 0, verdict == WRAPS_MISSED);
    return verdict;
}

static bool is_right(void)
{
    return wide == (uint64_t)(now_s * PIT_HZ);
}

static void a_clock_read_in_time_gets_no_wraps_added(void **state)
{
    (void)state;
    begin(2e9, 2e9);
    for (unsigned int i = 0; i < 10000; i++) {
        assert_int_equal(look_after(ROUND_S / 4 * (0.1 + 3 * (double)seed_below(1000) / 1000)), WRAPS_NONE);
        assert_true(is_right());
    }
}

static void missed_wraps_are_added(void **state)
{
    (void)state;
    begin(2.001e9, 2e9);
    for (unsigned int i = 0; i < 10000; i++) {
        look_after(ROUND_S / 4);
        assert_true(is_right());
        look_after(ROUND_S * (double)seed_below(30000) / 1000);
        assert_true(is_right());
    }
    assert_int_equal(look_after(0.130), WRAPS_MISSED);
}

/* It was replaced because its rate changed: regular checks measure the new one. */
static void a_change_of_the_references_rate_is_learnt(void **state)
{
    static const double rates[] = { 2e9, 2.6e9, 1.9e9, 1.4e9, 1.0e9, 0.8e9, 1.1e9, 1.5e9 };
    (void)state;
    begin(2e9, 2e9);
    for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
        tsc_hz = rates[i];
        for (unsigned int j = 0; j < 3; j++)
            assert_int_equal(look_after(ROUND_S / 4), WRAPS_NONE);
        assert_int_equal(look_after(ROUND_S * 7.4), WRAPS_MISSED);
        assert_true(is_right());
    }
}

static void an_unusable_reference_reports_so(void **state)
{
    (void)state;
    begin(2e9, 2e9);
    look_after(ROUND_S / 4);
    look_after(ROUND_S / 4);
    tsc_at -= 5; /* a virtual machine that was moved */
    assert_int_equal(look_after(ROUND_S / 4), WRAPS_UNKNOWN);
    assert_int_equal(look_after(ROUND_S / 4), WRAPS_NONE);
    tsc_hz = 2e9 * 1.05; /* for 7 rounds it points in between */
    assert_int_equal(look_after(ROUND_S * 7), WRAPS_UNKNOWN);
    begin(0, 2e9);
    look_after(ROUND_S / 4);
    assert_int_equal(look_after(ROUND_S * 2), WRAPS_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_read_in_time_gets_no_wraps_added),
        cmocka_unit_test(missed_wraps_are_added),
        cmocka_unit_test(a_change_of_the_references_rate_is_learnt),
        cmocka_unit_test(an_unusable_reference_reports_so),
    };
    seed_from_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
