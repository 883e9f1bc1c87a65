/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The host's calendar, for tests of the real-time clock.
 */
#include <ashlar/types.h>

#include <time.h>

/* Return: seconds since 1970, UTC, of a valid date: @month 1 .. 12, @day from 1. */
static inline uint64_t seconds_of(int year, int month, int day, int hour, int minute, int second)
{
    struct tm tm = { .tm_year = year - 1900,
                     .tm_mon = month - 1,
                     .tm_mday = day,
                     .tm_hour = hour,
                     .tm_min = minute,
                     .tm_sec = second };
    return (uint64_t)timegm(&tm);
}
