/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The interface of a timer chip's driver: a counter (a clocksource), a one-shot clockevent device, or both.
 * Their selection, the time of day and timers are kernel64/time's.
 */
#include <ashlar/types.h>

/* Counts up at a constant rate, and wraps. */
struct clock_counter {
    const char *name; /* "hpet", "pm-timer", "pit" */
    uint64_t rate_hz; /* above 0 */
    uint8_t bits;     /* it wraps to 0 after 2^bits - 1; 16 .. 64 */

    /**
     * read() - the count now, below 2^bits.
     *
     * Context: any, interrupts on or off. A driver whose counter takes more than one access to read takes a
     * lock.
     */
    uint64_t (*read)(struct clock_counter *self);
};

/* Return: 2^bits - 1. Context: any. */
static inline uint64_t clock_counter_mask(const struct clock_counter *self)
{
    return UINT64_MAX >> (64 - self->bits);
}

/* Interrupts once, after a delay. The caller sets up the interrupt itself. */
struct clockevent_device {
    const char *name;   /* "hpet", "pit" */
    uint64_t rate_hz;   /* of the ticks below */
    uint64_t max_ticks; /* the longest delay; at least 1 */

    /**
     * arm() - one interrupt after @ticks, 1 .. max_ticks, and not before. Replaces an earlier arm().
     *
     * A delay too short for the chip is lengthened; the interrupt always arrives.
     * Context: interrupts off, one caller at a time.
     */
    void (*arm)(struct clockevent_device *self, uint64_t ticks);

    /* No interrupt from now on, except one that is in flight. Context: as arm(). */
    void (*disarm)(struct clockevent_device *self);
};
