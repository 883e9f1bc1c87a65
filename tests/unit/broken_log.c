/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The subject of broken_log.h.
 */
#include "broken_log.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include): its data is broken on purpose, and is private. */
#include <log/log.c>

STATIC_ASSERT(BROKEN_LOG_RECORDS_MAX >= RING_SIZE / sizeof(struct record), "they fill the ring");

static void change(uint64_t at, uint16_t length, uint8_t level)
{
    struct record record;
    ring_read(at, &record, sizeof(record));
    record.length = length;
    record.level = level;
    ring_write(at, &record, sizeof(record));
}

void broken_log_change_first(uint16_t length, uint8_t level)
{
    change(ring.start, length, level);
}

void broken_log_change_deferred(uint16_t length, uint8_t level)
{
    change(deferred_from, length, level);
}

void broken_log_cut_end(void)
{
    ring.end--;
}

void broken_log_move_start(void)
{
    ring.start = ring.end + 1;
}
