/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * How fast a counter runs, measured against one whose rate is known; and which of two such measurements is believed. Pure,
 * hosted-tested against counters that are coarse, late, interrupted, or stand still.
 */
#include <ashlar/dev/clock.h>
#include <ashlar/status.h>
#include <ashlar/time_units.h>

/* Each window is this long; at most CALIBRATE_WINDOWS of them are taken, and CALIBRATE_ENOUGH that agree will do. */
#define CALIBRATE_WINDOW_NS NS_PER_MS
#define CALIBRATE_WINDOWS   6
#define CALIBRATE_ENOUGH    3

/* Windows agree when their rates differ by no more than this. */
#define CALIBRATE_AGREE_PPM 50

/* Two rates that differ by no more are of the same clock: a first idea is good to 1 %. */
#define CALIBRATE_SAME_PPM  20000

struct calibration {
    uint64_t rate_hz;
    uint32_t windows;    /* taken */
    uint32_t spread_ppm; /* between the slowest and the fastest of those that were used */
};

/* The counter that is measured: 64 bits, does not wrap. */
typedef uint64_t calibrate_read_fn(void);

/**
 * calibrate() - measure.
 * @read:      the counter to measure.
 * @reference: one of known rate.
 * @result:    untouched on STATUS_TIMEOUT.
 *
 * Return: STATUS_OK; STATUS_TIMEOUT when the reference stands still; STATUS_UNSUPPORTED when no three windows agree:
 *         @result then holds the median all the same, for those who have nothing better.
 * Context: interrupts off. At most CALIBRATE_WINDOWS windows and as many edges.
 */
status_t calibrate(calibrate_read_fn *read, struct clock_counter *reference, struct calibration *result) MUST_CHECK;

/**
 * calibrate_roughly() - the same, with one window.
 * @window_ns: its length.
 *
 * Return: STATUS_OK; STATUS_TIMEOUT when the reference stands still.
 */
status_t calibrate_roughly(calibrate_read_fn *read, struct clock_counter *reference, uint64_t window_ns,
                           uint64_t *rate_hz) MUST_CHECK;

/**
 * calibrate_is_doubtful() - whether a second reference is to be asked.
 * @rate_hz: what the first found; 0: it stands still.
 * @idea_hz: what the rate was thought to be before; 0: nobody had an idea.
 */
bool calibrate_is_doubtful(uint64_t rate_hz, uint64_t idea_hz);

/**
 * calibrate_prefers_other() - whether the second is believed, and not the first.
 * @rate_hz, @other_hz: what the two found; 0: it stands still.
 * @idea_hz:            as for calibrate_is_doubtful(), which was true.
 *
 * One against one, and the first is the less likely to be wrong: the second must be confirmed by the idea, and differ from
 * the first.
 */
bool calibrate_prefers_other(uint64_t rate_hz, uint64_t other_hz, uint64_t idea_hz);
