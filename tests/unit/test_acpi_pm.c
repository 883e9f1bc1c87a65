/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver against a model of the timer, at a port or in memory, which may have the PIIX4's erratum: a read
 * that meets a carry returns each changing bit as it was or as it will be.
 */
#include <ashlar/dev/acpi_pm.h>
#include <ashlar/io.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

#include "seed.h"

#define PORT 0x608

static uint32_t reg; /* only its address is used */

static struct {
    bool is_stuck;
    uint32_t count, reserved; /* reserved: or-ed into every value read */
    unsigned int reads_per_tick, ticks_per_read;
    unsigned int wrong_percent; /* of the reads meet a carry */
    unsigned int wrong_reads, reads;
} device;

static uint32_t read_register(void)
{
    device.reads++;
    if (!device.is_stuck)
        device.count += device.reads % device.reads_per_tick == 0 ? device.ticks_per_read : 0;
    uint32_t value = device.count;
    if (device.wrong_percent > 0 && seed_below(100) < device.wrong_percent) {
        /* On the way from one count to the next. */
        uint32_t next = device.count + 1, changing = device.count ^ next;
        value = (device.count & ~changing) | ((uint32_t)seed_next() & changing);
        device.wrong_reads += value != device.count && value != next;
    }
    return value | device.reserved;
}

uint32_t io_in32(uint16_t port)
{
    assert_int_equal(port, PORT);
    return read_register();
}

uint32_t mmio_read32(const volatile void *address)
{
    assert_ptr_equal(address, &reg);
    return read_register();
}

static struct acpi_pm pm;

static int plug_in(void **state)
{
    (void)state;
    memset(&device, 0, sizeof(device));
    device.reads_per_tick = 1;
    device.ticks_per_read = 3;
    return 0;
}

static uint64_t read_counter(void)
{
    return pm.counter.read(&pm.counter);
}

static void a_stopped_timer_is_rejected_in_bounded_time(void **state)
{
    (void)state;
    static const uint32_t values[] = { 0, 0xffffffff, 0x00ffffff };
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        device.is_stuck = true;
        device.count = values[i];
        device.reads = 0;
        assert_int_equal(acpi_pm_init_port(&pm, PORT, 32), STATUS_NOT_FOUND);
        assert_int_equal(acpi_pm_init_memory(&pm, &reg, 24), STATUS_NOT_FOUND);
        assert_in_range(device.reads, 2, 4000);
    }
}

static void only_widths_of_24_and_32_bits_are_accepted(void **state)
{
    (void)state;
    static const uint8_t widths[] = { 0, 8, 16, 23, 25, 31, 33, 64, 255 };
    for (size_t i = 0; i < ARRAY_LEN(widths); i++)
        assert_int_equal(acpi_pm_init_port(&pm, PORT, widths[i]), STATUS_INVALID);
}

static void reserved_bits_of_a_24_bit_timer_are_ignored(void **state)
{
    (void)state;
    device.reserved = 0xff000000;
    device.count = 0x00ffff00;
    assert_int_equal(acpi_pm_init_port(&pm, PORT, 24), STATUS_OK);
    assert_int_equal(pm.counter.bits, 24);
    for (unsigned int i = 0; i < 1000; i++)
        assert_true(read_counter() < 1u << 24);
    assert_false(pm.is_distrusted);
}

static void readings_are_correct_across_the_wrap(void **state)
{
    (void)state;
    for (int bits = 24; bits <= 32; bits += 8)
        for (int in_memory = 0; in_memory < 2; in_memory++) {
            plug_in(state);
            device.count = (bits == 24 ? 0x00ffffff : 0xffffffff) - 300;
            uint8_t width = (uint8_t)bits;
            assert_int_equal(in_memory ? acpi_pm_init_memory(&pm, &reg, width)
                                       : acpi_pm_init_port(&pm, PORT, width),
                             STATUS_OK);
            assert_int_equal(pm.counter.rate_hz, 3579545);
            assert_false(pm.is_distrusted);
            uint64_t mask = bits == 24 ? 0xffffff : 0xffffffff;
            for (int i = 0; i < 300; i++) {
                uint64_t value = read_counter();
                assert_int_equal(value, device.count & mask);
            }
        }
}

static void a_reliable_timer_costs_one_access_per_reading(void **state)
{
    (void)state;
    assert_int_equal(acpi_pm_init_port(&pm, PORT, 32), STATUS_OK);
    assert_in_range(device.reads, 2, 100);
    device.reads = 0;
    for (int i = 0; i < 100; i++)
        read_counter();
    assert_int_equal(device.reads, 100);
}

static void a_timer_slow_compared_with_the_cpu_is_detected(void **state)
{
    (void)state;
    device.reads_per_tick = 100;
    device.ticks_per_read = 1;
    assert_int_equal(acpi_pm_init_port(&pm, PORT, 32), STATUS_OK);
}

static void a_long_step_forward_does_not_make_a_timer_unreliable(void **state)
{
    (void)state;
    device.ticks_per_read = 0x7fffff; /* 2.3 s in the system management mode, each time */
    assert_int_equal(acpi_pm_init_port(&pm, PORT, 24), STATUS_OK);
    assert_false(pm.is_distrusted);
}

static void a_timer_that_goes_backwards_is_marked_unreliable(void **state)
{
    (void)state;
    unsigned int distrusted = 0;
    device.wrong_percent = 40; /* the erratum's 4 % are detected half the time, these almost always */
    device.ticks_per_read = 1;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(acpi_pm_init_port(&pm, PORT, 24), STATUS_OK);
        distrusted += pm.is_distrusted;
    }
    assert_in_range(distrusted, 80, 100);
}

/* Reads @n times; returns how often the result was no count that the timer had between start and end of the
   reading. */
static unsigned int false_readings(unsigned int n)
{
    unsigned int count = 0;
    for (unsigned int i = 0; i < n; i++) {
        uint32_t start = device.count;
        uint32_t value = (uint32_t)read_counter();
        count += ((value - start) & 0xffffff) > device.count + 1 - start;
    }
    return count;
}

static void repeated_reads_correct_the_erratum_of_single_reads(void **state)
{
    (void)state;
    device.ticks_per_read = 1;
    assert_int_equal(acpi_pm_init_port(&pm, PORT, 24), STATUS_OK);
    device.wrong_percent = 4;
    device.count = 0xffff00;
    unsigned int trusted = false_readings(200000);
    acpi_pm_distrust(&pm);
    device.count = 0xffff00;
    device.wrong_reads = 0;
    unsigned int distrusted = false_readings(200000);
    assert_true(device.wrong_reads > 1000);
    assert_true(trusted > 1000);
    /* With a tick an access no carry of two bits or more has another beside it, so that its neighbours are
       true. */
    assert_int_equal(distrusted, 0);
}

static void a_reading_of_an_unreliable_timer_is_close(void **state)
{
    for (unsigned int ticks = 1; ticks <= 8; ticks++) {
        plug_in(state);
        device.ticks_per_read = ticks;
        assert_int_equal(acpi_pm_init_port(&pm, PORT, 24), STATUS_OK);
        acpi_pm_distrust(&pm);
        device.wrong_percent = 4;
        for (unsigned int i = 0; i < 50000; i++) {
            uint32_t start = device.count - 8;
            uint32_t value = (uint32_t)read_counter();
            assert_in_range((value - start) & 0xffffff, 0, device.count + 8 - start);
        }
    }
}

static void a_timer_that_always_goes_backwards_is_read_in_bounded_time(void **state)
{
    (void)state;
    device.ticks_per_read = 0xffffffff;
    assert_int_equal(acpi_pm_init_port(&pm, PORT, 32), STATUS_OK);
    assert_true(pm.is_distrusted);
    device.reads = 0;
    read_counter();
    assert_in_range(device.reads, 3, 100);
}

#define TEST(claim) cmocka_unit_test_setup(claim, plug_in)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_stopped_timer_is_rejected_in_bounded_time),
        TEST(only_widths_of_24_and_32_bits_are_accepted),
        TEST(reserved_bits_of_a_24_bit_timer_are_ignored),
        TEST(readings_are_correct_across_the_wrap),
        TEST(a_reliable_timer_costs_one_access_per_reading),
        TEST(a_timer_slow_compared_with_the_cpu_is_detected),
        TEST(a_long_step_forward_does_not_make_a_timer_unreliable),
        TEST(a_timer_that_goes_backwards_is_marked_unreliable),
        TEST(repeated_reads_correct_the_erratum_of_single_reads),
        TEST(a_reading_of_an_unreliable_timer_is_close),
        TEST(a_timer_that_always_goes_backwards_is_read_in_bounded_time),
    };
    seed_from_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
