/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver of the real-time clock on a model of the chip; the calendar is in test_rtc_time.c.
 */
#include <ashlar/check.h>
#include <ashlar/dev/rtc.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <seed.h>
#include <unix_time.h>
#include <rtc_model.h>

void verify_failed(const char *expression, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, expression);
    abort();
}

/* Return: the result of rtc_read(), as seconds since 1970. */
static uint64_t read_seconds(void)
{
    struct rtc_time time;
    assert_int_equal(rtc_read(device.has_century ? CENTURY : 0, &time), STATUS_OK);
    return rtc_to_unix(&time);
}

static const struct rtc_time untouched = { 1, 2, 3, 4, 5, 6 };

static void expect_failure(status_t expected)
{
    struct rtc_time time = untouched;
    device.accesses = 0;
    assert_int_equal(rtc_read(CENTURY, &time), expected);
    assert_memory_equal(&time, &untouched, sizeof(time));
    assert_in_range(device.accesses, 1, 500000);
}

static void a_missing_chip_is_detected(void **state)
{
    (void)state;
    device.is_present = false;
    expect_failure(STATUS_NOT_FOUND);
}

static void an_endless_update_is_given_up(void **state)
{
    (void)state;
    device.announces_always = true;
    expect_failure(STATUS_TIMEOUT);
}

static void a_time_that_never_reads_the_same_twice_is_given_up(void **state)
{
    (void)state;
    device.announces_nothing = true;
    device.seconds_per_access = 1;
    expect_failure(STATUS_TIMEOUT);
}

static void nmis_stay_enabled_and_the_index_is_left_at_a_harmless_register(void **state)
{
    (void)state;
    read_seconds();
    assert_int_equal(device.masked_nmis, 0);
    assert_int_equal(device.index, 0x0d);
    assert_false(device.is_index_open);
}

static void an_invalid_century_register_is_not_read(void **state)
{
    (void)state;
    static const uint8_t registers[] = { 0, 1, 9, 0x0a, 0x0d, 0x80, 0xb2, 0xff };
    device.has_century = false;
    for (size_t i = 0; i < ARRAY_LEN(registers); i++) {
        struct rtc_time time;
        device.masked_nmis = 0;
        assert_int_equal(rtc_read(registers[i], &time), STATUS_OK);
        assert_int_equal(time.year, 2024);
        assert_int_equal(device.masked_nmis, 0);
    }
}

/* The turn of a second at which most changes, at each access of a reading and in all formats. */
static void an_update_at_any_byte_gives_the_time_before_or_after(void **state)
{
    static const uint64_t us_per_access[] = { 1, 10, 50, 100, 300 };
    uint64_t turn = seconds_of(2100, 1, 1, 0, 0, 0);
    for (size_t speed = 0; speed < ARRAY_LEN(us_per_access); speed++)
        for (uint8_t format = 0; format < 8; format += 2)
            for (unsigned int ahead = 0; ahead < 60; ahead++)
                for (int broken = 0; broken < 2; broken++) {
                    plug_in(state);
                    device.format = format;
                    device.us_per_access = us_per_access[speed];
                    /* Broken: it changes from one time to the next, unannounced and without garbage. */
                    device.announces_nothing = broken;
                    device.shows_garbage = !broken;
                    device.seconds = turn - 1;
                    uint64_t turn_us = broken ? 1000000 : 1000000 - (ahead % 2 ? 1984 : 2228);
                    device.microseconds = turn_us - ahead * us_per_access[speed];
                    uint64_t seconds = read_seconds();
                    assert_in_range(seconds, turn - 1, turn);
                    assert_in_range(seconds, turn - 1, device.seconds);
                }
}

static void edge_case_dates_are_read(void **state)
{
    static const int dates[][6] = {
        { 1970, 1, 1, 0, 0, 0 },      { 1999, 12, 31, 23, 59, 59 }, { 2000, 1, 1, 0, 0, 0 },
        { 2000, 2, 29, 12, 0, 0 },    { 2024, 2, 29, 0, 0, 0 },     { 2024, 3, 1, 0, 0, 0 },
        { 2038, 1, 19, 3, 14, 8 },    { 2069, 12, 31, 23, 59, 59 }, { 2070, 1, 1, 0, 0, 0 },
        { 2099, 12, 31, 23, 59, 59 }, { 2100, 1, 1, 0, 0, 0 },      { 2100, 2, 28, 23, 59, 59 },
        { 2100, 3, 1, 0, 0, 0 },      { 2106, 2, 7, 6, 28, 16 },    { 2400, 2, 29, 1, 2, 3 },
        { 9999, 12, 31, 23, 59, 59 }, { 2026, 6, 30, 11, 59, 59 },  { 2026, 6, 30, 12, 0, 0 },
        { 2026, 6, 30, 12, 59, 59 },  { 2026, 6, 30, 13, 0, 0 },    { 2026, 6, 30, 0, 59, 59 },
        { 2026, 6, 30, 1, 0, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(dates); i++)
        for (uint8_t format = 0; format < 8; format += 2) {
            plug_in(state);
            const int *date = dates[i];
            device.format = format;
            device.seconds = seconds_of(date[0], date[1], date[2], date[3], date[4], date[5]);
            struct rtc_time time;
            assert_int_equal(rtc_read(CENTURY, &time), STATUS_OK);
            assert_int_equal(time.year, date[0]);
            assert_int_equal(time.month, date[1]);
            assert_int_equal(time.day, date[2]);
            assert_int_equal(time.hour, date[3]);
            assert_int_equal(time.minute, date[4]);
            assert_int_equal(time.second, date[5]);
        }
}

static void without_a_century_years_from_70_are_19xx_and_below_are_20xx(void **state)
{
    (void)state;
    device.has_century = false;
    for (int year = 1970; year < 2070; year++) {
        device.seconds = seconds_of(year, 12, 31, 0, 0, 0);
        assert_int_equal(read_seconds(), device.seconds);
    }
}

static void an_invalid_century_is_ignored(void **state)
{
    (void)state;
    static const uint8_t centuries[] = { 0xff, 0x0a, 0x18, 0x01, 0xa0, 0x1f, 0x19 };
    device.seconds = seconds_of(2026, 11, 21, 7, 23, 11);
    for (size_t i = 0; i < ARRAY_LEN(centuries); i++) {
        device.century_kept = centuries[i];
        assert_int_equal(read_seconds(), device.seconds);
    }
    device.seconds = seconds_of(1986, 11, 21, 7, 23, 11);
    device.century_kept = 0x18;
    assert_int_equal(read_seconds(), device.seconds);
}

static const char *read_and_doubt(void)
{
    struct rtc_time time;
    bool has_lost_power = rtc_has_lost_power();
    assert_int_equal(rtc_read(CENTURY, &time), STATUS_OK);
    return rtc_doubt(&time, has_lost_power);
}

/* A laptop whose battery was dead for years: the century byte in its memory is arbitrary. */
static void the_default_date_of_a_dead_battery_is_marked_doubtful(void **state)
{
    static const uint8_t centuries[] = { 0x99, 0x00, 0x18, 0x22, 0x85 };
    (void)state;
    device.seconds = seconds_of(2026, 11, 21, 7, 23, 11);
    assert_null(read_and_doubt());
    device.century_kept = 0x99;
    struct rtc_time time;
    assert_int_equal(rtc_read(CENTURY, &time), STATUS_OK);
    assert_int_equal(time.year, 9926);
    assert_non_null(rtc_doubt(&time, false));
    for (size_t i = 0; i < ARRAY_LEN(centuries); i++) {
        device.century_kept = centuries[i];
        device.has_lost_power = true;
        assert_non_null(read_and_doubt());
    }
    device.century_kept = 0;
    device.has_lost_power = true;
    assert_non_null(read_and_doubt()); /* the year may be right, but that cannot be verified */
    assert_null(read_and_doubt());
}

static void implausible_years_are_marked_doubtful(void **state)
{
    static const struct {
        int year;
        bool is_doubted;
    } years[] = { { 1970, true },  { 1980, true },  { 1999, true },  { 2023, true },
                  { 2024, false }, { 2026, false }, { 2069, false }, { 2105, false },
                  { 2106, true },  { 2226, true },  { 9999, true } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(years); i++) {
        device.seconds = seconds_of(years[i].year, 6, 1, 0, 0, 0);
        assert_int_equal(read_and_doubt() != NULL, years[i].is_doubted);
    }
}

static void random_times_are_read_correctly_in_every_format(void **state)
{
    for (unsigned int i = 0; i < 20000; i++) {
        plug_in(state);
        device.format = (uint8_t)(seed_below(4) * 2);
        device.seconds = seed_next() % RTC_UNIX_MAX;
        device.microseconds = seed_below(1000000);
        uint64_t before = device.seconds;
        uint64_t seconds = read_seconds();
        assert_in_range(seconds, before, device.seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_missing_chip_is_detected),
        TEST(an_endless_update_is_given_up),
        TEST(a_time_that_never_reads_the_same_twice_is_given_up),
        TEST(nmis_stay_enabled_and_the_index_is_left_at_a_harmless_register),
        TEST(an_invalid_century_register_is_not_read),
        TEST(an_update_at_any_byte_gives_the_time_before_or_after),
        TEST(edge_case_dates_are_read),
        TEST(without_a_century_years_from_70_are_19xx_and_below_are_20xx),
        TEST(an_invalid_century_is_ignored),
        TEST(the_default_date_of_a_dead_battery_is_marked_doubtful),
        TEST(implausible_years_are_marked_doubtful),
        TEST(random_times_are_read_correctly_in_every_format),
    };
    seed_from_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
