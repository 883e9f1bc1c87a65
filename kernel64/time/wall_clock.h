/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The date: read once from the battery clock (RTC), and advanced by the clock. UTC, if the battery clock has
 * UTC.
 */
#include <ashlar/status.h>
#include <ashlar/types.h>

/**
 * wall_clock_init() - read the battery clock.
 *
 * It has whole seconds, so the result is up to a second late: waiting for the next second would take up to a
 * second.
 * Context: once, BSP, after time_init().
 */
void wall_clock_init(void);

/**
 * wall_clock_unix_seconds() - the time since 1970-01-01 00:00.
 * @seconds: receives it; untouched on failure.
 *
 * Return: STATUS_OK; else why the battery clock could not be read.
 * Context: any but NMI, after wall_clock_init().
 */
status_t wall_clock_unix_seconds(uint64_t *seconds) MUST_CHECK;

/* Why the date is doubtful, as words for a user; NULL when nothing speaks against it. Context: any. */
const char *wall_clock_doubt(void);
