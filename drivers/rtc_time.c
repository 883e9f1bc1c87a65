/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoding of the real-time clock's registers, and the calendar. Pure functions.
 *
 * Register B has the format: BCD or binary, 12 hours or 24. The century is not a register of the chip but a
 * byte of its RAM that firmware may maintain; it has the same format. The day of the week is ignored:
 * firmware differs in which day is the first, and it follows from the date.
 */
#include <ashlar/dev/rtc.h>

#include <ashlar/check.h>

#define FIRST_YEAR         1970u
#define SECONDS_PER_DAY    86400u
#define SECONDS_PER_HOUR   3600u
#define SECONDS_PER_MINUTE 60u

#define HOUR_PM   0x80u
#define NO_NUMBER UINT32_MAX

static bool is_leap_year(uint32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static uint32_t days_in_month(uint32_t year, uint32_t month)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

/* Return: days from the first day of FIRST_YEAR to that of @year. */
static uint32_t days_to_year(uint32_t year)
{
    /* Leap years from the year 1 up to and including the last one. */
    uint32_t last = year - 1, before = FIRST_YEAR - 1;
    uint32_t leap_years = (last / 4 - last / 100 + last / 400) - (before / 4 - before / 100 + before / 400);
    return (year - FIRST_YEAR) * 365 + leap_years;
}

/* Return: 0 .. 255; NO_NUMBER for a low digit above 9. A high digit above 9 gives
   a number above every limit. */
static uint32_t number_of(uint8_t raw, uint8_t format)
{
    if (format & RTC_B_DM)
        return raw;
    uint32_t ones = raw & 0x0fu;
    return ones <= 9 ? (raw >> 4) * 10u + ones : NO_NUMBER;
}

/* Return: 0 .. 23, or more than that. */
static uint32_t hour_of(uint8_t raw, uint8_t format)
{
    if (format & RTC_B_24_HOUR)
        return number_of(raw, format);
    /* The hour after midnight is 12 AM, the one after noon is 12 PM. */
    uint32_t hour = number_of(raw & (uint8_t)~HOUR_PM, format);
    if (hour < 1 || hour > 12)
        return NO_NUMBER;
    return hour % 12 + (raw & HOUR_PM ? 12 : 0);
}

static uint32_t year_of(const uint8_t raw[RTC_FIELDS], bool has_century)
{
    uint32_t in_century = number_of(raw[RTC_YEAR], raw[RTC_FORMAT]);
    if (in_century > 99)
        return NO_NUMBER;
    uint32_t century = number_of(raw[RTC_CENTURY], raw[RTC_FORMAT]);
    if (has_century && century <= 99 && century * 100 + in_century >= FIRST_YEAR)
        return century * 100 + in_century;
    return in_century + (in_century >= 70 ? 1900 : 2000);
}

status_t rtc_decode(const uint8_t raw[RTC_FIELDS], bool has_century, struct rtc_time *out)
{
    const uint8_t format = raw[RTC_FORMAT];
    uint32_t second = number_of(raw[RTC_SECOND], format), minute = number_of(raw[RTC_MINUTE], format);
    uint32_t hour = hour_of(raw[RTC_HOUR], format), day = number_of(raw[RTC_DAY], format);
    uint32_t month = number_of(raw[RTC_MONTH], format), year = year_of(raw, has_century);
    if (second > 59 || minute > 59 || hour > 23 || year > 9999 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month))
        return STATUS_MALFORMED;

    *out = (struct rtc_time){
        .year = (uint16_t)year,
        .month = (uint8_t)month,
        .day = (uint8_t)day,
        .hour = (uint8_t)hour,
        .minute = (uint8_t)minute,
        .second = (uint8_t)second,
    };
    return STATUS_OK;
}

const char *rtc_doubt(const struct rtc_time *time, bool has_lost_power)
{
    if (has_lost_power)
        return "the clock lost power (empty battery?)";
    if (time->year < RTC_PLAUSIBLE_FROM)
        return "the year is before this kernel was written";
    return time->year > RTC_PLAUSIBLE_TO ? "the year is not of this century (empty battery?)" : NULL;
}

uint64_t rtc_to_unix(const struct rtc_time *time)
{
    uint32_t days = days_to_year(time->year) + time->day - 1;
    for (uint32_t month = 1; month < time->month; month++)
        days += days_in_month(time->year, month);
    return (uint64_t)days * SECONDS_PER_DAY + time->hour * SECONDS_PER_HOUR +
           time->minute * SECONDS_PER_MINUTE + time->second;
}

void rtc_from_unix(uint64_t seconds, struct rtc_time *out)
{
    CHECK(seconds <= RTC_UNIX_MAX, "rtc: a time is one that the RTC can hold");
    uint32_t days = (uint32_t)(seconds / SECONDS_PER_DAY), rest = (uint32_t)(seconds % SECONDS_PER_DAY);
    /* A lower bound, at most 16 years too early. */
    uint32_t year = FIRST_YEAR + days / 366, month = 1;
    while (days >= days_to_year(year + 1))
        year++;
    days -= days_to_year(year);
    for (; days >= days_in_month(year, month); month++)
        days -= days_in_month(year, month);

    *out = (struct rtc_time){
        .year = (uint16_t)year,
        .month = (uint8_t)month,
        .day = (uint8_t)(days + 1),
        .hour = (uint8_t)(rest / SECONDS_PER_HOUR),
        .minute = (uint8_t)(rest % SECONDS_PER_HOUR / SECONDS_PER_MINUTE),
        .second = (uint8_t)(rest % SECONDS_PER_MINUTE),
    };
}
