/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clocksource watchdog of this machine; watchdog_rule.h has the rule.
 */
#include <time/watchdog.h>

#include <ashlar/sync/exclusive.h>
#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <irq/lapic.h>
#include <irq/vectors.h>
#include <log/log.h>
#include <time/clock.h>
#include <time/watchdog_rule.h>

/*
 * One CPU at a time compares, and changes the clocksource if needed; others skip it, since the next timer
 * interrupt tries again. Not a spinlock: a change of clocksource may allocate and so make a cross-call, to a
 * CPU that would be spinning here.
 */
static struct exclusive comparing;
static bool is_marked;                  /* atomic: watchdog_mark_unstable() was called */
static struct clock_counter *reference; /* NULL: none, or the TSC is unstable */
static void (*on_unstable)(void);
static struct watchdog watchdog;
static int64_t drift_ppm;
static uint64_t comparisons;
static uint32_t bsp_apic_id;

void watchdog_start(struct clock_counter *counter, void (*unstable)(void))
{
    reference = counter;
    on_unstable = unstable;
    if (lapic_mode() != LAPIC_NONE)
        bsp_apic_id = lapic_id();
    if (!reference)
        return;
    watchdog = (struct watchdog){
        .reference_hz = reference->rate_hz,
        .mask = clock_counter_mask(reference),
    };
}

/* Readings of both counters at one moment: of a few pairs the one that was read fastest. */
static uint64_t cross_timestamp(uint64_t *count)
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

static void replace_tsc(void)
{
    reference = NULL;
    on_unstable();
}

static void compare(void)
{
    int64_t ppm;
    uint64_t count = 0;
    uint64_t tick = cross_timestamp(&count), before = watchdog.tick;
    watchdog.rate_hz = clock_tsc_hz();
    enum watchdog_verdict verdict = watchdog_check(&watchdog, tick, count, &ppm);
    if (verdict >= WATCHDOG_STABLE) {
        drift_ppm = ppm;
        comparisons++;
    }
    if (verdict < WATCHDOG_UNSTABLE)
        return;
    if (verdict == WATCHDOG_SET_BACK)
        log_warn("clock", "TSC unstable: set back by %lu ticks", before - tick);
    else
        log_warn("clock", "TSC unstable: %ld ppm off against %s, twice in a row", ppm, reference->name);
    replace_tsc();
}

static bool is_due(void)
{
    return reference && clock_duration_ns(cpu_read_tsc() - watchdog.tick) >= WATCHDOG_MIN_NS;
}

void watchdog_poll(void)
{
    bool is_wanted = __atomic_load_n(&is_marked, __ATOMIC_RELAXED) || is_due();
    if (!is_wanted || !exclusive_try_enter(&comparing, PERCPU_MINE(cpu_number)))
        return;
    if (__atomic_exchange_n(&is_marked, false, __ATOMIC_RELAXED))
        replace_tsc();
    else if (reference)
        compare();
    exclusive_leave(&comparing);
}

/* The BSP replaces the clocksource, because that requests interrupts there; on another CPU, the BSP's timer
   vector is raised by an IPI. If it is not sent, this CPU does it. */
void watchdog_mark_unstable(void)
{
    __atomic_store_n(&is_marked, true, __ATOMIC_RELAXED);
    if (PERCPU_MINE(cpu_number) == 0 || lapic_mode() == LAPIC_NONE ||
        lapic_send(bsp_apic_id, VECTOR_TIMER) != STATUS_OK)
        watchdog_poll();
}

bool watchdog_drift_ppm(int64_t *ppm)
{
    *ppm = drift_ppm;
    return comparisons > 0;
}

uint64_t watchdog_count(void)
{
    return comparisons;
}
