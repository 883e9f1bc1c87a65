/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The rule by which a clock is found to lie. Pure, hosted-tested.
 *
 * Both counters are read together now and then. What one look says is believed only when they were looked at
 * in time: a reference that has wrapped meanwhile says nothing. One look that differs may be a virtual
 * machine that was stopped between the two readings; the second in a row is a lie.
 */
#include <ashlar/time_units.h>
#include <ashlar/types.h>

#define WATCHDOG_MIN_NS  500000000ULL /* looks that are closer than this are not made */
#define WATCHDOG_MAX_PPM 2000
#define WATCHDOG_STRIKES 2

struct watchdog {
    uint64_t rate_hz; /* of the clock, as it is believed; may change between two looks */
    uint64_t reference_hz;
    uint64_t mask; /* of the reference's count */

    uint64_t tick, count; /* at the last look */
    bool has_looked;
    unsigned int lies; /* in a row */
};

enum watchdog_verdict {
    WATCHDOG_TOO_EARLY,
    WATCHDOG_UNKNOWN, /* it cannot be said: the first look, or the reference may have wrapped */
    WATCHDOG_STABLE,
    WATCHDOG_DEVIATES, /* and was believed no lie yet */
    WATCHDOG_UNSTABLE  /* for the second time */
};

/**
 * watchdog_check() - one look.
 * @tick, @count: the clock's and the reference's, read together.
 * @ppm:          receives the difference when the verdict is WATCHDOG_STABLE or after it.
 */
enum watchdog_verdict watchdog_check(struct watchdog *watchdog, uint64_t tick, uint64_t count, int64_t *ppm);
