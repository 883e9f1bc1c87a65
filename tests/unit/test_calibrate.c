/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measuring a counter against another, on pretended machines: time passes with each reading, more on a slow bus, much
 * more when something else gets the CPU.
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
    uint64_t bus_ps;            /* what reading the reference takes */
    uint64_t jitter_ps;         /* up to this much more, each time */
    unsigned int disturbed_one_in; /* readings are disturbed, by: */
    uint64_t disturbance_ps;
    uint64_t stops_at_ps;       /* the reference does not count any further; 0: never */
    uint64_t started_ps;
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

static void quiet_machines_are_measured_to_100_ppm_in_three_windows(void **state)
{
    static const uint64_t rates[] = { 800000000, 1000000000, 2599998000, 5700000000 };
    (void)state;
    for (size_t r = 0; r < ARRAY_LEN(references); r++)
        for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
            struct calibration result;
            set_machine(rates[i], r == 2 ? 3000000 : 700000);
            machine.jitter_ps = 20000;
            assert_int_equal(calibrate(read_tsc, references[r], &result), STATUS_OK);
            assert_in_range(error_ppm(result.rate_hz), 0, 100);
            assert_true(result.windows >= CALIBRATE_ENOUGH);
            assert_in_range(machine.now_ps - machine.started_ps, 3000000000, 15000000000);
        }
}

/* One read in 2000 loses 100 us or more: an SMI, or a hypervisor with other guests. */
static void disturbed_windows_are_dropped(void **state)
{
    unsigned int agreed = 0;
    (void)state;
    for (unsigned int round = 0; round < 200; round++) {
        struct calibration result;
        set_machine(2100000000, 700000);
        machine.jitter_ps = 50000;
        machine.disturbed_one_in = 2000;
        machine.disturbance_ps = 100000000;
        if (calibrate(read_tsc, &hpet, &result) == STATUS_OK) {
            agreed++;
            assert_in_range(error_ppm(result.rate_hz), 0, 100);
        }
    }
    assert_in_range(agreed, 180, 200);
}

/* Every other read is disturbed by up to 200 us: then it is said. */
static void a_machine_without_a_quiet_moment_is_called_that(void **state)
{
    unsigned int refused = 0;
    (void)state;
    for (unsigned int round = 0; round < 50; round++) {
        struct calibration result = { 0, 0, 0 };
        set_machine(2100000000, 700000);
        machine.jitter_ps = 200000000;
        status_t status = calibrate(read_tsc, &hpet, &result);
        refused += status == STATUS_UNSUPPORTED;
        assert_int_not_equal(result.rate_hz, 0);
        if (status == STATUS_UNSUPPORTED) {
            assert_true(result.spread_ppm > CALIBRATE_AGREE_PPM);
            assert_int_equal(result.windows, CALIBRATE_WINDOWS);
        }
    }
    assert_in_range(refused, 40, 50);
}

static void a_reference_that_stands_still_or_stops_ends_it(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 8; i++) {
        struct calibration result = { 1, 2, 3 };
        uint64_t rate_hz = 4;
        set_machine(2100000000, 700000);
        machine.stops_at_ps = machine.started_ps + 400000000 * i;
        assert_int_equal(calibrate(read_tsc, &pm_timer, &result), STATUS_TIMEOUT);
        assert_int_equal(result.rate_hz, 1);
        set_machine(2100000000, 700000);
        machine.stops_at_ps = machine.started_ps + 50000000 * i;
        assert_int_equal(calibrate_roughly(read_tsc, &pit, 500000, &rate_hz), STATUS_TIMEOUT);
        assert_int_equal(rate_hz, 4);
    }
}

static void a_rough_look_is_good_to_1_percent(void **state)
{
    (void)state;
    for (unsigned int round = 0; round < 100; round++) {
        uint64_t rate_hz;
        set_machine(1000000000 + seed_next() % 4000000000, 3000000);
        assert_int_equal(calibrate_roughly(read_tsc, &pit, 500000, &rate_hz), STATUS_OK);
        assert_in_range(error_ppm(rate_hz), 0, 10000);
    }
}

static void a_counter_that_wraps_meanwhile_is_no_trouble(void **state)
{
    (void)state;
    for (unsigned int round = 0; round < 20; round++) {
        struct calibration result;
        set_machine(3000000000, 3000000);
        /* The PIT's round ends 0 to 3 ms after the start. */
        uint64_t round_ps = PS_PER_SECOND / 1193182 * 65536;
        machine.started_ps = machine.now_ps = machine.now_ps / round_ps * round_ps + round_ps - 150000000 * round;
        assert_int_equal(calibrate(read_tsc, &pit, &result), STATUS_OK);
        assert_in_range(error_ppm(result.rate_hz), 0, 400);
    }
}

/* Rates in Hz; 0: it stands still. */
static void of_two_references_the_confirmed_one_is_believed(void **state)
{
    static const struct {
        uint64_t rate_hz, other_hz, idea_hz;
        bool is_doubtful, is_other;
    } cases[] = {
        { 3000000000, 3000000000, 0, false, false },          /* nobody had an idea */
        { 3000000000, 1000000000, 3030000000, false, false }, /* confirmed: nobody else is asked */
        { 1000000000, 3000000000, 3030000000, true, true },
        { 6000000000, 3000000000, 2970000000, true, true },
        { 1000000000, 1000000000, 3000000000, true, false },  /* it was the idea that was wrong */
        { 1000000000, 2000000000, 3000000000, true, false },  /* one against one against one */
        { 2930000000, 2970000000, 3000000000, true, false },  /* between them there is nothing to choose */
        { 0, 3000000000, 0, true, true },
        { 0, 1000000000, 3000000000, true, true },
        { 1000000000, 0, 3000000000, true, false },
        { 0, 0, 3000000000, true, false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(calibrate_is_doubtful(cases[i].rate_hz, cases[i].idea_hz), cases[i].is_doubtful);
        if (cases[i].is_doubtful)
            assert_int_equal(calibrate_prefers_other(cases[i].rate_hz, cases[i].other_hz, cases[i].idea_hz), cases[i].is_other);
    }
    /* 2 % are the same clock, 2.1 % are not. */
    assert_false(calibrate_is_doubtful(1020000000, 1000000000));
    assert_true(calibrate_is_doubtful(1021000000, 1000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quiet_machines_are_measured_to_100_ppm_in_three_windows),
        cmocka_unit_test(disturbed_windows_are_dropped),
        cmocka_unit_test(a_machine_without_a_quiet_moment_is_called_that),
        cmocka_unit_test(a_reference_that_stands_still_or_stops_ends_it),
        cmocka_unit_test(a_rough_look_is_good_to_1_percent),
        cmocka_unit_test(a_counter_that_wraps_meanwhile_is_no_trouble),
        cmocka_unit_test(of_two_references_the_confirmed_one_is_believed),
    };
    seed_from_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
