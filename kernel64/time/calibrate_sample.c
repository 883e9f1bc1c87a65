/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of the calibration that reads the counters: samples, and the wait for the end of a window.
 * calibrate.c has the arithmetic.
 */
#include <time/calibrate.h>

#include <ashlar/sync/backoff.h>

/* Reads of a reference without a change before it counts as standing still: more than any change takes on the
   fastest bus. */
#define STILL_MAX 100000

/* The PIT wraps every 55 ms: a sample that was interrupted for part of that may have missed a wrap, and is
   taken again. */
#define NARROW_BITS  16
#define TYPICAL      4
#define RESTARTS_MAX 8

/*
 * Of readings with the same count only the first and the last are bounds. Counts are summed from reading to
 * reading, so that on a slow bus a sample may be longer than a wrap.
 */
status_t calibrate_sample(calibrate_read_fn *read, struct clock_counter *reference,
                          struct calibrate_sample *sample)
{
    unsigned int taken = 0, same = 0, restarts = 0;
    uint64_t last = 0, sum = 0, began = 0, shortest = UINT64_MAX;
    for (unsigned int still = 0; taken < CALIBRATE_READINGS; still++) {
        struct calibrate_reading reading;
        reading.before = read();
        uint64_t count = reference->read(reference);
        reading.after = read();
        uint64_t step = reading.after - began;
        if (taken > 0 && reference->bits <= NARROW_BITS && shortest < step / TYPICAL &&
            restarts < RESTARTS_MAX) {
            restarts++;
            taken = 0;
        } else if (taken > 0) {
            shortest = step < shortest ? step : shortest;
        }
        began = reading.before;
        if (taken == 0) {
            sample->first_count = last = count;
            sum = same = 0;
        }
        uint64_t counted = calibrate_counted(reference, last, count);
        last = count;
        reading.count = sum += counted;
        if (taken > 0 && counted == 0) {
            same++;
        } else {
            same = 0;
            still = 0;
        }
        if (still == STILL_MAX)
            return STATUS_TIMEOUT;
        sample->readings[same < 2 ? taken++ : taken - 1] = reading;
    }
    return STATUS_OK;
}

bool calibrate_wait(struct clock_counter *reference, const struct calibrate_sample *sample, uint64_t counts)
{
    uint64_t last = sample->first_count, waited = 0;
    unsigned int still = 0;
    while (waited < counts) {
        uint64_t count = reference->read(reference);
        uint64_t step = calibrate_counted(reference, last, count);
        waited += step;
        still = step == 0 ? still + 1 : 0;
        if (still == STILL_MAX)
            return false;
        last = count;
        cpu_relax();
    }
    return true;
}
