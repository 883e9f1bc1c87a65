/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The date: read once from the real-time clock (RTC), and advanced by the clock. It is UTC if the RTC is set
 * to UTC.
 */
#include <ashlar/status.h>
#include <ashlar/types.h>

/**
 * wall_clock_init() - read the RTC.
 *
 * It has whole seconds, so the result is up to a second late. Refused: waiting for the next second, which
 * takes up to a second.
 * Context: once, BSP, after time_init().
 */
void wall_clock_init(void);

/**
 * wall_clock_unix_seconds() - the time since 1970-01-01 00:00.
 * @seconds: receives it; untouched on failure.
 *
 * Return: STATUS_OK; else why the RTC could not be read.
 * Context: any but NMI, after wall_clock_init().
 */
status_t wall_clock_unix_seconds(uint64_t *seconds) MUST_CHECK;

/* The reason why the date is doubtful, for the log; NULL: it is plausible. Context: any. */
const char *wall_clock_doubt(void);
