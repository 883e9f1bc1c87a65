/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The watch over this machine's clock: watch_rule.h has the rule.
 */
#include <time/watch.h>

#include <ashlar/sync.h>
#include <cpu/insn.h>
#include <diag/log.h>
#include <time/clock.h>
#include <time/watch_rule.h>

static struct clock_counter *reference; /* written under the lock: who is the second to get it finds it gone */
static void (*demote)(void);
static struct watch watch; /* by one CPU at a time: */
static struct spinlock lock;
static int64_t drift_ppm;
static uint64_t comparisons;

void watch_start(struct clock_counter *counter, void (*when_it_lies)(void))
{
    reference = counter;
    demote = when_it_lies;
    if (!reference)
        return;
    watch = (struct watch){
        .rate_hz = clock_tsc_hz(),
        .reference_hz = reference->rate_hz,
        .mask = clock_counter_mask(reference),
        .is_rate_measured = !clock_rate_is_given(),
    };
}

/* Both counters of one moment: of a few pairs the one that was read fastest. */
static uint64_t read_together(uint64_t *count)
{
    uint64_t tick = 0, narrowest = UINT64_MAX;
    for (unsigned int i = 0; i < 3; i++) {
        uint64_t before = cpu_read_tsc_ordered();
        uint64_t now = reference->read(reference);
        uint64_t after = cpu_read_tsc_ordered();
        if (after - before >= narrowest)
            continue;
        narrowest = after - before;
        tick = before + narrowest / 2;
        *count = now;
    }
    return tick;
}

static void act_on(enum watch_verdict verdict, int64_t ppm, const struct clock_counter *against)
{
    switch (verdict) {
    case WATCH_REFINED:
        clock_set_tsc_rate(watch.rate_hz, against->name);
        log_info("time", "the time-stamp counter runs at %lu Hz, by a longer look at %s", watch.rate_hz, against->name);
        break;
    case WATCH_LIES_NOW:
        log_warn("time", "the time-stamp counter is off by %ld parts in a million against %s, twice in a row", ppm,
                 against->name);
        demote();
        break;
    default:
        break;
    }
}

void watch_clock(void)
{
    int64_t ppm;
    uint64_t count = 0;
    if (!reference || clock_nanoseconds(cpu_read_tsc()) - clock_nanoseconds(watch.tick) < WATCH_MIN_NS)
        return;
    irq_state_t state = spin_lock(&lock);
    struct clock_counter *against = reference;
    if (!against) {
        spin_unlock(&lock, state);
        return;
    }
    uint64_t tick = read_together(&count);
    enum watch_verdict verdict = watch_judge(&watch, tick, count, &ppm);
    if (verdict >= WATCH_AGREES) {
        drift_ppm = ppm;
        comparisons++;
    }
    if (verdict == WATCH_LIES_NOW)
        reference = NULL;
    spin_unlock(&lock, state);
    act_on(verdict, ppm, against);
}

bool watch_drift_ppm(int64_t *ppm)
{
    *ppm = drift_ppm;
    return comparisons > 0;
}

uint64_t watch_count(void)
{
    return comparisons;
}
