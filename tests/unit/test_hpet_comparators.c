/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The HPET's comparators as a one-shot clockevent, against a model of a timer block: routing, late writes,
 * slow comparators, disarming.
 */
#include <hpet_model.h>

#include <ashlar/check.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void use(unsigned int n, uint32_t gsi)
{
    init();
    assert_int_equal(hpet_use_comparator(&hpet, n, gsi), STATUS_OK);
}

static void routes_are_those_of_the_comparator(void **state)
{
    (void)state;
    init();
    assert_int_equal(hpet_routes(&hpet, 0), 0x00f00004);
    assert_int_equal(hpet_routes(&hpet, 2), 0x00f00800);
    assert_int_equal(hpet_routes(&hpet, 3), 0);
    assert_int_equal(hpet_routes(&hpet, 1000), 0);
}

static void a_comparator_is_set_to_one_shot_edge_triggered_32_bit_on_its_route(void **state)
{
    (void)state;
    use(0, 20);
    assert_int_equal(device.comparator[0].config, RESERVED | 0x8030 | 0x100 | 20 << 9);
    use(2, 11);
    assert_int_equal(device.comparator[2].config, RESERVED | 0x0010 | 11 << 9);
    assert_int_equal(hpet.clockevent.rate_hz, hpet.counter.rate_hz);
    assert_in_range(hpet.clockevent.max_ticks, 1u << 20, 0x40000000);
}

static void unsupported_routes_are_refused(void **state)
{
    (void)state;
    init();
    assert_int_equal(hpet_use_comparator(&hpet, 3, 20), STATUS_INVALID);
    assert_int_equal(hpet_use_comparator(&hpet, 0, 11), STATUS_UNSUPPORTED);
    assert_int_equal(hpet_use_comparator(&hpet, 0, 32), STATUS_UNSUPPORTED);
    assert_int_equal(hpet_use_comparator(&hpet, 0, 34), STATUS_UNSUPPORTED);
    assert_int_equal(hpet_use_comparator(&hpet, 0, 66), STATUS_UNSUPPORTED);
    assert_int_equal(hpet_use_comparator(&hpet, 0, UINT32_MAX), STATUS_UNSUPPORTED);
    device.comparator[0].broken_routes = 1u << 21; /* offered, but not taken */
    assert_int_equal(hpet_use_comparator(&hpet, 0, 21), STATUS_UNSUPPORTED);
    assert_int_equal(hpet_use_comparator(&hpet, 0, 22), STATUS_OK);
}

/* Arms for @ticks with @late ticks between reading the count and writing the value, and waits. */
static void expect_clockevent(uint64_t ticks, uint64_t late, uint64_t latest)
{
    device.interrupts = 0;
    device.delay_once = late;
    uint64_t start = device.ticks;
    hpet.clockevent.arm(&hpet.clockevent, ticks);
    if (device.interrupts == 0)
        pass(1ULL << 31);
    if (device.interrupts == 0)
        fail_msg("no interrupt after %llu ticks, written %llu late, settled after %u",
                 (unsigned long long)ticks, (unsigned long long)late, device.settle_ticks);
    assert_in_range(device.first_interrupt - start, ticks, latest);
    hpet.clockevent.disarm(&hpet.clockevent);
}

static void an_event_fires_once_and_not_early(void **state)
{
    (void)state;
    static const uint32_t delays[] = { 1000, 14318, 100000, 14318180, 0x3fffffff, 0x40000000 };
    use(1, 20);
    for (unsigned int round = 0; round < 10; round++)
        for (size_t i = 0; i < ARRAY_LEN(delays); i++) {
            expect_clockevent(delays[i], 0, delays[i] + 50u);
            assert_int_equal(device.interrupts, 1);
        }
}

static void a_short_delay_always_fires(void **state)
{
    (void)state;
    for (unsigned int speed = 1; speed <= 1000; speed = speed * 2 + 1) {
        plug_in(state);
        device.ticks_per_access = speed;
        use(0, 20);
        for (uint32_t ticks = 1; ticks < 600; ticks++)
            expect_clockevent(ticks, 0, 50000);
    }
}

/* Seven ticks an access: half a microsecond at 14.3 MHz, as on a PC. */
static void a_short_delay_on_an_ordinary_bus_is_written_once_and_fires_once(void **state)
{
    (void)state;
    use(0, 20);
    for (uint32_t ticks = 1; ticks < 600; ticks++) {
        device.accesses = 0;
        device.interrupts = 0;
        hpet.clockevent.arm(&hpet.clockevent, ticks);
        assert_in_range(device.accesses, 3, 5);
        pass(10000);
        assert_int_equal(device.interrupts, 1);
    }
}

static void a_deadline_that_passes_during_the_write_still_fires(void **state)
{
    (void)state;
    use(0, 20);
    for (uint64_t late = 0; late < 700; late++)
        expect_clockevent(300, late, late + 2000);
    for (uint64_t late = 1; late < 0x40000000; late *= 3)
        for (uint64_t ticks = 1; ticks < 0x40000000; ticks *= 5)
            expect_clockevent(ticks, late, (late > ticks ? late : ticks) + 2000);
}

/* The longest delay, on a machine that sleeps in between for longer than that. */
static void the_longest_delay_written_too_late_still_fires(void **state)
{
    (void)state;
    use(0, 20);
    uint64_t max = hpet.clockevent.max_ticks;
    expect_clockevent(max, max + 1, max + 2000);
    expect_clockevent(max, max + 300, max + 2000);
    expect_clockevent(max, max * 2 - 1, max * 2 + 2000);
}

static void a_comparator_slow_to_take_its_value_loses_no_event(void **state)
{
    (void)state;
    use(0, 20);
    for (device.settle_ticks = 1; device.settle_ticks < 128; device.settle_ticks += 3)
        for (uint64_t late = 0; late < 400; late += 5)
            expect_clockevent(1, late, late + 2000);
}

static void the_previous_value_does_not_fire_a_new_event(void **state)
{
    (void)state;
    use(0, 20);
    for (uint32_t ahead = 0; ahead < 100; ahead++) {
        device.interrupts = 0;
        device.comparator[0].value = (uint32_t)device.ticks + ahead;
        hpet.clockevent.arm(&hpet.clockevent, 100000);
        assert_int_equal(device.interrupts, 0);
        hpet.clockevent.disarm(&hpet.clockevent);
    }
}

static void arming_again_replaces_the_first_event(void **state)
{
    (void)state;
    use(0, 20);
    hpet.clockevent.arm(&hpet.clockevent, 10000);
    pass(5000);
    uint64_t start = device.ticks;
    hpet.clockevent.arm(&hpet.clockevent, 20000);
    pass(1000000);
    assert_int_equal(device.interrupts, 1);
    assert_in_range(device.first_interrupt - start, 20000, 20050);
}

static void no_event_fires_after_disarm(void **state)
{
    (void)state;
    use(0, 20);
    hpet.clockevent.arm(&hpet.clockevent, 10000);
    hpet.clockevent.disarm(&hpet.clockevent);
    pass(1ULL << 33);
    assert_int_equal(device.interrupts, 0);
    hpet.clockevent.disarm(&hpet.clockevent);
    expect_clockevent(10000, 0, 10050);
}

static void switching_comparators_disables_the_first(void **state)
{
    (void)state;
    use(0, 20);
    hpet.clockevent.arm(&hpet.clockevent, 10000);
    assert_int_equal(hpet_use_comparator(&hpet, 1, 11), STATUS_OK);
    pass(1000000);
    assert_int_equal(device.interrupts, 0);
    expect_clockevent(10000, 0, 10050);
    assert_ptr_equal(device.interrupted, &device.comparator[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(routes_are_those_of_the_comparator),
        TEST(a_comparator_is_set_to_one_shot_edge_triggered_32_bit_on_its_route),
        TEST(unsupported_routes_are_refused),
        TEST(an_event_fires_once_and_not_early),
        TEST(a_short_delay_always_fires),
        TEST(a_short_delay_on_an_ordinary_bus_is_written_once_and_fires_once),
        TEST(a_deadline_that_passes_during_the_write_still_fires),
        TEST(the_longest_delay_written_too_late_still_fires),
        TEST(a_comparator_slow_to_take_its_value_loses_no_event),
        TEST(the_previous_value_does_not_fire_a_new_event),
        TEST(arming_again_replaces_the_first_event),
        TEST(no_event_fires_after_disarm),
        TEST(switching_comparators_disables_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
