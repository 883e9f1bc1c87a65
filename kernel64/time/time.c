/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Choosing clocksource and clockevent.
 *
 * All of it runs once. Only the clocksource may change later, when the watchdog or the TSC sync check finds
 * the TSC unstable: the reference replaces it, and the wrap guard reads it often enough.
 */
#include <time/time.h>

#include <ashlar/dev/hpet.h>
#include <ashlar/dev/pit8254.h>
#include <ashlar/sync/irqflags.h>
#include <ashlar/time_units.h>
#include <boot/options.h>
#include <cpu/features.h>
#include <cpu/insn.h>
#include <log/log.h>
#include <irq/chips.h>
#include <irq/controllers.h>
#include <irq/irq.h>
#include <irq/lapic.h>
#include <lib/string.h>
#include <time/tsc_sync.h>
#include <time/calibrate.h>
#include <time/clock.h>
#include <time/counters.h>
#include <time/wrap_guard.h>
#include <time/timer.h>
#include <time/tsc.h>
#include <time/watchdog.h>

OPTION(events, "NAME", "use only this clockevent device: tsc-deadline, lapic, hpet or pit");
OPTION(notsc, "", "do not use the time-stamp counter as clocksource if there is another");

#define ISA_TIMER 0
#define KHZ       1000ULL

static struct clockevent_setup events;
static uint64_t measuring_ns;

uint64_t time_lapic_hz(void)
{
    return events.lapic_hz;
}

uint64_t time_measuring_ns(void)
{
    return measuring_ns + tsc_measuring_ns();
}

/* ---- the LAPIC's timer ---- */

/* The LAPIC timer as a counter. It counts down. */
static uint64_t count_lapic(struct clock_counter *self)
{
    (void)self;
    return UINT32_MAX - lapic_timer_current_count();
}

static struct clock_counter lapic_counter = { .name = "lapic", .bits = 32, .read = count_lapic };

static struct calibration lapic_sample; /* counts 0: none */

/* The largest error, by which timers may be late. */
#define LAPIC_GOOD_PPM 300

/* Against the TSC, whose rate is only an estimate so far: the counts of both are kept. */
static void sample_lapic(void)
{
    static struct calibrate_sample start;
    uint64_t began_ns = clock_now_ns();
    lapic_timer_set_mode(LAPIC_TIMER_MASKED);
    lapic_timer_arm(UINT32_MAX);
    if (calibrate_sample(tsc_read_ordered, &lapic_counter, &start) == STATUS_OK) {
        /* With a rate of 1 GHz, the estimate is the ticks in a count, times 10^9. */
        lapic_counter.rate_hz = NS_PER_SECOND;
        uint64_t ticks = calibrate_estimate(&lapic_counter, &start) / KHZ;
        if (ticks != 0)
            lapic_counter.rate_hz = clock_tsc_hz() / KHZ * NS_PER_SECOND / ticks;
        if (calibrate(tsc_read_ordered, &lapic_counter, &start, LAPIC_GOOD_PPM, &lapic_sample) != STATUS_OK)
            lapic_sample.counts = 0;
    }
    lapic_timer_set_mode(LAPIC_TIMER_OFF);
    measuring_ns += clock_now_ns() - began_ns;
}

/* As the hypervisor reports it, unless its TSC rate was wrong; else by the sample. */
static uint64_t lapic_hz(void)
{
    const struct tsc_rate *reported = tsc_rate_reported();
    if (lapic_mode() == LAPIC_NONE)
        return 0;
    if (reported->trust == TSC_RATE_GIVEN && reported->lapic_hz != 0 && !tsc_rate_is_refuted())
        return reported->lapic_hz;
    if (lapic_sample.counts == 0)
        return 0;
    /* No overflow: the window is 3 ms. */
    return lapic_sample.counts * LAPIC_TIMER_DIVIDER * clock_tsc_hz() / lapic_sample.ticks;
}

/* ---- choosing ---- */

/* Return: false when there is no other counter. Context: interrupts off. */
static bool replace_tsc(void)
{
    struct clock_counter *counter = counters_get(0);
    if (!counter || !clock_is_tsc())
        return false;
    clock_set_counter(counter);
    log_info("clock", "clocksource is now %s", clock_name());
    timer_start(&events);
    wrap_guard_start(counter);
    return true;
}

static void on_tsc_unstable(void)
{
    if (!replace_tsc())
        log_warn("clock", "no other clocksource: the TSC stays in use");
}

/* A GSI for one of the HPET's comparators, above the ISA interrupts where possible. */
static bool choose_hpet(struct hpet *hpet)
{
    uint32_t pin;
    if (!hpet || !controllers_use_ioapics())
        return false;
    for (unsigned int gsi = 16; gsi < 32 + 16; gsi++) {
        unsigned int candidate = gsi % 32;
        if (!(hpet_routes(hpet, 0) >> candidate & 1) || !irq_chip_of(candidate, &pin))
            continue;
        if (hpet_use_comparator(hpet, 0, candidate) != STATUS_OK)
            continue;
        events.device = &hpet->clockevent;
        events.isa = -1;
        events.gsi = candidate;
        return true;
    }
    return false;
}

/* events=NAME: only that device. */
static void choose_device(void)
{
    static const char *const names[] = { "tsc-deadline", "lapic", "hpet", "pit" };
    char name[16] = "";
    status_t status = option_read(&option_events, name, sizeof(name));
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (status == STATUS_OK && strcmp(name, names[i]) == 0)
            events.only = names[i];
    if (status != STATUS_NOT_FOUND && !events.only)
        log_warn("time", "events=%s: expected tsc-deadline, lapic, hpet or pit", name);
    bool wants_pit = events.only && strcmp(events.only, "pit") == 0;
    if (!wants_pit && choose_hpet(counters_hpet()))
        return;
    if (counters_pit()) {
        events.device = &counters_pit()->clockevent;
        events.isa = ISA_TIMER;
    }
}

void time_init(void)
{
    tsc_sync_init_cpu();
    if (lapic_mode() != LAPIC_NONE)
        sample_lapic();
    events.lapic_hz = lapic_hz();
    choose_device();
    timer_prepare_cpu(0);
    timer_start(&events);
    watchdog_start(NULL, on_tsc_unstable);
    log_info("time", "clockevent %s", clockevent_name());
    if (!timer_interrupts())
        log_warn("time", "no clockevent%s: timers are polled", events.only ? " that events= allows" : "");
}

/* The PIT wraps too soon for a comparison over a sufficient time. */
static struct clock_counter *watch_reference(void)
{
    struct clock_counter *reference = tsc_reference();
    return reference && reference->bits > 16 ? reference : NULL;
}

void time_calibrate(void)
{
    tsc_end_calibration();
    irq_flags_t state = local_irq_save();
    events.lapic_hz = lapic_hz();
    clockevent_set_lapic_rate(events.lapic_hz);
    timer_rearm();
    if (option_is_given(&option_notsc) && clock_is_tsc() && !replace_tsc())
        log_warn("clock", "notsc ignored: no other clocksource");
    if (clock_is_tsc())
        watchdog_start(watch_reference(), on_tsc_unstable);
    local_irq_restore(state);
    log_info("clock", "clocksource %s", clock_name());
}
