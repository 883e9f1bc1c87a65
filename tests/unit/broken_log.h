/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * kernel64/log/log.c with ways to break its ring, whose data is private. Apart from the test, because the
 * log's string.h is not the C library's.
 */
#include <log/log.h>

#define BROKEN_LOG_RECORDS_MAX (65536 / 16) /* as many as the ring has room for, and more than it holds */

/* Gives the oldest record another length and level. */
void broken_log_change_first(uint16_t length, uint8_t level);

/* The same for the first line of those that are deferred. */
void broken_log_change_deferred(uint16_t length, uint8_t level);

/* The ring ends a byte early. */
void broken_log_cut_end(void);

/* The oldest record begins after the ring's end. */
void broken_log_move_start(void);
