/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Measuring a counter's rate against a reference of known rate, with a bound of the error. Free of hardware,
 * hosted-tested against counters that are coarse, slow to read, interrupted, or stand still. calibrate.c has
 * the arithmetic; calibrate_sample.c reads the counters, and has calibrate_sample() and calibrate_wait().
 *
 * A sample (a series of cross-timestamps) at each end of a window brackets an edge of the reference by
 * readings of the measured counter. No CPU has to wait between the two samples: a window overlaps what the
 * machine does meanwhile. The bound of the error follows from the width of the brackets, not from an
 * assumption about the machine.
 *
 * Context of all: any; interrupts make brackets wider.
 */
#include <ashlar/dev/clock.h>
#include <ashlar/status.h>
#include <ashlar/time_units.h>

#define CALIBRATE_READINGS 48

/* A window is long enough when its error is small enough, or when it has lasted for so long. */
#define CALIBRATE_MAX_NS (3 * NS_PER_MS)

/* Two rates that differ by no more are taken for the same: an estimate is good to 2 %. */
#define CALIBRATE_SAME_PPM 20000

/* An error small enough to compare two rates: differing by both their errors, they are still the same. */
#define CALIBRATE_CONFIRM_PPM (CALIBRATE_SAME_PPM / 4)

struct calibrate_reading {
    uint64_t before, after; /* ticks of the measured counter, on both sides of the access */
    uint64_t count;         /* of the reference, since the sample began */
};

struct calibrate_sample {
    struct calibrate_reading readings[CALIBRATE_READINGS];
    uint64_t first_count; /* the reference's count at which it began */
};

struct calibration {
    uint64_t rate_hz;       /* of the measured counter */
    uint32_t error_ppm;     /* bound of its error, if the reference is right; at least 1 */
    uint64_t ticks, counts; /* what both counted in the window */
};

/* The counter that is measured: 64 bits, does not wrap. */
typedef uint64_t calibrate_read_fn(void);

/**
 * calibrate_sample() - one end of a window.
 * @read:      the counter to be measured.
 * @reference: the counter of known rate.
 * @sample:    1.2 KiB; filled in on STATUS_OK.
 *
 * Takes CALIBRATE_READINGS readings at least half of which see the reference change: 48 accesses, or 24 of
 * its ticks.
 * Return: STATUS_OK; STATUS_TIMEOUT when the reference stands still.
 * Context: any; an interruption makes brackets wider.
 */
status_t calibrate_sample(calibrate_read_fn *read, struct clock_counter *reference,
                          struct calibrate_sample *sample) MUST_CHECK;

/**
 * calibrate_wait() - wait until the reference has counted so far since a sample began.
 * @reference: the counter.
 * @sample:    begins the wait.
 * @counts:    since its first count.
 *
 * Return: false when the reference stands still.
 */
bool calibrate_wait(struct clock_counter *reference, const struct calibrate_sample *sample, uint64_t counts);

/* The reference's count between two of its values that are less than one wrap apart. */
static inline uint64_t calibrate_counted(const struct clock_counter *reference, uint64_t from, uint64_t to)
{
    return (to - from) & clock_counter_mask(reference);
}

/* The rate in Hz by one sample alone, good to some 2 %; 0: none. */
uint64_t calibrate_estimate(const struct clock_counter *reference, const struct calibrate_sample *sample);

/**
 * calibrate_between() - the rate over the window between two samples.
 * @reference: the counter of known rate.
 * @start, @end: the samples.
 * @known:  an earlier result for the same counters; NULL: none.
 * @result: receives the rate; untouched on failure.
 *
 * The number of wraps between the samples follows from what is known of the rate; the samples' own estimates
 * are enough for some ten wraps.
 * Return: STATUS_OK; STATUS_TOO_BIG when it is ambiguous: @result is untouched.
 */
status_t calibrate_between(const struct clock_counter *reference, const struct calibrate_sample *start,
                           const struct calibrate_sample *end, const struct calibration *known,
                           struct calibration *result) MUST_CHECK;

/**
 * calibrate() - wait until a window is long enough.
 * @read:      the counter to be measured.
 * @reference: the counter of known rate.
 * @start:     its first sample; taken again when too much time has passed since then to count the wraps.
 * @good_ppm:  the error that is small enough; at least 2.
 * @result:    receives the rate.
 *
 * Return: STATUS_OK; STATUS_TIMEOUT when the reference stands still; STATUS_TOO_BIG when its wraps cannot be
 *         counted, because the machine is stopped again and again.
 * Cost: usually at most CALIBRATE_MAX_NS and three samples; up to four times that if @start is taken again.
 */
status_t calibrate(calibrate_read_fn *read, struct clock_counter *reference, struct calibrate_sample *start,
                   uint32_t good_ppm, struct calibration *result) MUST_CHECK;

/**
 * calibrate_choose() - which of several references to use.
 * @rates_hz: the rate by each, the best reference first; 0: it stands still.
 * @count:    how many.
 * @reported_hz: the rate that CPU or hypervisor report; 0: none.
 *
 * The first whose rate another reference or the reported rate confirms (CALIBRATE_SAME_PPM); if none is
 * confirmed, the first that counts.
 * Return: its index; @count when none counts.
 */
unsigned int calibrate_choose(const uint64_t *rates_hz, unsigned int count, uint64_t reported_hz);
