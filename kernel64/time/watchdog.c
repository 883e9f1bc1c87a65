/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The watch over this machine's clock: watch_rule.h has the rule.
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
 * Whoever looks has it alone, until also what follows is done; others go on, since the next timer looks
 * again. It is no lock to wait for: choosing another clock may want memory, from a CPU that waits for an
 * answer of who would be waiting here.
 */
static struct exclusive looking;
static bool is_condemned;               /* atomic */
static struct clock_counter *reference; /* gone when the clock is left */
static void (*demote)(void);
static struct watchdog watchdog;
static int64_t drift_ppm;
static uint64_t comparisons;
static uint32_t first_apic_id;

void watchdog_start(struct clock_counter *counter, void (*when_it_lies)(void))
{
    reference = counter;
    demote = when_it_lies;
    if (lapic_mode() != LAPIC_NONE)
        first_apic_id = lapic_id();
    if (!reference)
        return;
    watchdog = (struct watchdog){
        .reference_hz = reference->rate_hz,
        .mask = clock_counter_mask(reference),
    };
}

/* Both counters of one moment: of a few pairs the one that was read fastest. */
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

static void leave(void)
{
    reference = NULL;
    demote();
}

static void look(void)
{
    int64_t ppm;
    uint64_t count = 0;
    uint64_t tick = cross_timestamp(&count);
    watchdog.rate_hz = clock_tsc_hz();
    enum watchdog_verdict verdict = watchdog_check(&watchdog, tick, count, &ppm);
    if (verdict >= WATCHDOG_STABLE) {
        drift_ppm = ppm;
        comparisons++;
    }
    if (verdict != WATCHDOG_UNSTABLE)
        return;
    log_warn("clock", "TSC unstable: %ld ppm off against %s, twice in a row", ppm, reference->name);
    leave();
}

static bool is_time_to_look(void)
{
    return reference && clock_duration_ns(cpu_read_tsc() - watchdog.tick) >= WATCHDOG_MIN_NS;
}

void watchdog_poll(void)
{
    bool is_due = __atomic_load_n(&is_condemned, __ATOMIC_RELAXED) || is_time_to_look();
    if (!is_due || !exclusive_try_enter(&looking, PERCPU_MINE(cpu_number)))
        return;
    if (__atomic_exchange_n(&is_condemned, false, __ATOMIC_RELAXED))
        leave();
    else if (reference)
        look();
    exclusive_leave(&looking);
}

/* The first CPU leaves the clock, because that asks for interrupts there; elsewhere its timer's interrupt is
   raised. One that cannot be raised is left to the next that comes. */
void watchdog_mark_unstable(void)
{
    __atomic_store_n(&is_condemned, true, __ATOMIC_RELAXED);
    if (PERCPU_MINE(cpu_number) == 0 || lapic_mode() == LAPIC_NONE ||
        lapic_send(first_apic_id, VECTOR_TIMER) != STATUS_OK)
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
