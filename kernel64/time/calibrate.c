/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measuring a fast counter against a coarse one.
 *
 * One reading of the reference says only between which two of its edges it was taken, and on a slow bus edges pass
 * unseen. But readings fall anywhere between two edges, and of many the one that fell soonest behind its edge tells
 * when the edges are: of READINGS pairs (ticks, count), the smallest ticks - count * ticks_per_count. That needs
 * ticks_per_count, which is what is looked for; it begins as the quotient of the window and gets better in ROUNDS.
 *
 * What a reading always costs is in both ends of a window, and cancels. A reading that took longer than most (an SMI, a
 * hypervisor, another master of the bus) is left out.
 *
 * Windows follow each other: the look that ends one begins the next. As soon as CALIBRATE_ENOUGH of them agree, what they
 * counted is summed up: a window that was disturbed agrees with no other.
 */
#include <time/calibrate.h>

#define PPM      1000000ULL

#define READINGS 48
#define ROUNDS   3

/* Reads of a reference that does not change, before it is given up: more than any change takes on the fastest bus. */
#define PATIENCE 100000

struct reading {
    uint64_t ticks; /* of the counter that is measured: the middle of the access */
    uint64_t width; /* how long it took */
    uint64_t count; /* of the reference, since the look began */
};

/* At one end of a window: readings at which the reference had changed since the one before. */
struct look {
    struct reading readings[READINGS];
    uint64_t first_count; /* what their counts are counted from */
    uint64_t widest;      /* what is wider was disturbed */
};

struct window {
    uint64_t ticks, count;
    uint64_t rate_hz;
};

static uint64_t counts_between(const struct clock_counter *reference, uint64_t from, uint64_t to)
{
    return (to - from) & clock_counter_mask(reference);
}

static bool take_look(calibrate_read_fn *read, struct clock_counter *reference, struct look *look)
{
    uint64_t last = reference->read(reference), narrowest = UINT64_MAX;
    unsigned int taken = 0;
    for (unsigned int still = 0; taken < READINGS; still++) {
        uint64_t before = read();
        uint64_t count = reference->read(reference);
        uint64_t width = read() - before;
        if (still == PATIENCE)
            return false;
        if (count == last)
            continue;
        if (taken == 0)
            look->first_count = count;
        look->readings[taken++] = (struct reading){ before + width / 2, width,
                                                    counts_between(reference, look->first_count, count) };
        if (width < narrowest)
            narrowest = width;
        last = count;
        still = 0;
    }
    look->widest = narrowest + narrowest / 4;
    return true;
}

/* The tick at which the reference became the look's first count, give or take a constant. */
static uint64_t edge_of(const struct look *look, const struct window *window)
{
    uint64_t earliest = UINT64_MAX;
    for (unsigned int i = 0; i < READINGS; i++) {
        const struct reading *reading = &look->readings[i];
        uint64_t edge = reading->ticks - reading->count * window->ticks / window->count;
        if (reading->width <= look->widest && edge < earliest)
            earliest = edge;
    }
    return earliest;
}

static uint64_t rate_of(const struct window *window, uint64_t reference_hz)
{
    return window->count == 0 ? 0 : window->ticks * reference_hz / window->count;
}

static struct window window_between(const struct clock_counter *reference, const struct look *start, const struct look *end)
{
    struct window window = { .ticks = end->readings[0].ticks - start->readings[0].ticks,
                             .count = counts_between(reference, start->first_count, end->first_count) };
    for (unsigned int round = 0; round < ROUNDS && window.count > 0; round++)
        window.ticks = edge_of(end, &window) - edge_of(start, &window);
    window.rate_hz = rate_of(&window, reference->rate_hz);
    return window;
}

/* Waits until the window that began with @start is over; @end is the look behind it. */
static bool end_window(calibrate_read_fn *read, struct clock_counter *reference, uint64_t window_ns,
                       const struct look *start, struct look *end)
{
    uint64_t wanted = reference->rate_hz * window_ns / NS_PER_SECOND;
    uint64_t last = start->first_count, count;
    unsigned int still = 0;
    while (counts_between(reference, start->first_count, count = reference->read(reference)) < wanted) {
        still = count == last ? still + 1 : 0;
        if (still == PATIENCE)
            return false;
        last = count;
        __builtin_ia32_pause();
    }
    return take_look(read, reference, end);
}

static uint64_t difference_ppm(uint64_t a, uint64_t b)
{
    uint64_t low = a < b ? a : b, high = a < b ? b : a;
    return low == 0 ? PPM : (high - low) * PPM / low;
}

static void sort_by_rate(struct window *windows, unsigned int count)
{
    for (unsigned int i = 1; i < count; i++)
        for (unsigned int at = i; at > 0 && windows[at - 1].rate_hz > windows[at].rate_hz; at--) {
            struct window moved = windows[at];
            windows[at] = windows[at - 1];
            windows[at - 1] = moved;
        }
}

/* The tightest CALIBRATE_ENOUGH neighbours of the sorted windows. Return: where they begin. */
static unsigned int find_agreement(const struct window *windows, unsigned int count, uint64_t *spread_ppm)
{
    unsigned int best = 0;
    *spread_ppm = UINT64_MAX;
    for (unsigned int first = 0; first + CALIBRATE_ENOUGH <= count; first++) {
        uint64_t spread = difference_ppm(windows[first].rate_hz, windows[first + CALIBRATE_ENOUGH - 1].rate_hz);
        if (spread < *spread_ppm) {
            *spread_ppm = spread;
            best = first;
        }
    }
    return best;
}

status_t calibrate_roughly(calibrate_read_fn *read, struct clock_counter *reference, uint64_t window_ns, uint64_t *rate_hz)
{
    struct look start, end;
    if (!take_look(read, reference, &start) || !end_window(read, reference, window_ns, &start, &end))
        return STATUS_TIMEOUT;
    *rate_hz = window_between(reference, &start, &end).rate_hz;
    return STATUS_OK;
}

static uint64_t summed_rate(const struct window *windows, uint64_t reference_hz)
{
    struct window sum = { 0, 0, 0 };
    for (unsigned int i = 0; i < CALIBRATE_ENOUGH; i++) {
        sum.ticks += windows[i].ticks;
        sum.count += windows[i].count;
    }
    return rate_of(&sum, reference_hz);
}

status_t calibrate(calibrate_read_fn *read, struct clock_counter *reference, struct calibration *result)
{
    struct window windows[CALIBRATE_WINDOWS];
    struct look looks[2];
    uint64_t spread_ppm = UINT64_MAX;
    unsigned int count = 0, first = 0;

    if (!take_look(read, reference, &looks[0]))
        return STATUS_TIMEOUT;
    while (count < CALIBRATE_WINDOWS && spread_ppm > CALIBRATE_AGREE_PPM) {
        struct look *start = &looks[count % 2], *end = &looks[(count + 1) % 2];
        if (!end_window(read, reference, CALIBRATE_WINDOW_NS, start, end))
            return STATUS_TIMEOUT;
        windows[count++] = window_between(reference, start, end);
        sort_by_rate(windows, count);
        if (count >= CALIBRATE_ENOUGH)
            first = find_agreement(windows, count, &spread_ppm);
    }
    bool is_agreed = spread_ppm <= CALIBRATE_AGREE_PPM;
    *result = (struct calibration){
        .rate_hz = is_agreed ? summed_rate(&windows[first], reference->rate_hz) : windows[count / 2].rate_hz,
        .windows = count,
        .spread_ppm = spread_ppm < PPM ? (uint32_t)spread_ppm : PPM,
    };
    return is_agreed ? STATUS_OK : STATUS_UNSUPPORTED;
}

/* ---- which of two references ---- */

static bool is_same(uint64_t a_hz, uint64_t b_hz)
{
    return difference_ppm(a_hz, b_hz) <= CALIBRATE_SAME_PPM;
}

bool calibrate_is_doubtful(uint64_t rate_hz, uint64_t idea_hz)
{
    return rate_hz == 0 || (idea_hz != 0 && !is_same(rate_hz, idea_hz));
}

bool calibrate_prefers_other(uint64_t rate_hz, uint64_t other_hz, uint64_t idea_hz)
{
    if (rate_hz == 0 || other_hz == 0)
        return other_hz != 0;
    return is_same(other_hz, idea_hz) && !is_same(other_hz, rate_hz);
}
