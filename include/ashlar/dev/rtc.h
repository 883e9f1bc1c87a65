/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The PC's battery clock (MC146818 and what is compatible): the date and time when the machine starts.
 *
 * Not for its alarm and periodic interrupts. What zone the clock shows, it does not know; here it is taken as
 * UTC, in the Gregorian calendar, without leap seconds.
 * Source: Motorola MC146818A data sheet (1984), "Time, Calendar, and Alarm Locations", "Update Cycle",
 * "Registers".
 */
#include <ashlar/status.h>
#include <ashlar/types.h>

struct rtc_time {
    uint16_t year;  /* 1970 .. 9999 */
    uint8_t month;  /* 1 .. 12 */
    uint8_t day;    /* 1 .. 31 */
    uint8_t hour;   /* 0 .. 23 */
    uint8_t minute; /* 0 .. 59 */
    uint8_t second; /* 0 .. 59 */
};

/**
 * rtc_read() - what the clock shows.
 * @century_register: of the FADT; 0 for none, and so is what cannot be one (below 14, above 127).
 * @out:              untouched on failure.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND without a clock; STATUS_TIMEOUT when an update never ends or the time
 *         is never the same twice; STATUS_MALFORMED when it is no date.
 * Context: any; nobody else uses ports 0x70 and 0x71. NMIs are on afterwards. Up to 3 ms when it meets an
 *          update, 0.2 s when that never ends.
 */
status_t rtc_read(uint8_t century_register, struct rtc_time *out) MUST_CHECK;

/**
 * rtc_has_lost_power() - whether the battery was or is empty: VRT, bit 7 of register D, is clear.
 *
 * Time and memory, the century among it, have then no defined content. Reading sets the bit again, so whoever
 * reads the clock asks this first. Some virtual clocks keep the bit clear beside a right time.
 * Return: false also without a clock. Context: as rtc_read().
 * Source: MC146818A data sheet, "Register D", VRT.
 */
bool rtc_has_lost_power(void);

/* A date that this kernel cannot see: it was written later, and 32 bits of seconds end in 2106. */
#define RTC_PLAUSIBLE_FROM 2024u
#define RTC_PLAUSIBLE_TO   2105u

/**
 * rtc_doubt() - why the date that a clock shows is not to be relied on.
 * @time:           as rtc_read() gave it; its calendar is right.
 * @has_lost_power: rtc_has_lost_power(), asked before.
 *
 * Return: the reason in words; NULL when there is none. Pure.
 */
const char *rtc_doubt(const struct rtc_time *time, bool has_lost_power);

/* The registers that make a time. */
enum rtc_field {
    RTC_SECOND,
    RTC_MINUTE,
    RTC_HOUR,
    RTC_DAY,
    RTC_MONTH,
    RTC_YEAR,
    RTC_FORMAT, /* register B */
    RTC_CENTURY,
    RTC_FIELDS
};

/* In RTC_FORMAT. */
#define RTC_B_DM      0x04u /* else BCD */
#define RTC_B_24_HOUR 0x02u /* else 1 .. 12, and bit 7 of the hour is PM */

/**
 * rtc_decode() - what the registers mean.
 * @raw:         as they were read.
 * @has_century: whether raw[RTC_CENTURY] is one.
 * @out:         untouched on failure.
 *
 * Without a century, and with one that is not a number or gives a year before 1970, as firmware that never
 * set it leaves it, years 70 to 99 are 1970 to 1999 and 0 to 69 are 2000 to 2069.
 * Return: STATUS_OK; STATUS_MALFORMED. Pure.
 */
status_t rtc_decode(const uint8_t raw[RTC_FIELDS], bool has_century, struct rtc_time *out) MUST_CHECK;

/* The last second of the year 9999. */
#define RTC_UNIX_MAX 253402300799u

/* Return: seconds since 1970-01-01 00:00:00; @time is a date as above. Pure. */
uint64_t rtc_to_unix(const struct rtc_time *time);

/* The inverse; @seconds: 0 .. RTC_UNIX_MAX. Pure. */
void unix_to_date(uint64_t seconds, struct rtc_time *out);
