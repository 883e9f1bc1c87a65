/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The HPET's counter, and what becomes of firmware's settings, against a model of a timer block.
 */
#include <hpet_model.h>

#include <ashlar/check.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static uint64_t read_counter(void)
{
    return hpet.counter.read(&hpet.counter);
}

static void an_invalid_capability_register_is_refused_without_a_write(void **state)
{
    (void)state;
    static const struct {
        uint32_t capabilities, period;
    } wrong[] = { { 0xffffffff, 0xffffffff },
                  { 0, 0 },
                  { 0x8086a201, 0 },
                  { 0x8086a201, 100000001 },
                  { 0x8086a200, 69841279 } };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        device.capabilities = wrong[i].capabilities;
        device.period = wrong[i].period;
        assert_int_equal(hpet_init(&hpet, hpet_block), STATUS_MALFORMED);
        assert_int_equal(device.config, 0xa7);
    }
}

static void a_stopped_counter_is_rejected_in_bounded_time(void **state)
{
    (void)state;
    device.is_stuck = true;
    uint32_t config = device.config;
    device.comparator[0].config |= 0x4;
    uint32_t comparator = device.comparator[0].config;
    assert_int_equal(hpet_init(&hpet, hpet_block), STATUS_NOT_FOUND);
    /* It may be anything, and is left as it was. */
    assert_int_equal(device.config, config);
    assert_int_equal(device.comparator[0].config, comparator);
    device.comparator[0].config &= ~0x4u;
    assert_in_range(device.accesses, 1, 2000);
}

static void a_counter_slow_compared_with_the_cpu_is_detected(void **state)
{
    (void)state;
    device.ticks_per_access = 0;
    device.accesses_per_tick = 100;
    init();
}

static void the_rate_is_rounded_to_the_nearest_hertz(void **state)
{
    (void)state;
    static const struct {
        uint32_t period;
        uint64_t rate_hz;
    } rates[] = { { 100000000, 10000000 }, { 69841279, 14318180 }, { 10000000, 100000000 },
                  { 41666667, 24000000 },  { 62500000, 16000000 }, { 69841278, 14318180 },
                  { 3, 333333333333333 },  { 7, 142857142857143 }, { 1, 1000000000000000 } };
    for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
        plug_in(state);
        device.period = rates[i].period;
        init();
        assert_int_equal(hpet.counter.rate_hz, rates[i].rate_hz);
    }
}

static void firmwares_comparators_are_disabled_and_legacy_routing_is_off(void **state)
{
    (void)state;
    init();
    assert_int_equal(device.config, 0xa4 | 0x1);
    for (size_t n = 0; n < 3; n++)
        assert_int_equal(device.comparator[n].config & 0x4004, 0);
    assert_int_equal(device.status_written, 0x3); /* the level-triggered ones */
    device.interrupts = 0;
    pass(1ULL << 33);
    assert_int_equal(device.interrupts, 0);
}

static void a_stopped_counter_is_started(void **state)
{
    (void)state;
    device.config &= ~1u;
    init();
}

static void a_reading_is_the_low_half_of_the_counter_across_its_wrap(void **state)
{
    (void)state;
    init();
    assert_int_equal(hpet.counter.bits, 32);
    device.ticks = 0x2fffffff0;
    for (unsigned int i = 0; i < 100; i++) {
        uint64_t value = read_counter();
        assert_int_equal(value, device.ticks & 0xffffffff);
    }
    assert_true(device.ticks > 0x300000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_invalid_capability_register_is_refused_without_a_write),
        TEST(a_stopped_counter_is_rejected_in_bounded_time),
        TEST(a_counter_slow_compared_with_the_cpu_is_detected),
        TEST(the_rate_is_rounded_to_the_nearest_hertz),
        TEST(firmwares_comparators_are_disabled_and_legacy_routing_is_off),
        TEST(a_stopped_counter_is_started),
        TEST(a_reading_is_the_low_half_of_the_counter_across_its_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
