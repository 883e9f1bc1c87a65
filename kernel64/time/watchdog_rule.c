/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comparing two counters.
 */
#include <time/watchdog_rule.h>

#define PPM 1000000LL

/* a * b / c without overflow for the sizes here: a is less than an hour of ticks, b a rate. */
static uint64_t scale(uint64_t a, uint64_t b, uint64_t c)
{
    return a / c * b + a % c * b / c;
}

static void store_sample(struct watchdog *watchdog, uint64_t tick, uint64_t count)
{
    watchdog->tick = tick;
    watchdog->count = count;
    watchdog->has_last = true;
}

static enum watchdog_verdict deviation(struct watchdog *watchdog, uint64_t tick, uint64_t count)
{
    store_sample(watchdog, tick, count);
    return ++watchdog->deviations >= WATCHDOG_DEVIATIONS ? WATCHDOG_UNSTABLE : WATCHDOG_DEVIATES;
}

enum watchdog_verdict watchdog_check(struct watchdog *watchdog, uint64_t tick, uint64_t count, int64_t *ppm)
{
    uint64_t ticks = tick - watchdog->tick, counts = (count - watchdog->count) & watchdog->mask;
    uint64_t elapsed_ns = scale(ticks, NS_PER_SECOND, watchdog->rate_hz);

    /* A time before the last comparison, not 2^64 ticks. */
    if (watchdog->has_last && (int64_t)ticks < 0) {
        *ppm = -PPM;
        store_sample(watchdog, tick, count);
        return WATCHDOG_SET_BACK;
    }
    if (watchdog->has_last && elapsed_ns < WATCHDOG_MIN_NS)
        return WATCHDOG_TOO_EARLY;
    /* Half a wrap: the TSC may be wrong by a factor of two and still show that the reference has not
       wrapped. */
    if (!watchdog->has_last ||
        scale(elapsed_ns, watchdog->reference_hz, NS_PER_SECOND) > watchdog->mask / 2) {
        store_sample(watchdog, tick, count);
        return WATCHDOG_UNKNOWN;
    }
    uint64_t expected = scale(counts, watchdog->rate_hz, watchdog->reference_hz);
    int64_t difference = (int64_t)(ticks - expected);
    *ppm = difference / (int64_t)(ticks / PPM + 1);
    if (*ppm > WATCHDOG_MAX_PPM || *ppm < -WATCHDOG_MAX_PPM)
        return deviation(watchdog, tick, count);
    store_sample(watchdog, tick, count);
    watchdog->deviations = 0;
    return WATCHDOG_STABLE;
}
