/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timer interrupts from one of several devices.
 *
 * The device is chosen once for all CPUs, and again when the clocksource is unstable, on one CPU while the
 * others go on. Each of those notices when it arms the next time, and sets up its own timer then. It does so
 * soon: an IPI runs its timer interrupt, because the one that it had armed before may come too late or never,
 * such as at a count of a TSC that was set back. tests/models/clockevent.pml is the model.
 *
 * A device is armed by a delay in its own ticks, except for TSC-deadline, which takes an absolute time. A
 * delay is rounded up, and limited to the device's range: the interrupt is then early, finds no timer due,
 * and arms the rest.
 */
#include <time/clockevent.h>

#include <ashlar/sync/irqflags.h>
#include <ashlar/time_units.h>
#include <cpu/errata_cpu.h>
#include <cpu/features.h>
#include <cpu/percpu.h>
#include <trap/traps.h>
#include <log/log.h>
#include <irq/irq.h>
#include <irq/lapic.h>
#include <irq/vectors.h>
#include <lib/string.h>
#include <time/clock.h>

#define LAPIC_MAX 0xffffffffULL

enum source { SOURCE_NONE, SOURCE_DEADLINE, SOURCE_LAPIC, SOURCE_DEVICE };

static enum source source;                     /* atomic; written after the rates that it needs */
static PERCPU(enum source, event_source_here); /* that this CPU's LAPIC timer is set up for */
static PERCPU(uint32_t, event_apic_id);        /* of this CPU, for another one; written before the above */
static struct clockevent_setup setup;
static struct irq *device_irq;
static uint64_t ticks_per_ns; /* atomic; times 2^CLOCK_SHIFT, rounded up; of LAPIC timer and device */
static uint64_t max_ticks;    /* atomic */

/* ---- the interrupt ---- */

static void handle_lapic_timer(struct trap_frame *frame)
{
    (void)frame;
    lapic_eoi();
    setup.expired();
}

static bool handle_device(void *context)
{
    (void)context;
    setup.expired();
    return true;
}

/* ---- arming ---- */

static uint64_t delay_ticks(uint64_t deadline_ns)
{
    uint64_t now_ns = clock_now_ns();
    if (deadline_ns <= now_ns)
        return 1;
    uint64_t rate = __atomic_load_n(&ticks_per_ns, __ATOMIC_RELAXED);
    uint64_t most = __atomic_load_n(&max_ticks, __ATOMIC_RELAXED);
    unsigned __int128 ticks = ((unsigned __int128)(deadline_ns - now_ns) * rate >> CLOCK_SHIFT) + 1;
    return ticks > most ? most : (uint64_t)ticks;
}

/* Sets up this CPU's timer for the source if it has changed. Return: the source. Context: interrupts off. */
static enum source source_here(void)
{
    CHECK_IRQS_OFF();
    static const enum lapic_timer_mode kinds[] = { [SOURCE_DEADLINE] = LAPIC_TIMER_TSC_DEADLINE,
                                                   [SOURCE_LAPIC] = LAPIC_TIMER_ONE_SHOT,
                                                   [SOURCE_DEVICE] = LAPIC_TIMER_OFF };
    /* Acquire pairs with the release in clockevent_init(): rates and device are this source's. */
    enum source wanted = __atomic_load_n(&source, __ATOMIC_ACQUIRE);
    if (UNLIKELY(PERCPU_MINE(event_source_here) != wanted)) {
        /* Release pairs with the acquire in interrupt_others(). */
        __atomic_store_n(PERCPU_OF(PERCPU_MINE(cpu_number), event_source_here), wanted, __ATOMIC_RELEASE);
        if (lapic_mode() != LAPIC_NONE)
            lapic_timer_set_mode(kinds[wanted]);
    }
    return wanted;
}

/*
 * While the rates are not final, an interrupt would be late by the error of the rate times the delay. So it
 * is armed for no longer than this, finds no timer due, and arms the rest.
 */
#define PROVISIONAL_NS (2 * NS_PER_SECOND)

static uint64_t bounded(uint64_t deadline_ns)
{
    if (LIKELY(clock_tsc_rate_is_final()))
        return deadline_ns;
    uint64_t latest_ns = clock_now_ns() + PROVISIONAL_NS;
    return deadline_ns < latest_ns ? deadline_ns : latest_ns;
}

static bool is_shared_source(enum source which)
{
    return which == SOURCE_DEVICE || which == SOURCE_NONE;
}

bool clockevent_arm(uint64_t deadline_ns, bool is_shared)
{
    enum source here = source_here();
    if (UNLIKELY(is_shared_source(here) && !is_shared))
        return false;
    deadline_ns = bounded(deadline_ns);
    switch (here) {
    case SOURCE_DEADLINE: {
        uint64_t tick = clock_tick_of(deadline_ns);
        lapic_timer_arm_deadline(tick ? tick : 1); /* 0 would disarm */
        break;
    }
    case SOURCE_LAPIC:
        lapic_timer_arm((uint32_t)delay_ticks(deadline_ns));
        break;
    case SOURCE_DEVICE:
        setup.device->arm(setup.device, delay_ticks(deadline_ns));
        break;
    case SOURCE_NONE:
        break;
    }
    return true;
}

const char *clockevent_name(void)
{
    static const char *const names[] = { "none", "tsc-deadline", "lapic" };
    return source == SOURCE_DEVICE ? setup.device->name : names[source];
}

/* ---- choosing ---- */

/* Other CPUs may be arming: they use the old rate or the new one. */
static void set_rate(uint64_t rate_hz, uint64_t most)
{
    __atomic_store_n(&ticks_per_ns, clock_ticks_per_ns(rate_hz), __ATOMIC_RELAXED);
    __atomic_store_n(&max_ticks, most, __ATOMIC_RELAXED);
}

void clockevent_set_lapic_rate(uint64_t lapic_hz)
{
    setup.lapic_hz = lapic_hz;
    if (source == SOURCE_LAPIC && lapic_hz >= LAPIC_TIMER_DIVIDER)
        set_rate(lapic_hz / LAPIC_TIMER_DIVIDER, LAPIC_MAX);
}

static bool may_use(const char *name)
{
    return !setup.only || strcmp(setup.only, name) == 0;
}

static bool use_device(void)
{
    status_t status;
    if (!setup.device || !may_use(setup.device->name))
        return false;
    if (device_irq)
        return true;
    status = setup.isa >= 0
                 ? irq_request_isa((uint8_t)setup.isa, handle_device, NULL, setup.device->name, &device_irq)
                 : irq_request(setup.gsi, (struct irq_wiring){ false, false }, handle_device, NULL,
                               setup.device->name, &device_irq);
    if (status != STATUS_OK)
        log_warn("time", "interrupt of %s not available: %s", setup.device->name, status_sentence(status));
    return status == STATUS_OK;
}

/* Context: interrupts off. If an IPI is not sent, that CPU goes on as it is until it arms. */
static void interrupt_others(enum source chosen)
{
    CHECK_IRQS_OFF();
    for (unsigned int cpu = 0; cpu < percpu_count(); cpu++) {
        /* Acquire pairs with the release in source_here(). */
        enum source old = __atomic_load_n(PERCPU_OF(cpu, event_source_here), __ATOMIC_ACQUIRE);
        if (cpu != PERCPU_MINE(cpu_number) && old != SOURCE_NONE && old != chosen)
            (void)!lapic_send(*PERCPU_OF(cpu, event_apic_id), VECTOR_TIMER);
    }
}

bool clockevent_init(const struct clockevent_setup *from)
{
    setup = *from;
    enum source chosen = SOURCE_NONE;
    bool has_lapic = lapic_mode() != LAPIC_NONE;
    bool has_timer = has_lapic && !errata_applies(ERRATUM_C1E);
    bool has_deadline =
        has_timer && cpu_has(CPU_FEATURE_TSC_DEADLINE) && !errata_applies(ERRATUM_TSC_DEADLINE);
    if (has_deadline && clock_is_tsc() && may_use("tsc-deadline")) {
        chosen = SOURCE_DEADLINE;
    } else if (has_timer && setup.lapic_hz >= LAPIC_TIMER_DIVIDER && may_use("lapic")) {
        set_rate(setup.lapic_hz / LAPIC_TIMER_DIVIDER, LAPIC_MAX);
        chosen = SOURCE_LAPIC;
    } else if (use_device()) {
        set_rate(setup.device->rate_hz, setup.device->max_ticks);
        chosen = SOURCE_DEVICE;
    }
    if (has_lapic)
        traps_set_handler(VECTOR_TIMER, handle_lapic_timer);
    __atomic_store_n(&source, chosen, __ATOMIC_RELEASE);
    (void)source_here();
    /* Pairs with the fence in clockevent_init_cpu(). */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (has_lapic)
        interrupt_others(chosen);
    return chosen != SOURCE_NONE;
}

void clockevent_init_cpu(void)
{
    /* A stale value, if this CPU was online before: INIT has stopped the timer. */
    PERCPU_MINE(event_source_here) = SOURCE_NONE;
    PERCPU_MINE(event_apic_id) = lapic_mode() != LAPIC_NONE ? lapic_id() : 0;
    (void)source_here();
    /* Either clockevent_init() on another CPU sees this one, or this one sees its choice when it arms. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void clockevent_offline_cpu(void)
{
    CHECK_IRQS_OFF();
    PERCPU_MINE(event_source_here) = SOURCE_NONE;
    lapic_timer_set_mode(LAPIC_TIMER_OFF);
}

bool clockevent_is_shared(void)
{
    return is_shared_source(__atomic_load_n(&source, __ATOMIC_RELAXED));
}
