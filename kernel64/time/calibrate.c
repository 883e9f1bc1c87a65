/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measuring a fast counter against a coarse one.
 *
 * A reading of the reference lies between two ticks of the measured counter, before and after it. Let T be
 * the ticks in a count, and E the tick at which the reference came to the sample's first count. A reading of
 * count n says that n had been reached when it ended, and n + 1 had not been when it began:
 *
 *     before - (n + 1) T  <  E  <=  after - n T
 *
 * Of all readings of a sample the highest lower bound and the lowest upper bound are used. A reading that was
 * interrupted (an SMI, a hypervisor, another bus master) has loose bounds and does no harm. The constant cost
 * of a reading is in both ends of a window and cancels out, so the middle of the bounds is usually much
 * closer to the true value than either of them.
 *
 * T is unknown. It has bounds, too: first by the readings of each sample, then by the window, in ITERATIONS
 * iterations.
 *
 * Refused: consecutive windows of which three must have the same result. They cost 3 ms of waiting, do not
 * say how good the rate is, and cannot overlap anything.
 */
#include <time/calibrate.h>

#define PPM        1000000ULL
#define ITERATIONS 3

/* a * b / c without overflow, as long as the result and the remainder's product fit. */
static uint64_t scale(uint64_t a, uint64_t b, uint64_t c)
{
    return c == 0 ? 0 : a / c * b + a % c * b / c;
}

/* Ticks in a count, by one sample: at least and at most, times 2^16. */
struct ratio {
    uint64_t least, most;
};

/* Contradictory bounds come from a reference that does not count evenly, an emulator's: the range between
   them is the uncertainty. */
static struct ratio tighter(struct ratio a, struct ratio b)
{
    uint64_t least = a.least > b.least ? a.least : b.least, most = a.most < b.most ? a.most : b.most;
    return least <= most ? (struct ratio){ least, most } : (struct ratio){ most, least };
}

/* Between the first few readings and the last few, so that one that was interrupted does not decide. */
#define ENDS 8

static struct ratio ratio_of(const struct calibrate_sample *sample)
{
    struct ratio ratio = { 0, UINT64_MAX };
    for (unsigned int i = 0; i < ENDS; i++)
        for (unsigned int j = CALIBRATE_READINGS - ENDS; j < CALIBRATE_READINGS; j++) {
            const struct calibrate_reading *first = &sample->readings[i], *last = &sample->readings[j];
            uint64_t counts = last->count - first->count;
            uint64_t inner = last->before > first->after ? last->before - first->after : 0;
            if (counts > 1)
                ratio =
                    tighter(ratio, (struct ratio){ (inner << 16) / (counts + 1),
                                                   ((last->after - first->before) << 16) / (counts - 1) });
        }
    return ratio;
}

uint64_t calibrate_estimate(const struct clock_counter *reference, const struct calibrate_sample *sample)
{
    struct ratio ratio = ratio_of(sample);
    return ratio.least == 0 ? 0 : scale(reference->rate_hz, ratio.least / 2 + ratio.most / 2, 1 << 16);
}

/* The ticks between which the reference came to the sample's first count, from the sample's first reading. */
struct edge {
    int64_t low, high;
};

static struct edge edge_of(const struct calibrate_sample *sample, struct ratio ratio)
{
    struct edge edge = { INT64_MIN, INT64_MAX };
    uint64_t origin = sample->readings[0].before;
    for (unsigned int i = 0; i < CALIBRATE_READINGS; i++) {
        const struct calibrate_reading *reading = &sample->readings[i];
        int64_t reached = (int64_t)(reading->after - origin - (ratio.least * reading->count >> 16));
        int64_t not_yet = (int64_t)(reading->before - origin - (ratio.most * (reading->count + 1) >> 16) - 1);
        edge.high = reached < edge.high ? reached : edge.high;
        edge.low = not_yet > edge.low ? not_yet : edge.low;
    }
    return edge.low <= edge.high ? edge : (struct edge){ edge.high, edge.low };
}

/*
 * Adds to a window's counts, which are known modulo one wrap, the whole wraps that its ticks imply.
 * @slack: by how many ticks the window may have been longer or shorter.
 * Return: false when the number of wraps is ambiguous, or none fits.
 */
static bool add_wraps(const struct clock_counter *reference, struct ratio ratio, uint64_t ticks,
                      uint64_t slack, uint64_t *counts)
{
    if (reference->bits == 64)
        return true;
    if (ratio.least == 0 || (ticks + slack) >> 47 != 0)
        return false;
    uint64_t wrap = 1ULL << reference->bits, shorter = ticks > slack ? ticks - slack : 0;
    uint64_t least = (shorter << 16) / ratio.most, most = ((ticks + slack) << 16) / ratio.least;
    uint64_t middle = least / 2 + most / 2, half = (most - least) / 2;
    uint64_t wraps = middle + wrap / 2 > *counts ? (middle + wrap / 2 - *counts) / wrap : 0;
    uint64_t found = *counts + wraps * wrap, distance = found > middle ? found - middle : middle - found;
    *counts = found;
    return half < wrap / 4 && distance < half + wrap / 8;
}

static uint64_t width_of(const struct calibrate_sample *sample)
{
    return sample->readings[0].after - sample->readings[0].before;
}

/* Tolerance of an earlier result: the rate may have changed with the temperature since. */
#define DRIFT_PPM 100

static struct ratio known_ratio(const struct calibration *known)
{
    uint64_t ratio = scale(known->ticks, 1 << 16, known->counts);
    uint64_t doubt = scale(ratio, known->error_ppm + DRIFT_PPM, PPM) + 1;
    return (struct ratio){ ratio > doubt ? ratio - doubt : 0, ratio + doubt };
}

status_t calibrate_between(const struct clock_counter *reference, const struct calibrate_sample *start,
                           const struct calibrate_sample *end, const struct calibration *known,
                           struct calibration *result)
{
    struct ratio ratio = tighter(ratio_of(start), ratio_of(end));
    if (known)
        ratio = tighter(ratio, known_ratio(known));
    uint64_t apart = end->readings[0].before - start->readings[0].before, low = 0, high = 0;
    uint64_t counts = calibrate_counted(reference, start->first_count, end->first_count);
    if (!add_wraps(reference, ratio, apart, width_of(start) + width_of(end), &counts) || counts == 0)
        return STATUS_TOO_BIG;
    for (unsigned int round = 0; round < ITERATIONS; round++) {
        struct edge from = edge_of(start, ratio), to = edge_of(end, ratio);
        low = apart + (uint64_t)(to.low - from.high);
        high = apart + (uint64_t)(to.high - from.low);
        if ((int64_t)low <= 0 || high < low || high >> 47 != 0)
            return STATUS_TOO_BIG;
        ratio = tighter(ratio, (struct ratio){ (low << 16) / counts, (high << 16) / counts + 1 });
    }
    uint64_t ticks = low + (high - low) / 2, error_ppm = scale(PPM, (high - low) / 2 + 1, low) + 1;
    *result = (struct calibration){ .rate_hz = scale(ticks, reference->rate_hz, counts),
                                    .error_ppm = error_ppm > PPM ? PPM : (uint32_t)error_ppm,
                                    .ticks = ticks,
                                    .counts = counts };
    return STATUS_OK;
}

/* Return: the required length of the window in nanoseconds; 0 when it is long enough already. */
static uint64_t required_ns(const struct clock_counter *reference, const struct calibration *result,
                            uint32_t good_ppm)
{
    uint64_t has_ns = scale(result->counts, NS_PER_SECOND, reference->rate_hz);
    if (result->error_ppm <= good_ppm || has_ns >= CALIBRATE_MAX_NS)
        return 0;
    uint64_t ns = has_ns * result->error_ppm / (good_ppm - 1);
    return ns < CALIBRATE_MAX_NS ? ns : CALIBRATE_MAX_NS;
}

static uint64_t counts_of(const struct clock_counter *reference, uint64_t ns)
{
    return scale(ns, reference->rate_hz, NS_PER_SECOND);
}

/* Restarts of a window, and second samples in all, before giving up. */
#define RESTARTS_MAX 3
#define SAMPLES_MAX  12

status_t calibrate(calibrate_read_fn *read, struct clock_counter *reference, struct calibrate_sample *start,
                   uint32_t good_ppm, struct calibration *result)
{
    struct calibrate_sample end;
    unsigned int restarts = 0;
    for (unsigned int samples = 0; samples < SAMPLES_MAX; samples++) {
        if (calibrate_sample(read, reference, &end) != STATUS_OK)
            return STATUS_TIMEOUT;
        if (calibrate_between(reference, start, &end, NULL, result) != STATUS_OK) {
            if (restarts++ == RESTARTS_MAX)
                return STATUS_TOO_BIG;
            *start = end;
            if (!calibrate_wait(reference, start, counts_of(reference, CALIBRATE_MAX_NS)))
                return STATUS_TIMEOUT;
            continue;
        }
        uint64_t more_ns = required_ns(reference, result, good_ppm);
        if (more_ns == 0)
            return STATUS_OK;
        if (!calibrate_wait(reference, start, counts_of(reference, more_ns)))
            return STATUS_TIMEOUT;
    }
    return STATUS_OK;
}

/* ---- choice of a reference ---- */

static bool is_same(uint64_t a_hz, uint64_t b_hz)
{
    uint64_t low = a_hz < b_hz ? a_hz : b_hz, high = a_hz < b_hz ? b_hz : a_hz;
    return low != 0 && scale(high - low, PPM, low) <= CALIBRATE_SAME_PPM;
}

unsigned int calibrate_choose(const uint64_t *rates_hz, unsigned int count, uint64_t reported_hz)
{
    unsigned int first = count;
    for (unsigned int i = count; i-- > 0;)
        first = rates_hz[i] != 0 ? i : first;
    for (unsigned int i = 0; i < count; i++) {
        bool is_confirmed = is_same(rates_hz[i], reported_hz);
        for (unsigned int other = 0; other < count; other++)
            is_confirmed |= other != i && is_same(rates_hz[i], rates_hz[other]);
        if (rates_hz[i] != 0 && is_confirmed)
            return i;
    }
    return first;
}
