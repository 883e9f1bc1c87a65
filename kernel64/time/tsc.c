/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TSC's rate on this machine: tsc.h has the stages, calibrate.h the measurement.
 *
 * Each counter has a window of its own, so that a wrong counter is found by comparison with the others. The
 * refinement uses the last sample of the calibration: one timer, and none after it. Its result becomes the
 * rate of a new epoch, which begins at the time that the old one shows (time/clock.c): the clock neither
 * steps nor goes back.
 */
#include <time/tsc.h>

#include <ashlar/sync/irqflags.h>
#include <boot/machine.h>
#include <cpu/features.h>
#include <cpu/insn.h>
#include <cpu/fixup.h>
#include <log/log.h>
#include <time/clock.h>
#include <time/counters.h>
#include <time/timer.h>

/* The calibration's target; the actual error is usually a quarter of this bound. */
#define GOOD_PPM 80

/* Attempts, because a hypervisor may stop the machine for longer than wraps can be counted. */
#define REFINES_MAX 8

struct window {
    struct clock_counter *counter;
    struct calibrate_sample start;
    struct calibration result; /* rate 0: none */
    bool stands_still;
};

static struct window windows[COUNTERS_MAX];
static unsigned int window_count;
static const struct window *best; /* of the counter that the rate is taken from */

static struct tsc_rate reported;
static const char assumed[] = "assumed";
static const char *source = assumed, *first_source = assumed;
static uint64_t first_hz, measuring_ns;
static uint32_t error_ppm;
static bool is_refuted;

static struct timer refining;
static unsigned int refines;

uint64_t tsc_read_ordered(void)
{
    return cpu_read_tsc_ordered();
}

/* ---- the reported rate ---- */

struct msr_access {
    uint32_t msr;
    uint64_t value;
};

static void read_msr(void *argument)
{
    struct msr_access *access = argument;
    access->value = cpu_read_msr(access->msr);
}

static void write_msr(void *argument)
{
    const struct msr_access *access = argument;
    cpu_write_msr(access->msr, access->value);
}

static bool try_read_msr(uint32_t msr, uint64_t *value)
{
    struct msr_access access = { .msr = msr };
    struct trap_frame caught;
    if (!fixup_try(read_msr, &access, &caught))
        return false;
    *value = access.value;
    return true;
}

static bool try_write_msr(uint32_t msr, uint64_t value)
{
    struct msr_access access = { msr, value };
    struct trap_frame caught;
    return fixup_try(write_msr, &access, &caught);
}

static void read_reported_rate(void)
{
    static ALIGNED(PAGE_SIZE) uint8_t page[PAGE_SIZE];
    struct tsc_port port = {
        .cpuid = cpu_cpuid,
        .read_msr = try_read_msr,
        .write_msr = try_write_msr,
        .page = page,
        .page_address = phys_add(phys(machine_handoff()->kernel_start),
                                 virt_distance(virt(KERNEL_IMAGE_START), virt_of(page))),
    };
    reported = tsc_rate_given(&port, cpu_boot_identity());
}

/* ---- windows ---- */

static void begin_window(struct clock_counter *counter)
{
    struct window *window = &windows[window_count];
    uint64_t began = cpu_read_tsc();
    *window = (struct window){ .counter = counter };
    if (calibrate_sample(tsc_read_ordered, counter, &window->start) == STATUS_OK)
        window_count++;
    measuring_ns += clock_nanoseconds(cpu_read_tsc()) - clock_nanoseconds(began);
}

static bool has_window(const struct clock_counter *counter)
{
    for (unsigned int i = 0; i < window_count; i++)
        if (windows[i].counter == counter)
            return true;
    return false;
}

void tsc_init(uint64_t zero)
{
    uint64_t rate_hz = NS_PER_SECOND;
    read_reported_rate();
    counters_init_early();
    if (counters_get(0))
        begin_window(counters_get(0));
    if (reported.tsc_hz != 0) {
        rate_hz = reported.tsc_hz;
        source = reported.source;
    } else if (window_count > 0) {
        rate_hz = calibrate_estimate(windows[0].counter, &windows[0].start);
        source = windows[0].counter->name;
    }
    first_hz = rate_hz;
    first_source = source;
    clock_init(zero, rate_hz);
}

void tsc_begin_calibration(void)
{
    for (unsigned int i = 0; counters_get(i); i++)
        if (!has_window(counters_get(i)))
            begin_window(counters_get(i));
}

/* In the order of counters_get(). */
static struct window *window_of(const struct clock_counter *counter)
{
    for (unsigned int i = 0; i < window_count; i++)
        if (windows[i].counter == counter)
            return &windows[i];
    return NULL;
}

/* Makes a window long enough for an error of @good_ppm. One that has ended may be continued. */
static void end_window(struct window *window, uint32_t good_ppm)
{
    status_t status = calibrate(tsc_read_ordered, window->counter, &window->start, good_ppm, &window->result);
    window->stands_still = status == STATUS_TIMEOUT;
    if (status != STATUS_OK)
        window->result.rate_hz = 0;
}

/* Rejects counters that stand still, and unconfirmed ones that rank before the chosen one. A counter that
   could not be measured, because a hypervisor stopped the machine too often, stays. */
static void choose_window(void)
{
    uint64_t rates[COUNTERS_MAX];
    struct clock_counter *counters[COUNTERS_MAX];
    unsigned int count = 0;
    for (; counters_get(count); count++) {
        struct window *window = window_of(counters_get(count));
        if (window && !window->stands_still)
            end_window(window, CALIBRATE_CONFIRM_PPM);
        counters[count] = counters_get(count);
        rates[count] = window ? window->result.rate_hz : 0;
    }
    unsigned int chosen = calibrate_choose(rates, count, reported.tsc_hz);
    for (unsigned int i = 0; i < count; i++) {
        const struct window *window = window_of(counters[i]);
        bool stands_still = !window || window->stands_still;
        log_debug("clock", "TSC against %s: %lu Hz", counters[i]->name, rates[i]);
        if (!stands_still && (rates[i] == 0 || i >= chosen))
            continue;
        log_warn("clock", "%s rejected: %s", counters[i]->name,
                 stands_still ? "it stands still" : "its rate is not confirmed by any other counter");
        counters_reject(counters[i]);
    }
    best = chosen < count ? window_of(counters[chosen]) : NULL;
}

/* Only the chosen counter is measured precisely. If it stops meanwhile, it is rejected and another one is
   chosen; if it cannot be measured more precisely, because a hypervisor stops the machine, the first result
   is kept. */
static void measure_best(void)
{
    struct window *window;
    do {
        choose_window();
        window = best ? window_of(best->counter) : NULL;
        if (!window)
            return;
        struct calibration first = window->result;
        end_window(window, GOOD_PPM);
        if (window->result.rate_hz == 0 && !window->stands_still)
            window->result = first;
    } while (window->stands_still);
}

/* ---- the rate ---- */

/* Rates are shown in MHz with three decimals, as in CPU names. */
#define MHZ(hz)  (hz) / 1000000
#define KHZS(hz) (hz) / 1000 % 1000

/* @result: against the best counter. Return: whether the rate was changed. */
static bool take_rate(const struct calibration *result)
{
    enum tsc_verdict verdict = tsc_rate_check(&reported, result->rate_hz, result->error_ppm);
    error_ppm = result->error_ppm;
    if (verdict == TSC_KEEP)
        return false;
    if (verdict == TSC_REFUTED && !is_refuted)
        log_warn("clock", "TSC rate reported wrong: %lu.%03lu MHz by %s, %lu.%03lu MHz against %s",
                 MHZ(reported.tsc_hz), KHZS(reported.tsc_hz), reported.source, MHZ(result->rate_hz),
                 KHZS(result->rate_hz), best->counter->name);
    is_refuted |= verdict == TSC_REFUTED;
    irq_flags_t state = local_irq_save();
    clock_set_tsc_rate(result->rate_hz);
    local_irq_restore(state);
    source = best->counter->name;
    return true;
}

/* Within the calibration's error, and the rate at which a host's clock may be slewed. */
static bool is_likely(const struct calibration *result)
{
    int64_t ppm = tsc_rate_ppm(result->rate_hz, best->result.rate_hz);
    return (uint64_t)(ppm < 0 ? -ppm : ppm) <= best->result.error_ppm + TSC_RATE_GIVEN_PPM;
}

/* A timer's handler. */
static void refine(struct timer *timer, void *context)
{
    static struct calibrate_sample end;
    struct window *window = context;
    struct calibration result;
    status_t status = calibrate_sample(tsc_read_ordered, window->counter, &end);
    if (status == STATUS_OK)
        status = calibrate_between(window->counter, &window->start, &end, &window->result, &result);
    /* The TSC was changed meanwhile: a virtual machine was migrated to another host. */
    if (status == STATUS_OK && !is_likely(&result))
        status = STATUS_TOO_BIG;
    if (status == STATUS_TOO_BIG && ++refines < REFINES_MAX) {
        window->start = end;
        timer_arm(timer, clock_now_ns() + TSC_REFINE_NS);
        return;
    }
    clock_set_tsc_rate_final();
    if (status != STATUS_OK) {
        log_warn("clock", "TSC not refined against %s: %s", window->counter->name, status_sentence(status));
        return;
    }
    if (take_rate(&result))
        log_info("clock", "TSC refined: %lu.%03lu MHz (at first %lu.%03lu from %s), against %s",
                 MHZ(result.rate_hz), KHZS(result.rate_hz), MHZ(first_hz), KHZS(first_hz), first_source,
                 window->counter->name);
    else
        log_info("clock", "TSC rate confirmed: %lu.%03lu MHz from %s, %ld ppm off against %s",
                 MHZ(reported.tsc_hz), KHZS(reported.tsc_hz), reported.source,
                 tsc_rate_ppm(reported.tsc_hz, result.rate_hz), window->counter->name);
}

void tsc_end_calibration(void)
{
    uint64_t began_ns = clock_now_ns();
    measure_best();
    if (best)
        take_rate(&best->result);
    measuring_ns += clock_now_ns() - began_ns;
    log_info("clock", "TSC runs at %lu.%03lu MHz, from %s%s", MHZ(clock_tsc_hz()), KHZS(clock_tsc_hz()),
             source, cpu_has(CPU_FEATURE_INVARIANT_TSC) ? ", invariant" : "");
    if (!best) {
        clock_set_tsc_rate_final();
        return;
    }
    timer_init(&refining, refine, (void *)(uintptr_t)best);
    timer_arm(&refining, clock_now_ns() + TSC_REFINE_NS);
}

/* ---- results ---- */

struct clock_counter *tsc_reference(void)
{
    return best ? best->counter : NULL;
}

const struct tsc_rate *tsc_rate_reported(void)
{
    return &reported;
}

const char *tsc_rate_source(void)
{
    return source;
}

uint32_t tsc_rate_error_ppm(void)
{
    return source == reported.source ? 0 : error_ppm;
}

bool tsc_rate_is_refuted(void)
{
    return is_refuted;
}

uint64_t tsc_initial_hz(void)
{
    return first_hz;
}

const char *tsc_initial_source(void)
{
    return first_source;
}

uint64_t tsc_measuring_ns(void)
{
    return measuring_ns;
}
