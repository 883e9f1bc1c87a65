/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The rule by which a clocksource is found unstable. Free of hardware, hosted-tested.
 *
 * Clocksource and reference are read together from time to time. A comparison counts only if the reference
 * cannot have wrapped since the last one. A single deviation may be a virtual machine that was stopped
 * between the two readings; WATCHDOG_DEVIATIONS in a row mean that the clocksource is unstable.
 * A clocksource that shows less than at the last comparison was set back, whatever the reference says: no
 * stop of the machine does that, so once is enough.
 */
#include <ashlar/time_units.h>
#include <ashlar/types.h>

#define WATCHDOG_MIN_NS     (500 * NS_PER_MS) /* between two comparisons */
#define WATCHDOG_MAX_PPM    2000
#define WATCHDOG_DEVIATIONS 2

struct watchdog {
    uint64_t rate_hz; /* of the clocksource, by the latest measurement; may change between two comparisons */
    uint64_t reference_hz;
    uint64_t mask; /* of the reference's count */

    uint64_t tick, count;    /* at the last comparison */
    bool has_last;           /* there was one */
    unsigned int deviations; /* in a row */
};

enum watchdog_verdict {
    WATCHDOG_TOO_EARLY,
    WATCHDOG_UNKNOWN, /* the first comparison, or the reference may have wrapped */
    WATCHDOG_STABLE,
    WATCHDOG_DEVIATES, /* fewer than WATCHDOG_DEVIATIONS times in a row */
    WATCHDOG_UNSTABLE,
    WATCHDOG_SET_BACK /* unstable, too; -1000000 ppm */
};

/**
 * watchdog_check() - one comparison.
 * @watchdog: rates and mask filled in.
 * @tick, @count: the clocksource's and the reference's, read together.
 * @ppm:      receives the deviation when the verdict is WATCHDOG_STABLE or later in the list.
 *
 * Return: as above.
 * Context: any, one caller at a time for one struct watchdog.
 */
enum watchdog_verdict watchdog_check(struct watchdog *watchdog, uint64_t tick, uint64_t count, int64_t *ppm);
