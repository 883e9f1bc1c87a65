/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver against a model of a timer block. The count goes on with each access; a comparator interrupts
 * when the count equals its value, and only then.
 */
#include <ashlar/check.h>
#include <ashlar/dev/hpet.h>
#include <ashlar/io.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_ONLY 0x8030u /* what a comparator's configuration says it can do */
#define RESERVED  0x0081u

void verify_failed(const char *expression, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, expression);
    abort();
}

static uint8_t registers[HPET_BLOCK_BYTES]; /* only its addresses are used */

struct comparator {
    uint32_t config, routes, value;
    uint32_t written;     /* becomes the value after settling */
    unsigned int settles; /* in so many ticks; 0: has */
    uint32_t broken_routes;
};

static struct {
    uint32_t capabilities, period;
    uint32_t config, status;
    uint64_t ticks;
    struct comparator comparator[32];

    unsigned int ticks_per_access, accesses_per_tick;
    unsigned int settle_ticks;
    uint64_t delay_once; /* ticks that pass at the first write of a value: an SMI */
    bool is_stuck;

    unsigned int accesses, interrupts;
    uint64_t first_interrupt;
    const struct comparator *interrupted; /* by this one, last */
    uint32_t status_written;
} device;

static void interrupt(struct comparator *comparator)
{
    if (!(comparator->config & 0x4))
        return;
    if (device.interrupts++ == 0)
        device.first_interrupt = device.ticks;
    device.interrupted = comparator;
}

/* One tick, or as many as pass before anything happens; at most @ticks. Returns how many. */
static uint64_t step(uint64_t ticks)
{
    for (size_t n = 0; n < 32; n++) {
        struct comparator *comparator = &device.comparator[n];
        uint32_t left = comparator->value - (uint32_t)device.ticks;
        uint64_t to_match = left == 0 ? 1ULL << 32 : left;
        if (to_match < ticks)
            ticks = to_match;
        if (comparator->settles > 0 && comparator->settles < ticks)
            ticks = comparator->settles;
    }
    device.ticks += ticks;
    for (size_t n = 0; n < 32; n++) {
        struct comparator *comparator = &device.comparator[n];
        if (comparator->value == (uint32_t)device.ticks)
            interrupt(comparator);
        if (comparator->settles > 0) {
            comparator->settles -= (unsigned int)ticks;
            if (comparator->settles == 0)
                comparator->value = comparator->written;
        }
    }
    return ticks;
}

static void pass(uint64_t ticks)
{
    while (ticks > 0 && (device.config & 1) && !device.is_stuck)
        ticks -= step(ticks);
}

static void access_block(void)
{
    device.accesses++;
    pass(device.ticks_per_access);
    if (device.accesses_per_tick > 0 && device.accesses % device.accesses_per_tick == 0)
        pass(1);
}

static size_t offset_of(const volatile void *reg)
{
    size_t offset = (size_t)((const volatile uint8_t *)reg - registers);
    assert_in_range(offset, 0, HPET_BLOCK_BYTES - 4);
    assert_int_equal(offset % 4, 0);
    return offset;
}

static struct comparator *comparator_at(size_t offset)
{
    assert_in_range(offset, 0x100, 0x3fff);
    size_t n = (offset - 0x100) / 0x20;
    assert_in_range(n, 0, device.capabilities >> 8 & 0x1f);
    return &device.comparator[n];
}

uint32_t mmio_read32(const volatile void *reg)
{
    size_t offset = offset_of(reg);
    access_block();
    switch (offset) {
    case 0x000:
        return device.capabilities;
    case 0x004:
        return device.period;
    case 0x010:
        return device.config;
    case 0x020:
        return device.status;
    case 0x0f0:
        return (uint32_t)device.ticks;
    default:
        break;
    }
    struct comparator *comparator = comparator_at(offset);
    switch (offset % 0x20) {
    case 0x00:
        return comparator->config;
    case 0x04:
        return comparator->routes;
    default:
        assert_int_equal(offset % 0x20, 0x08);
        return comparator->value;
    }
}

static void write_timer_config(struct comparator *comparator, uint32_t value)
{
    uint32_t fixed = READ_ONLY | (comparator->config & 0x20 ? 0 : 0x100);
    value = (value & ~fixed) | (comparator->config & fixed);
    if (comparator->broken_routes & 1u << (value >> 9 & 0x1f))
        value &= ~0x3e00u;
    assert_int_equal(value & RESERVED, RESERVED);
    comparator->config = value;
}

void mmio_write32(volatile void *reg, uint32_t value)
{
    size_t offset = offset_of(reg);
    access_block();
    switch (offset) {
    case 0x010:
        assert_int_equal(value & ~3u, device.config & ~3u);
        device.config = value;
        return;
    case 0x020:
        device.status &= ~value;
        device.status_written = value;
        return;
    default:
        break;
    }
    struct comparator *comparator = comparator_at(offset);
    if (offset % 0x20 == 0) {
        write_timer_config(comparator, value);
        return;
    }
    assert_int_equal(offset % 0x20, 0x08);
    pass(device.delay_once);
    device.delay_once = 0;
    comparator->written = value;
    comparator->settles = device.settle_ticks;
    if (device.settle_ticks == 0)
        comparator->value = value;
}

static struct hpet hpet;

/* Three comparators, as on most machines, in the state of a firmware that used them all. */
static int plug_in(void **state)
{
    (void)state;
    memset(&device, 0, sizeof(device));
    device.capabilities = 0x8086a201;
    device.period = 69841279; /* 14.318 MHz */
    device.config = 0xa4 | 0x3;
    device.ticks = 0x1fffff000;
    device.ticks_per_access = 7;
    for (size_t n = 0; n < 3; n++)
        device.comparator[n] = (struct comparator){
            .config = RESERVED | 0x8030 | 0x4000 | 0x3e00 | 0x8 | 0x4 | 0x2,
            .routes = n == 0 ? 0x00f00004 : 0x00f00800,
        };
    device.comparator[2].config = RESERVED | 0x0010 | 0x4; /* 32 bits, edge */
    device.status = 0x3;
    return 0;
}

static void init(void)
{
    assert_int_equal(hpet_init(&hpet, registers), STATUS_OK);
}

static void use(unsigned int n, uint32_t gsi)
{
    init();
    assert_int_equal(hpet_use_comparator(&hpet, n, gsi), STATUS_OK);
}

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
        assert_int_equal(hpet_init(&hpet, registers), STATUS_MALFORMED);
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
    assert_int_equal(hpet_init(&hpet, registers), STATUS_NOT_FOUND);
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
    assert_int_equal(hpet.alarm.rate_hz, hpet.counter.rate_hz);
    assert_in_range(hpet.alarm.max_ticks, 1u << 20, 0x40000000);
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
static void expect_alarm(uint64_t ticks, uint64_t late, uint64_t latest)
{
    device.interrupts = 0;
    device.delay_once = late;
    uint64_t start = device.ticks;
    hpet.alarm.arm(&hpet.alarm, ticks);
    if (device.interrupts == 0)
        pass(1ULL << 31);
    if (device.interrupts == 0)
        fail_msg("no alarm after %llu ticks, written %llu late, settled after %u", (unsigned long long)ticks,
                 (unsigned long long)late, device.settle_ticks);
    assert_in_range(device.first_interrupt - start, ticks, latest);
    hpet.alarm.disarm(&hpet.alarm);
}

static void an_event_fires_once_and_not_early(void **state)
{
    (void)state;
    static const uint32_t delays[] = { 1000, 14318, 100000, 14318180, 0x3fffffff, 0x40000000 };
    use(1, 20);
    for (unsigned int round = 0; round < 10; round++)
        for (size_t i = 0; i < ARRAY_LEN(delays); i++) {
            expect_alarm(delays[i], 0, delays[i] + 50u);
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
            expect_alarm(ticks, 0, 50000);
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
        hpet.alarm.arm(&hpet.alarm, ticks);
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
        expect_alarm(300, late, late + 2000);
    for (uint64_t late = 1; late < 0x40000000; late *= 3)
        for (uint64_t ticks = 1; ticks < 0x40000000; ticks *= 5)
            expect_alarm(ticks, late, (late > ticks ? late : ticks) + 2000);
}

/* The longest delay, on a machine that sleeps in between for longer than that. */
static void the_longest_delay_written_too_late_still_fires(void **state)
{
    (void)state;
    use(0, 20);
    uint64_t max = hpet.alarm.max_ticks;
    expect_alarm(max, max + 1, max + 2000);
    expect_alarm(max, max + 300, max + 2000);
    expect_alarm(max, max * 2 - 1, max * 2 + 2000);
}

static void a_comparator_slow_to_take_its_value_loses_no_event(void **state)
{
    (void)state;
    use(0, 20);
    for (device.settle_ticks = 1; device.settle_ticks < 128; device.settle_ticks += 3)
        for (uint64_t late = 0; late < 400; late += 5)
            expect_alarm(1, late, late + 2000);
}

static void the_previous_value_does_not_fire_a_new_event(void **state)
{
    (void)state;
    use(0, 20);
    for (uint32_t ahead = 0; ahead < 100; ahead++) {
        device.interrupts = 0;
        device.comparator[0].value = (uint32_t)device.ticks + ahead;
        hpet.alarm.arm(&hpet.alarm, 100000);
        assert_int_equal(device.interrupts, 0);
        hpet.alarm.disarm(&hpet.alarm);
    }
}

static void arming_again_replaces_the_first_event(void **state)
{
    (void)state;
    use(0, 20);
    hpet.alarm.arm(&hpet.alarm, 10000);
    pass(5000);
    uint64_t start = device.ticks;
    hpet.alarm.arm(&hpet.alarm, 20000);
    pass(1000000);
    assert_int_equal(device.interrupts, 1);
    assert_in_range(device.first_interrupt - start, 20000, 20050);
}

static void no_event_fires_after_disarm(void **state)
{
    (void)state;
    use(0, 20);
    hpet.alarm.arm(&hpet.alarm, 10000);
    hpet.alarm.disarm(&hpet.alarm);
    pass(1ULL << 33);
    assert_int_equal(device.interrupts, 0);
    hpet.alarm.disarm(&hpet.alarm);
    expect_alarm(10000, 0, 10050);
}

static void switching_comparators_disables_the_first(void **state)
{
    (void)state;
    use(0, 20);
    hpet.alarm.arm(&hpet.alarm, 10000);
    assert_int_equal(hpet_use_comparator(&hpet, 1, 11), STATUS_OK);
    pass(1000000);
    assert_int_equal(device.interrupts, 0);
    expect_alarm(10000, 0, 10050);
    assert_ptr_equal(device.interrupted, &device.comparator[1]);
}

#define TEST(claim) cmocka_unit_test_setup(claim, plug_in)

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
