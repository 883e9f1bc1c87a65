/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver against a model of the chip, whose time passes with each access and which shows garbage while it
 * updates; the calendar against the host's.
 */
#include <ashlar/check.h>
#include <ashlar/dev/rtc.h>
#include <ashlar/io.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "seed.h"

#define CENTURY 0x32

void verify_failed(const char *expression, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, expression);
    abort();
}

static struct {
    bool is_present;
    uint8_t format; /* register B */
    bool has_century;
    uint8_t century_kept; /* shown instead of the true one, if not 0 */

    uint64_t seconds;      /* since 1970 */
    uint64_t microseconds; /* in this second; the update is at its end */
    uint64_t us_per_access;
    uint64_t seconds_per_access; /* a chip that is out of its mind */
    bool announces_nothing, announces_always, shows_garbage;
    bool has_lost_power; /* until somebody has seen it */

    uint8_t index;
    bool is_index_open; /* written, and no access to the data since */
    unsigned int accesses, masked_nmis;
} device;

static void pass(void)
{
    device.accesses++;
    device.microseconds += device.us_per_access;
    device.seconds += device.microseconds / 1000000 + device.seconds_per_access;
    device.microseconds %= 1000000;
}

static uint8_t encode(unsigned int value)
{
    return (uint8_t)(device.format & RTC_B_DM ? value : value / 10 * 16 + value % 10);
}

static uint8_t encode_hour(unsigned int hour)
{
    if (device.format & RTC_B_24_HOUR)
        return encode(hour);
    unsigned int shown = hour == 0 ? 12 : hour > 12 ? hour - 12 : hour;
    return (uint8_t)(encode(shown) | (hour >= 12 ? 0x80 : 0));
}

/* The announcement begins 244 us before the update, and the update takes 1984 us. */
static bool is_update_announced(void)
{
    if (device.announces_nothing || device.announces_always)
        return device.announces_always;
    return device.microseconds >= 1000000 - 1984 - 244;
}

static bool is_updating(void)
{
    return device.shows_garbage && device.microseconds >= 1000000 - 1984;
}

static uint8_t time_register(uint8_t index)
{
    if (is_updating())
        return (uint8_t)seed_next();
    time_t now = (time_t)device.seconds;
    struct tm tm;
    gmtime_r(&now, &tm);
    unsigned int year = (unsigned int)tm.tm_year + 1900;
    switch (index) {
    case 0x00:
        return encode((unsigned int)tm.tm_sec);
    case 0x02:
        return encode((unsigned int)tm.tm_min);
    case 0x04:
        return encode_hour((unsigned int)tm.tm_hour);
    case 0x07:
        return encode((unsigned int)tm.tm_mday);
    case 0x08:
        return encode((unsigned int)tm.tm_mon + 1);
    case 0x09:
        return encode(year % 100);
    default:
        assert_true(device.has_century);
        assert_int_equal(index, CENTURY);
        return device.century_kept ? device.century_kept : encode(year / 100);
    }
}

void io_out8(uint16_t port, uint8_t value)
{
    assert_int_equal(port, 0x70);
    pass();
    assert_false(device.is_index_open);
    device.is_index_open = true;
    device.masked_nmis += value >> 7;
    device.index = value & 0x7f;
}

uint8_t io_in8(uint16_t port)
{
    assert_int_equal(port, 0x71);
    pass();
    assert_true(device.is_index_open);
    device.is_index_open = false;
    if (!device.is_present)
        return 0xff;
    switch (device.index) {
    case 0x0a:
        return (uint8_t)(0x26 | (is_update_announced() ? 0x80 : 0));
    case 0x0b:
        return device.format;
    case 0x0d: {
        bool has_lost_power = device.has_lost_power;
        device.has_lost_power = false;
        return has_lost_power ? 0 : 0x80;
    }
    default:
        return time_register(device.index);
    }
}

static int plug_in(void **state)
{
    (void)state;
    memset(&device, 0, sizeof(device));
    device.is_present = device.has_century = device.shows_garbage = true;
    device.format = RTC_B_24_HOUR;
    device.us_per_access = 1;
    device.seconds = 1709164800; /* 2024-02-29 */
    return 0;
}

static uint64_t seconds_of(int year, int month, int day, int hour, int minute, int second)
{
    struct tm tm = { .tm_year = year - 1900,
                     .tm_mon = month - 1,
                     .tm_mday = day,
                     .tm_hour = hour,
                     .tm_min = minute,
                     .tm_sec = second };
    return (uint64_t)timegm(&tm);
}

/* Return: what rtc_read() gives, as seconds since 1970. */
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

static void without_a_chip_it_is_not_found(void **state)
{
    (void)state;
    device.is_present = false;
    expect_failure(STATUS_NOT_FOUND);
}

static void an_update_that_never_ends_is_given_up(void **state)
{
    (void)state;
    device.announces_always = true;
    expect_failure(STATUS_TIMEOUT);
}

static void a_time_that_is_never_the_same_twice_is_given_up(void **state)
{
    (void)state;
    device.announces_nothing = true;
    device.seconds_per_access = 1;
    expect_failure(STATUS_TIMEOUT);
}

static void nmis_stay_on_and_the_index_is_left_where_it_does_no_harm(void **state)
{
    (void)state;
    read_seconds();
    assert_int_equal(device.masked_nmis, 0);
    assert_int_equal(device.index, 0x0d);
    assert_false(device.is_index_open);
}

static void a_register_that_cannot_hold_a_century_is_not_read(void **state)
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

static void awkward_dates_are_read(void **state)
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

static void a_century_that_is_nonsense_counts_as_none(void **state)
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

/* A laptop whose battery was dead for years: what its memory holds for a century is chance. */
static void the_date_behind_a_dead_battery_is_doubted(void **state)
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
    assert_non_null(read_and_doubt()); /* the year may be right, and nobody can know it */
    assert_null(read_and_doubt());
}

static void years_that_nobody_can_see_here_are_doubted(void **state)
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

static status_t decode(uint8_t year, uint8_t month, uint8_t day, uint8_t hour, uint8_t minute, uint8_t second,
                       uint8_t century, uint8_t format)
{
    const uint8_t raw[RTC_FIELDS] = {
        [RTC_SECOND] = second, [RTC_MINUTE] = minute, [RTC_HOUR] = hour,     [RTC_DAY] = day,
        [RTC_MONTH] = month,   [RTC_YEAR] = year,     [RTC_FORMAT] = format, [RTC_CENTURY] = century,
    };
    struct rtc_time time = untouched;
    status_t status = rtc_decode(raw, true, &time);
    if (status != STATUS_OK)
        assert_memory_equal(&time, &untouched, sizeof(time));
    return status;
}

static void days_that_are_not_in_the_calendar_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t century, year, month, day;
        status_t status;
    } days[] = {
        { 0x20, 0x24, 0x02, 0x29, STATUS_OK },        { 0x20, 0x24, 0x02, 0x30, STATUS_MALFORMED },
        { 0x20, 0x23, 0x02, 0x29, STATUS_MALFORMED }, { 0x20, 0x00, 0x02, 0x29, STATUS_OK },
        { 0x21, 0x00, 0x02, 0x28, STATUS_OK },        { 0x21, 0x00, 0x02, 0x29, STATUS_MALFORMED },
        { 0x24, 0x00, 0x02, 0x29, STATUS_OK },        { 0x20, 0x24, 0x02, 0x31, STATUS_MALFORMED },
        { 0x20, 0x24, 0x04, 0x31, STATUS_MALFORMED }, { 0x20, 0x24, 0x06, 0x31, STATUS_MALFORMED },
        { 0x20, 0x24, 0x09, 0x31, STATUS_MALFORMED }, { 0x20, 0x24, 0x11, 0x31, STATUS_MALFORMED },
        { 0x20, 0x24, 0x12, 0x31, STATUS_OK },        { 0x20, 0x24, 0x12, 0x32, STATUS_MALFORMED },
        { 0x20, 0x24, 0x00, 0x10, STATUS_MALFORMED }, { 0x20, 0x24, 0x13, 0x10, STATUS_MALFORMED },
        { 0x20, 0x24, 0x10, 0x00, STATUS_MALFORMED }, { 0x99, 0x99, 0x12, 0x31, STATUS_OK },
    };
    for (size_t i = 0; i < ARRAY_LEN(days); i++)
        assert_int_equal(
            decode(days[i].year, days[i].month, days[i].day, 0, 0, 0, days[i].century, RTC_B_24_HOUR),
            days[i].status);
}

/* What a byte is as a number, in the words of the data sheet and not of the driver. */
static int value_of(int byte, int format)
{
    if (format & RTC_B_DM)
        return byte;
    char digits[3];
    snprintf(digits, sizeof(digits), "%02x", (unsigned int)byte & 0xff);
    return strpbrk(digits, "abcdef") ? -1 : atoi(digits);
}

static void each_byte_is_taken_exactly_when_it_is_a_number_in_range(void **state)
{
    (void)state;
    for (uint8_t format = 0; format < 8; format += 2)
        for (int byte = 0; byte < 256; byte++) {
            uint8_t b = (uint8_t)byte, noon = 0x08;
            int value = value_of(byte, format);
            bool is_24 = format & RTC_B_24_HOUR;
            int hour = is_24 ? value : value_of(byte & 0x7f, format);
            bool is_hour = is_24 ? hour >= 0 && hour <= 23 : hour >= 1 && hour <= 12;
            uint8_t century = format & RTC_B_DM ? 20 : 0x20;
            assert_int_equal(decode(1, 1, 1, noon, 1, b, century, format) == STATUS_OK,
                             value >= 0 && value <= 59);
            assert_int_equal(decode(1, 1, 1, noon, b, 1, century, format) == STATUS_OK,
                             value >= 0 && value <= 59);
            assert_int_equal(decode(1, 1, 1, b, 1, 1, century, format) == STATUS_OK, is_hour);
            assert_int_equal(decode(1, 1, b, noon, 1, 1, century, format) == STATUS_OK,
                             value >= 1 && value <= 31);
            assert_int_equal(decode(1, b, 1, noon, 1, 1, century, format) == STATUS_OK,
                             value >= 1 && value <= 12);
            assert_int_equal(decode(b, 1, 1, noon, 1, 1, century, format) == STATUS_OK,
                             value >= 0 && value <= 99);
            assert_int_equal(decode(1, 1, 1, noon, 1, 1, b, format), STATUS_OK);
        }
}

static void expect_calendar_agrees(uint64_t seconds)
{
    struct rtc_time time;
    struct tm tm;
    time_t host = (time_t)seconds;
    rtc_from_unix(seconds, &time);
    assert_non_null(gmtime_r(&host, &tm));
    assert_int_equal(time.year, tm.tm_year + 1900);
    assert_int_equal(time.month, tm.tm_mon + 1);
    assert_int_equal(time.day, tm.tm_mday);
    assert_int_equal(time.hour, tm.tm_hour);
    assert_int_equal(time.minute, tm.tm_min);
    assert_int_equal(time.second, tm.tm_sec);
    assert_int_equal(rtc_to_unix(&time), timegm(&tm));
    assert_int_equal(rtc_to_unix(&time), seconds);
}

static void the_calendar_is_the_hosts_over_a_random_walk(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 100000; i++)
        expect_calendar_agrees(seed_next() % (RTC_UNIX_MAX + 1));
    uint64_t at = seed_next() % RTC_UNIX_MAX;
    for (unsigned int i = 0; i < 100000; i++) {
        at = (at + (1ULL << seed_below(32))) % (RTC_UNIX_MAX + 1);
        expect_calendar_agrees(at);
    }
}

static void the_calendar_is_the_hosts_at_both_ends_of_each_month(void **state)
{
    (void)state;
    for (int year = 1970; year <= 9999; year++)
        for (int month = 1; month <= 12; month++) {
            uint64_t first = seconds_of(year, month, 1, 0, 0, 0);
            expect_calendar_agrees(first);
            if (first > 0)
                expect_calendar_agrees(first - 1);
        }
    expect_calendar_agrees(RTC_UNIX_MAX);
}

static void a_clock_in_any_format_is_read_right_at_random_times(void **state)
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

#define TEST(claim) cmocka_unit_test_setup(claim, plug_in)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_chip_it_is_not_found),
        TEST(an_update_that_never_ends_is_given_up),
        TEST(a_time_that_is_never_the_same_twice_is_given_up),
        TEST(nmis_stay_on_and_the_index_is_left_where_it_does_no_harm),
        TEST(a_register_that_cannot_hold_a_century_is_not_read),
        TEST(an_update_at_any_byte_gives_the_time_before_or_after),
        TEST(awkward_dates_are_read),
        TEST(without_a_century_years_from_70_are_19xx_and_below_are_20xx),
        TEST(a_century_that_is_nonsense_counts_as_none),
        TEST(the_date_behind_a_dead_battery_is_doubted),
        TEST(years_that_nobody_can_see_here_are_doubted),
        TEST(days_that_are_not_in_the_calendar_are_refused),
        TEST(each_byte_is_taken_exactly_when_it_is_a_number_in_range),
        TEST(the_calendar_is_the_hosts_over_a_random_walk),
        TEST(the_calendar_is_the_hosts_at_both_ends_of_each_month),
        TEST(a_clock_in_any_format_is_read_right_at_random_times),
    };
    seed_from_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
