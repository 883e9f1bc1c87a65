/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comparing two counters over longer and longer times.
 */
#include <time/watchdog_rule.h>

#define PPM 1000000LL

/* a * b / c without overflow for the sizes here: a is less than an hour of ticks, b a rate. */
static uint64_t scale(uint64_t a, uint64_t b, uint64_t c)
{
    return a / c * b + a % c * b / c;
}

static void remember(struct watch *watch, uint64_t tick, uint64_t count)
{
    watch->tick = tick;
    watch->count = count;
    watch->has_looked = true;
}

enum watch_verdict watch_judge(struct watch *watch, uint64_t tick, uint64_t count, int64_t *ppm)
{
    uint64_t ticks = tick - watch->tick, counts = (count - watch->count) & watch->mask;
    uint64_t elapsed_ns = scale(ticks, NS_PER_SECOND, watch->rate_hz);

    /* Another CPU's counter may be behind the one that was looked at last: that is no time at all, and not
       2^64 ticks. */
    if (watch->has_looked && ((int64_t)ticks < 0 || elapsed_ns < WATCH_MIN_NS))
        return WATCH_TOO_EARLY;
    /* Half a round: the clock may be wrong by as much and still say rightly that the reference has not
       wrapped. */
    if (!watch->has_looked || scale(elapsed_ns, watch->reference_hz, NS_PER_SECOND) > watch->mask / 2) {
        remember(watch, tick, count);
        return WATCH_NOTHING;
    }
    uint64_t expected = scale(counts, watch->rate_hz, watch->reference_hz);
    int64_t difference = (int64_t)(ticks - expected);
    *ppm = difference / (int64_t)(ticks / PPM + 1);
    remember(watch, tick, count);
    if (*ppm > WATCH_LIE_PPM || *ppm < -WATCH_LIE_PPM)
        return ++watch->lies >= WATCH_LIES ? WATCH_LIES_NOW : WATCH_DIFFERS;
    watch->lies = 0;
    return WATCH_AGREES;
}
