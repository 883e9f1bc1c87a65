/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock's rate: from CPUID's numbers, and against a timer that is there, stands still, or stops.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ashlar/io.h>
#include <cpu/features.h>
#include <diag/log.h>
#include <time/clock.h>

/* ---- a timer that counts down by a step at each reading, until it stops ---- */

static struct {
    uint16_t count, step;
    unsigned int readings_left; /* until it stops */
    bool is_high_byte_next;
    uint8_t port_b;
    unsigned int port_b_writes;
} timer;

uint8_t io_in8(uint16_t port)
{
    if (port == 0x61)
        return timer.port_b;
    assert_int_equal(port, 0x42);
    timer.is_high_byte_next = !timer.is_high_byte_next;
    if (!timer.is_high_byte_next)
        return (uint8_t)(timer.count >> 8);
    if (timer.readings_left > 0) {
        timer.readings_left--;
        timer.count = (uint16_t)(timer.count - timer.step);
    }
    return (uint8_t)timer.count;
}

void io_out8(uint16_t port, uint8_t value)
{
    if (port == 0x61) {
        timer.port_b = value;
        timer.port_b_writes++;
    }
}

bool cpu_has(enum cpu_feature feature)
{
    (void)feature;
    return false; /* no hypervisor to ask */
}

void log_set_clock(uint64_t (*nanoseconds_since_boot)(uint64_t ticks))
{
    assert_ptr_equal(nanoseconds_since_boot, clock_nanoseconds);
}

void log_line(enum log_level level, const char *subsystem, const char *format, ...)
{
    (void)level;
    (void)subsystem;
    (void)format;
}

/* ---- tests ---- */

static void cpuid_gives_the_rate_as_crystal_times_ratio(void **state)
{
    (void)state;
    assert_int_equal(clock_rate_from_cpuid15(2, 176, 24000000), 2112000000); /* a Skylake laptop */
    assert_int_equal(clock_rate_from_cpuid15(3, 250, 38400000), 3200000000);
}

static void cpuid_without_all_three_numbers_gives_none(void **state)
{
    (void)state;
    assert_int_equal(clock_rate_from_cpuid15(0, 176, 24000000), 0);
    assert_int_equal(clock_rate_from_cpuid15(2, 0, 24000000), 0);
    assert_int_equal(clock_rate_from_cpuid15(2, 176, 0), 0);
}

/* Some machines that run this test give their rate by CPUID; then the timer is not asked. */
static bool is_timer_asked(void)
{
    timer.port_b_writes = 0;
    clock_init(0);
    return timer.port_b_writes > 0;
}

static void a_timer_that_counts_is_measured_against_and_its_gate_restored(void **state)
{
    (void)state;
    timer.port_b = 0xa2;
    timer.step = 3;
    timer.readings_left = 100000;
    if (!is_timer_asked())
        skip();
    assert_string_equal(clock_rate_source(), "pit");
    assert_int_equal(timer.port_b, 0xa2);
    /* 596 counts of the real timer pass in half a millisecond. */
    assert_in_range(100000 - timer.readings_left, 596 / 3, 596 / 3 + 10);
}

static void a_timer_that_stands_still_or_stops_ends_the_measurement(void **state)
{
    static const unsigned int stops_after[] = { 0, 1, 50 };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(stops_after); i++) {
        timer.step = 3;
        timer.readings_left = stops_after[i];
        if (!is_timer_asked())
            skip();
        assert_string_not_equal(clock_rate_source(), "pit");
        assert_int_equal(clock_rate_hz(), 1000000000);
    }
}

static void time_counts_from_the_zero_that_was_given(void **state)
{
    (void)state;
    timer.readings_left = 0;
    clock_init(1000);
    if (clock_rate_hz() != 1000000000)
        skip();
    assert_int_equal(clock_nanoseconds(1000), 0);
    assert_int_equal(clock_nanoseconds(1000 + 86400000000000ULL), 86400000000000ULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpuid_gives_the_rate_as_crystal_times_ratio),
        cmocka_unit_test(cpuid_without_all_three_numbers_gives_none),
        cmocka_unit_test(a_timer_that_counts_is_measured_against_and_its_gate_restored),
        cmocka_unit_test(a_timer_that_stands_still_or_stops_ends_the_measurement),
        cmocka_unit_test(time_counts_from_the_zero_that_was_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
