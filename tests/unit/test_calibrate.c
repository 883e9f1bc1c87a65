/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measuring a counter against another, on imitated machines: time passes with each reading, more on a slow
 * bus, much more when something else gets the CPU.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ashlar/types.h>
#include <time/calibrate.h>

#include "seed.h"

#define PS_PER_SECOND 1000000000000ULL

static struct {
    uint64_t now_ps;
    uint64_t tsc_hz;
    uint64_t bus_ps;               /* the cost of a reading of the reference */
    uint64_t jitter_ps;            /* up to this much more, each time */
    unsigned int disturbed_one_in; /* readings are disturbed, by: */
    uint64_t disturbance_ps;
    uint64_t stops_at_ps; /* the reference does not count any further; 0: never */
    uint64_t started_ps;
    uint64_t step_ps; /* the reference is carried on only now and then, by several counts; 0: with each */
} machine;

static void pass(uint64_t ps)
{
    machine.now_ps += ps;
    if (machine.jitter_ps)
        machine.now_ps += seed_next() % machine.jitter_ps;
    if (machine.disturbed_one_in && seed_next() % machine.disturbed_one_in == 0)
        machine.now_ps += machine.disturbance_ps;
}

static uint64_t count_at(uint64_t ps, uint64_t hz)
{
    return (uint64_t)((unsigned __int128)ps * hz / PS_PER_SECOND);
}

static uint64_t read_tsc(void)
{
    pass(10000);
    return count_at(machine.now_ps, machine.tsc_hz);
}

/* The value is that of the middle of the access. */
static uint64_t read_reference(struct clock_counter *self)
{
    pass(machine.bus_ps / 2);
    uint64_t ps = machine.now_ps;
    pass(machine.bus_ps / 2);
    if (machine.stops_at_ps && ps > machine.stops_at_ps)
        ps = machine.stops_at_ps;
    if (machine.step_ps)
        ps -= ps % machine.step_ps;
    return count_at(ps, self->rate_hz) & (self->bits == 64 ? UINT64_MAX : (1ULL << self->bits) - 1);
}

static struct clock_counter hpet = { "hpet", 14318180, 32, read_reference };
static struct clock_counter pm_timer = { "pm-timer", 3579545, 24, read_reference };
static struct clock_counter pit = { "pit", 1193182, 16, read_reference };
static struct clock_counter *const references[] = { &hpet, &pm_timer, &pit };

static void set_machine(uint64_t tsc_hz, uint64_t bus_ps)
{
    machine = (typeof(machine)){ .tsc_hz = tsc_hz, .bus_ps = bus_ps };
    machine.now_ps = machine.started_ps = 1000000000000ULL + seed_next() % 1000000000000ULL;
}

static uint64_t error_ppm(uint64_t rate_hz)
{
    uint64_t low = rate_hz < machine.tsc_hz ? rate_hz : machine.tsc_hz, high = rate_hz + machine.tsc_hz - low;
    return (high - low) * 1000000 / machine.tsc_hz;
}

/* A window from a sample taken now over at least @boot_ps, in which the machine does other work. */
static status_t measure(struct clock_counter *reference, uint64_t boot_ps, struct calibration *result)
{
    static struct calibrate_sample start;
    status_t status = calibrate_sample(read_tsc, reference, &start);
    machine.now_ps += boot_ps;
    return status == STATUS_OK ? calibrate(read_tsc, reference, &start, 80, result) : status;
}

static const uint64_t rates[] = { 800000000, 1000000000, 2599998000, 3593200000, 5700000000 };

#define MS 1000000000ULL /* in picoseconds */

static void an_undisturbed_measurement_is_within_its_error_bound(void **state)
{
    (void)state;
    for (size_t r = 0; r < ARRAY_LEN(references); r++)
        for (size_t i = 0; i < ARRAY_LEN(rates); i++)
            for (unsigned int round = 0; round < 20; round++) {
                struct calibration result;
                set_machine(rates[i], r == 2 ? 3000000 : 700000);
                machine.jitter_ps = 20000;
                assert_int_equal(measure(references[r], 0, &result), STATUS_OK);
                assert_true(error_ppm(result.rate_hz) <= result.error_ppm);
                assert_in_range(error_ppm(result.rate_hz), 0, 100);
                assert_in_range(machine.now_ps - machine.started_ps, 0, 6 * MS);
            }
}

/* A calibration that runs during the boot waits for nothing, and is more precise. */
static void calibration_does_not_wait_for_other_work(void **state)
{
    (void)state;
    for (size_t r = 0; r < ARRAY_LEN(references); r++)
        for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
            struct calibration result;
            set_machine(rates[i], r == 2 ? 3000000 : 700000);
            machine.jitter_ps = 20000;
            assert_int_equal(measure(references[r], 20 * MS, &result), STATUS_OK);
            assert_in_range(machine.now_ps - machine.started_ps, 20 * MS, 20 * MS + MS / 2);
            assert_true(error_ppm(result.rate_hz) <= result.error_ppm);
            assert_in_range(error_ppm(result.rate_hz), 0, 20);
        }
}

/* A counter that only confirms another is not waited for, and measured well later if
   it is chosen after all. */
static void a_rough_window_is_short_and_may_go_on(void **state)
{
    (void)state;
    for (size_t r = 0; r < ARRAY_LEN(references); r++)
        for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
            static struct calibrate_sample start;
            struct calibration result;
            set_machine(rates[i], r == 2 ? 3000000 : 700000);
            machine.jitter_ps = 20000;
            assert_int_equal(calibrate_sample(read_tsc, references[r], &start), STATUS_OK);
            status_t status = calibrate(read_tsc, references[r], &start, CALIBRATE_CONFIRM_PPM, &result);
            assert_int_equal(status, STATUS_OK);
            assert_in_range(result.error_ppm, 1, CALIBRATE_CONFIRM_PPM);
            assert_true(error_ppm(result.rate_hz) <= result.error_ppm);
            assert_in_range(machine.now_ps - machine.started_ps, 0, MS);
            assert_int_equal(calibrate(read_tsc, references[r], &start, 80, &result), STATUS_OK);
            assert_true(error_ppm(result.rate_hz) <= result.error_ppm);
            assert_in_range(error_ppm(result.rate_hz), 0, 100);
        }
}

/* One read in 20 loses 100 us: SMIs, or a hypervisor with other guests. Brackets become wide, and the error
 * bound reflects that. */
static void a_disturbed_measurement_never_understates_its_error(void **state)
{
    static const uint64_t disturbances_ps[] = { 5000000, 100000000, 3000000000 };
    unsigned int good = 0;
    (void)state;
    for (unsigned int round = 0; round < 600; round++) {
        struct calibration result;
        set_machine(2100000000, 700000);
        machine.jitter_ps = 50000;
        machine.disturbed_one_in = 1 + (unsigned int)(seed_next() % 40);
        machine.disturbance_ps = disturbances_ps[round % 3];
        status_t status = measure(references[round % 2], seed_next() % (50 * MS), &result);
        if (status != STATUS_OK)
            continue;
        good += error_ppm(result.rate_hz) < 100;
        if (error_ppm(result.rate_hz) > result.error_ppm)
            fail_msg("%lu ppm, and the bound is %u", (unsigned long)error_ppm(result.rate_hz),
                     result.error_ppm);
    }
    assert_in_range(good, 400, 600);
}

/* Bochs' PM timer counts microseconds and shows 3 or 4 counts more after each. Good enough to confirm
   others. */
static void an_unevenly_counting_reference_is_usable(void **state)
{
    (void)state;
    for (unsigned int round = 0; round < 200; round++)
        for (size_t r = 0; r < 2; r++) {
            struct calibration result;
            set_machine(50000000 + seed_next() % 3000000000, 100000 + seed_next() % 900000);
            machine.step_ps = 1000000;
            assert_int_equal(measure(references[r], seed_next() % (5 * MS), &result), STATUS_OK);
            assert_in_range(error_ppm(result.rate_hz), 0, CALIBRATE_SAME_PPM / 2);
        }
}

static void a_stopped_reference_ends_the_calibration(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 8; i++) {
        struct calibration result = { 1, 2, 3, 4 };
        set_machine(2100000000, 700000);
        machine.stops_at_ps = machine.started_ps + 40000000 * i;
        assert_int_equal(measure(&pm_timer, 0, &result), STATUS_TIMEOUT);
    }
}

static void one_sample_gives_a_first_estimate(void **state)
{
    (void)state;
    for (unsigned int round = 0; round < 100; round++)
        for (size_t r = 0; r < ARRAY_LEN(references); r++) {
            struct calibrate_sample look;
            set_machine(1000000000 + seed_next() % 4000000000, r == 2 ? 3000000 : 700000);
            assert_int_equal(calibrate_sample(read_tsc, references[r], &look), STATUS_OK);
            assert_in_range(error_ppm(calibrate_estimate(references[r], &look)), 0, CALIBRATE_SAME_PPM);
            assert_in_range(machine.now_ps - machine.started_ps, 0, MS / 2);
            /* An interruption at either end does not decide. */
            look.readings[0].after += machine.tsc_hz / 10000;
            look.readings[CALIBRATE_READINGS - 1].before -= machine.tsc_hz / 10000;
            assert_in_range(error_ppm(calibrate_estimate(references[r], &look)), 0, CALIBRATE_SAME_PPM);
        }
}

/* A virtual machine in a virtual machine: an access of the PIT takes a millisecond, and a sample longer than
 * a wrap. */
static void a_sample_may_be_longer_than_a_wrap(void **state)
{
    (void)state;
    for (unsigned int round = 0; round < 200; round++) {
        struct calibrate_sample look;
        set_machine(1000000000 + seed_next() % 3000000000, 500 * MS / 1000 + seed_next() % (2 * MS));
        machine.disturbed_one_in = 1000;
        machine.disturbance_ps = 60 * MS;
        assert_int_equal(calibrate_sample(read_tsc, &pit, &look), STATUS_OK);
        assert_in_range(error_ppm(calibrate_estimate(&pit, &look)), 0, 200000);
    }
}

/* A boot on a slow serial line takes several wraps of the PIT; if they can no longer be counted, the window
 * restarts. */
static void wraps_of_the_reference_are_counted_or_the_window_restarts(void **state)
{
    (void)state;
    for (unsigned int round = 0; round < 200; round++) {
        struct calibration result;
        set_machine(1000000000 + seed_next() % 3000000000, 3000000);
        machine.jitter_ps = 20000;
        assert_int_equal(measure(&pit, seed_next() % (20000 * MS), &result), STATUS_OK);
        assert_true(error_ppm(result.rate_hz) <= result.error_ppm);
        assert_in_range(error_ppm(result.rate_hz), 0, 400);
    }
    static struct calibrate_sample start, end;
    struct calibration result;
    set_machine(3000000000, 3000000);
    assert_int_equal(calibrate_sample(read_tsc, &pit, &start), STATUS_OK);
    machine.now_ps += 400 * MS; /* seven rounds */
    assert_int_equal(calibrate_sample(read_tsc, &pit, &end), STATUS_OK);
    assert_int_equal(calibrate_between(&pit, &start, &end, NULL, &result), STATUS_OK);
    assert_in_range(error_ppm(result.rate_hz), 0, 10);
    struct calibration known = result;
    machine.now_ps += 10000 * MS;
    assert_int_equal(calibrate_sample(read_tsc, &pit, &end), STATUS_OK);
    assert_int_equal(calibrate_between(&pit, &start, &end, NULL, &result), STATUS_TOO_BIG);
    assert_int_equal(calibrate_between(&pit, &start, &end, &known, &result), STATUS_OK);
    assert_in_range(error_ppm(result.rate_hz), 0, 1);
    machine.now_ps += 60000 * MS;
    assert_int_equal(calibrate_sample(read_tsc, &pit, &end), STATUS_OK);
    assert_int_equal(calibrate_between(&pit, &start, &end, NULL, &result), STATUS_TOO_BIG);
}

/* A second: what refines the rate in the background. */
static void one_second_gives_the_rate_to_a_few_ppm(void **state)
{
    (void)state;
    for (size_t r = 0; r < 2; r++)
        for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
            struct calibration result;
            set_machine(rates[i], 1000000);
            machine.jitter_ps = 100000;
            assert_int_equal(measure(references[r], 1000 * MS, &result), STATUS_OK);
            assert_in_range(result.error_ppm, 1, 3);
            assert_in_range(error_ppm(result.rate_hz), 0, 1);
        }
}

/* Rates in Hz; 0: it stands still. */
static void of_several_references_a_confirmed_one_is_used(void **state)
{
    static const struct {
        uint64_t rates_hz[3], reported_hz;
        unsigned int count, chosen;
    } cases[] = {
        { { 3000000000, 3000000000 }, 0, 2, 0 },
        { { 3000000000, 1000000000 }, 3030000000, 2, 0 },
        { { 1000000000, 3000000000 }, 3030000000, 2, 1 },
        { { 6000000000, 3000000000 }, 2970000000, 2, 1 },
        { { 1000000000, 1000000000 }, 3000000000, 2, 0 },    /* the estimate was wrong */
        { { 1000000000, 2000000000 }, 3000000000, 2, 0 },    /* one against one against one */
        { { 1000000000, 2000000000, 2000000000 }, 0, 3, 1 }, /* two against one */
        { { 1000000000, 2000000000, 1001000000 }, 3000000000, 3, 0 },
        { { 2930000000, 2970000000 }, 3000000000, 2, 0 }, /* between them there is nothing to choose */
        { { 0, 3000000000 }, 0, 2, 1 },
        { { 0, 1000000000 }, 3000000000, 2, 1 },
        { { 1000000000, 0 }, 3000000000, 2, 0 },
        { { 0, 0 }, 3000000000, 2, 2 },
        { { 0 }, 0, 0, 0 },
        { { 1020000000, 7000000000 }, 1000000000, 2, 0 }, /* 2 % are the same clock, 2.1 % are not */
        { { 1021000000, 7000000000, 7000000000 }, 1000000000, 3, 1 },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(calibrate_choose(cases[i].rates_hz, cases[i].count, cases[i].reported_hz),
                         cases[i].chosen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_undisturbed_measurement_is_within_its_error_bound),
        cmocka_unit_test(calibration_does_not_wait_for_other_work),
        cmocka_unit_test(a_rough_window_is_short_and_may_go_on),
        cmocka_unit_test(a_disturbed_measurement_never_understates_its_error),
        cmocka_unit_test(an_unevenly_counting_reference_is_usable),
        cmocka_unit_test(a_stopped_reference_ends_the_calibration),
        cmocka_unit_test(one_sample_gives_a_first_estimate),
        cmocka_unit_test(a_sample_may_be_longer_than_a_wrap),
        cmocka_unit_test(wraps_of_the_reference_are_counted_or_the_window_restarts),
        cmocka_unit_test(one_second_gives_the_rate_to_a_few_ppm),
        cmocka_unit_test(of_several_references_a_confirmed_one_is_used),
    };
    seed_from_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
