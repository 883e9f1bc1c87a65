/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What day it is: read once from the battery clock, and counted on by the clock. UTC, as far as the battery
 * clock is.
 */
#include <ashlar/status.h>
#include <ashlar/types.h>

/**
 * wall_clock_init() - read the battery clock.
 *
 * It shows whole seconds, so what is read is up to a second late; waiting for the next second would take a
 * second.
 * Context: once, first CPU, after time_init().
 */
void wall_clock_init(void);

/**
 * wall_clock_unix_seconds() - seconds since 1970-01-01 00:00 now.
 *
 * Return: STATUS_OK; else why the battery clock could not be read, and @seconds is untouched.
 */
status_t wall_clock_unix_seconds(uint64_t *seconds) MUST_CHECK;

/* Why the date is not to be relied on, in words; NULL when nothing speaks against it. */
const char *wall_clock_doubt(void);
