/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * How fast a counter runs, measured against a reference whose rate is known, and how well that is known.
 * Pure, hosted-tested against counters that are coarse, slow to read, interrupted, or stand still.
 *
 * A look (cross-timestamp) at each end of a window brackets an edge of the reference by readings of the
 * measured counter. Between the two looks nobody has to wait: a window overlaps whatever the machine does
 * meanwhile. The error of the rate follows from how far apart the brackets were, and not from an assumption
 * about the machine.
 */
#include <ashlar/dev/clock.h>
#include <ashlar/status.h>
#include <ashlar/time_units.h>

#define CALIBRATE_READINGS 48

/* A window is long enough when its error is small enough, or when it has lasted for so long. */
#define CALIBRATE_MAX_NS (3 * NS_PER_MS)

/* Two rates that differ by no more are of the same clock: a first idea is good to 2 %. */
#define CALIBRATE_SAME_PPM 20000

struct calibrate_reading {
    uint64_t before, after; /* ticks of the measured counter, on both sides of the access */
    uint64_t count;         /* of the reference, since the look began */
};

struct calibrate_sample {
    struct calibrate_reading readings[CALIBRATE_READINGS];
    uint64_t first_count; /* what their counts are counted from */
};

struct calibration {
    uint64_t rate_hz;   /* of the measured counter */
    uint32_t error_ppm; /* it is within so much of the truth, as far as the reference is right; at least 1 */
    uint64_t ticks, counts; /* what both counted in the window */
};

/* The counter that is measured: 64 bits, does not wrap. */
typedef uint64_t calibrate_read_fn(void);

/**
 * calibrate_sample() - one end of a window.
 * @look: 1.2 KiB; filled in on STATUS_OK.
 *
 * Takes CALIBRATE_READINGS readings at least half of which see the reference change: 48 accesses, or 24 of
 * its ticks.
 * Return: STATUS_OK; STATUS_TIMEOUT when the reference stands still.
 * Context: any; what interrupts it makes brackets wider.
 */
status_t calibrate_sample(calibrate_read_fn *read, struct clock_counter *reference,
                          struct calibrate_sample *look) MUST_CHECK;

/* Return: the rate in Hz as one look alone tells it, to some 2 %; 0 when it tells nothing. */
uint64_t calibrate_estimate(const struct clock_counter *reference, const struct calibrate_sample *look);

/**
 * calibrate_between() - the rate over the window from one look to another.
 * @known: what is known of the rate already; NULL: nothing.
 *
 * How often the reference wrapped between the looks follows from what is known of the rate; the looks' own
 * ideas are enough for some ten of its rounds.
 * Return: STATUS_OK; STATUS_TOO_BIG when that cannot be told: @result is untouched.
 */
status_t calibrate_between(const struct clock_counter *reference, const struct calibrate_sample *start,
                           const struct calibrate_sample *end, const struct calibration *known,
                           struct calibration *result) MUST_CHECK;

/**
 * calibrate() - wait until a window that began at a look is long enough.
 * @start:    its first look; taken anew when too much time has passed since to tell how often the reference
 *            wrapped.
 * @good_ppm: the error that is small enough; at least 2.
 *
 * Return: STATUS_OK; STATUS_TIMEOUT when the reference stands still; STATUS_TOO_BIG when its rounds cannot be
 *         told, because the machine is stopped again and again.
 * Context: any. Mostly at most CALIBRATE_MAX_NS and three looks; four times that where @start is taken anew.
 */
status_t calibrate(calibrate_read_fn *read, struct clock_counter *reference, struct calibrate_sample *start,
                   uint32_t good_ppm, struct calibration *result) MUST_CHECK;

/**
 * calibrate_choose() - which of several references is believed.
 * @rates_hz: what each found, the best reference first; 0: it stands still.
 * @idea_hz:  what the rate was said to be; 0: nobody said anything.
 *
 * The first that another or the idea confirms (CALIBRATE_SAME_PPM); where none is confirmed, the first that
 * counts.
 * Return: its index; @count when none counts.
 */
unsigned int calibrate_choose(const uint64_t *rates_hz, unsigned int count, uint64_t idea_hz);
