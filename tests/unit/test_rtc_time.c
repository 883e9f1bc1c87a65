/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoding the registers of the real-time clock, and the calendar beside the host's.
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

void verify_failed(const char *expression, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, expression);
    abort();
}

static const struct rtc_time untouched = { 1, 2, 3, 4, 5, 6 };

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

static void invalid_dates_are_refused(void **state)
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

/* A byte as a number, computed as the data sheet defines it and not as the driver does. */
static int value_of(int byte, int format)
{
    if (format & RTC_B_DM)
        return byte;
    char digits[3];
    snprintf(digits, sizeof(digits), "%02x", (unsigned int)byte & 0xff);
    return strpbrk(digits, "abcdef") ? -1 : atoi(digits);
}

static void each_byte_is_accepted_exactly_if_it_is_in_range(void **state)
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

static void the_calendar_agrees_with_the_host_at_random_days(void **state)
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

static void the_calendar_agrees_with_the_host_at_both_ends_of_each_month(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(invalid_dates_are_refused),
        cmocka_unit_test(each_byte_is_accepted_exactly_if_it_is_in_range),
        cmocka_unit_test(the_calendar_agrees_with_the_host_at_random_days),
        cmocka_unit_test(the_calendar_agrees_with_the_host_at_both_ends_of_each_month),
    };
    seed_from_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
