/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The PC's real-time clock (MC146818 and compatibles): date and time at boot.
 *
 * Not for its alarm and periodic interrupts. The chip has no time zone; its time is taken as UTC, in the
 * Gregorian calendar, without leap seconds.
 * Source: Motorola MC146818A data sheet, "Time, Calendar, and Alarm Locations", "Update Cycle",
 * "Registers".
 *
 * The chip is read in rtc.c, its registers are decoded in rtc_time.c.
 * Context of all that do not say otherwise: any; they are pure functions.
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
 * rtc_read() - read date and time.
 * @century_register: as the FADT has it; 0 and invalid values (below 14, above 127) mean none.
 * @out:              untouched on failure.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND without a clock; STATUS_TIMEOUT when an update never ends or no two
 *         readings are equal; STATUS_MALFORMED when the registers are not a date.
 * Context: any; no concurrent access to ports 0x70 and 0x71. NMIs are enabled afterwards.
 * Cost: up to 3 ms during an update, 0.2 s when that never ends.
 */
status_t rtc_read(uint8_t century_register, struct rtc_time *out) MUST_CHECK;

/**
 * rtc_has_lost_power() - whether the battery was or is empty: VRT, bit 7 of register D, is clear.
 *
 * Time and RAM, the century included, are then undefined. Reading register D sets the bit, so this must be
 * called before rtc_read(). Some virtual clocks have the bit clear although their time is right.
 * Return: false also without a clock.
 * Context: as rtc_read().
 * Source: Motorola MC146818A data sheet, "Register D", VRT.
 */
bool rtc_has_lost_power(void);

/* Years that are plausible: this kernel was written in the first, and 32 bits of seconds end in 2106. */
#define RTC_PLAUSIBLE_FROM 2024u
#define RTC_PLAUSIBLE_TO   2105u

/**
 * rtc_doubt() - why a date is not reliable.
 * @time:           from rtc_read(), a valid date.
 * @has_lost_power: from rtc_has_lost_power(), called before.
 *
 * Return: the reason, for a log line; NULL when there is none.
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
 * rtc_decode() - decode the registers.
 * @raw:         as they were read.
 * @has_century: whether raw[RTC_CENTURY] is valid.
 * @out:         untouched on failure.
 *
 * Without a century, and with one that is not a number or gives a year before 1970 (firmware never set it),
 * years 70 to 99 are 1970 to 1999 and 0 to 69 are 2000 to 2069.
 * Return: STATUS_OK; STATUS_MALFORMED when they are not a date.
 */
status_t rtc_decode(const uint8_t raw[RTC_FIELDS], bool has_century, struct rtc_time *out) MUST_CHECK;

/* The last second of the year 9999. */
#define RTC_UNIX_MAX 253402300799u

/* Return: seconds since 1970-01-01 00:00:00. @time: a valid date. */
uint64_t rtc_to_unix(const struct rtc_time *time);

/* The inverse. @seconds: 0 .. RTC_UNIX_MAX. */
void rtc_from_unix(uint64_t seconds, struct rtc_time *out);
