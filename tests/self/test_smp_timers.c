/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clock and timers on all CPUs at once.
 */
#include <ashlar/ktest.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/time_units.h>

#include <cpu/percpu.h>
#include <time/clock.h>
#include <time/timer.h>

#include "on_every_cpu.h"

static uint32_t calls; /* atomic */

/* ---- the clock ---- */

static uint64_t latest_ns; /* atomic: the latest time that any CPU has read */

static void read_clocks(void *argument)
{
    (void)argument;
    for (unsigned int i = 0; i < 2000; i++) {
        uint64_t before = __atomic_load_n(&latest_ns, __ATOMIC_ACQUIRE);
        uint64_t now = clock_now_ns();
        if (now < before)
            note_wrong();
        while (now > before && !__atomic_compare_exchange_n(&latest_ns, &before, now, true, __ATOMIC_RELEASE,
                                                            __ATOMIC_RELAXED))
            ;
    }
}

KTEST(smp, time_never_goes_backwards_between_cpus)
{
    NEEDS_TWO();
    wrong = 0;
    latest_ns = 0;
    on_every_cpu(0, read_clocks, NULL);
    EXPECT(wrong == 0);
}

/* ---- timers ---- */

#define TIMERS            16
#define TIMERS_APART_NS   (100 * NS_PER_US)
#define TIMERS_TIMEOUT_NS (10 * NS_PER_SECOND)

struct own_timers {
    struct timer timers[TIMERS];
    unsigned int cpu;
    uint32_t fired; /* atomic */
    uint64_t deadline_ns;
};

static void fire(struct timer *timer, void *context)
{
    struct own_timers *own = context;
    (void)timer;
    if (clock_now_ns() < own->deadline_ns)
        note_wrong();
    if (!clockevent_is_shared() && PERCPU_MINE(cpu_number) != own->cpu)
        note_wrong();
    count_call(&own->fired);
}

/* Half of them are cancelled and some moved, perhaps when they have fired; none fires twice, or is lost. */
static void use_timers(void *argument)
{
    struct own_timers *own = kcalloc(1, sizeof(*own));
    uint32_t expected = TIMERS;
    (void)argument;
    if (!own)
        return;
    own->cpu = PERCPU_MINE(cpu_number);
    own->deadline_ns = clock_now_ns() + 10 * NS_PER_US;
    for (unsigned int i = 0; i < TIMERS; i++) {
        timer_init(&own->timers[i], fire, own);
        timer_arm(&own->timers[i], own->deadline_ns + i * TIMERS_APART_NS);
    }
    for (unsigned int i = 0; i < TIMERS; i += 2)
        expected -= timer_cancel_wait(&own->timers[i]);
    for (unsigned int i = 1; i < TIMERS; i += 4)
        expected += !timer_arm(&own->timers[i], own->deadline_ns);
    uint64_t end_ns = clock_now_ns() + TIMERS_TIMEOUT_NS;
    while (__atomic_load_n(&own->fired, __ATOMIC_RELAXED) < expected && clock_now_ns() < end_ns)
        timer_sleep_until(clock_now_ns() + 100 * NS_PER_US);
    for (unsigned int i = 0; i < TIMERS; i++)
        if (timer_cancel_wait(&own->timers[i]) != 0)
            note_wrong();
    if (own->fired != expected)
        note_wrong();
    kfree(own);
}

KTEST(smp, timers_of_all_cpus_fire_once_each)
{
    NEEDS_TWO();
    EXPECT_ON_EVERY_CPU(0, use_timers, NULL);
}

static void sleep_a_little(void *argument)
{
    uint64_t end_ns = clock_now_ns() + 1 * NS_PER_MS;
    timer_sleep_until(end_ns);
    if (clock_now_ns() < end_ns)
        note_wrong();
    count_call(argument);
}

KTEST(smp, every_cpu_has_timers)
{
    NEEDS_TWO();
    wrong = calls = 0;
    unsigned int cpus = on_every_cpu(0, sleep_a_little, &calls);
    EXPECT(calls == cpus);
    EXPECT(wrong == 0);
}
