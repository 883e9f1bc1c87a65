/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counting missed wraps.
 */
#include <time/wraps.h>

/* a * b / c without overflow, as long as the result and the remainder's product fit. */
static uint64_t scale(uint64_t a, uint64_t b, uint64_t c)
{
    return a / c * b + a % c * b / c;
}

void wraps_begin(struct wraps *wraps, uint64_t tick_hz, uint64_t count_hz)
{
    *wraps = (struct wraps){ .ratio = scale(tick_hz, 1 << 16, count_hz) };
}

enum wraps_verdict wraps_check(struct wraps *wraps, uint64_t tick, uint64_t count, unsigned int bits,
                               uint64_t *missed)
{
    uint64_t ticks = tick - wraps->tick, counts = count - wraps->count, wrap = 1ULL << bits;
    bool has_last = wraps->has_last;
    *missed = 0;
    wraps->tick = tick;
    wraps->count = count;
    wraps->has_last = true;
    if (!has_last)
        return WRAPS_NONE;
    /* The TSC has gone back, or stands still. */
    if ((int64_t)ticks <= 0 || wraps->ratio == 0 || ticks >> 47 != 0)
        return WRAPS_UNKNOWN;
    uint64_t expected = (ticks << 16) / wraps->ratio;
    if (expected < counts + wrap / 2) {
        /* A longer time measures the ratio better, but not one that may have been a wrap longer. */
        if (counts > wrap / 8 && expected < wrap * 3 / 4 && counts < wrap * 3 / 4)
            wraps->ratio = (ticks << 16) / counts;
        return WRAPS_NONE;
    }
    uint64_t late = (expected - counts + wrap / 2) / wrap, found = counts + late * wrap;
    uint64_t distance = found > expected ? found - expected : expected - found;
    if (distance > wrap / 4)
        return WRAPS_UNKNOWN;
    *missed = late;
    wraps->count += late * wrap;
    return WRAPS_MISSED;
}
