/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What a driver of a timer chip offers: a counter to read time from, an alarm that interrupts once, or both.
 * Which one is used, what time it is, and who waits for what: kernel64/time decides.
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
     * Context: any, interrupts on or off; a counter that needs more than one access to be read is read by one
     * CPU at a time, which its driver sees to.
     */
    uint64_t (*read)(struct clock_counter *self);
};

/* Return: 2^bits - 1. */
static inline uint64_t clock_counter_mask(const struct clock_counter *self)
{
    return UINT64_MAX >> (64 - self->bits);
}

/* Interrupts once, after a delay. The interrupt itself is set up by who uses it. */
struct clock_alarm {
    const char *name;   /* "hpet", "pit" */
    uint64_t rate_hz;   /* of the ticks below */
    uint64_t max_ticks; /* the longest delay; at least 1 */

    /**
     * arm() - one interrupt after @ticks, 1 .. max_ticks, and not before. Replaces what was armed.
     *
     * One that is too short for the chip comes at once or as soon as it can: it always comes.
     * Context: interrupts off, one caller at a time.
     */
    void (*arm)(struct clock_alarm *self, uint64_t ticks);

    /* No interrupt any more, but for one that is on its way. Context: as arm(). */
    void (*disarm)(struct clock_alarm *self);
};
