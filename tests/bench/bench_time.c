/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What it costs to read the clock, to arm a timer and to have it fire; and how late timers are.
 */
#include <ashlar/bench.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/irqflags.h>
#include <ashlar/time_units.h>

#include <cpu/insn.h>
#include <cpu/wait.h>
#include <time/clock.h>
#include <time/timer.h>

#define OPERATIONS 1000

static void read_clock(void)
{
    for (unsigned int i = 0; i < OPERATIONS; i++)
        __asm__ volatile("" ::"r"(clock_now_ns()));
}
BENCH(clock_read, "clock.read", OPERATIONS, read_clock);

static struct timer timer;
static volatile uint64_t fired_ns;
static volatile unsigned int fired;

static void note(struct timer *self, void *context)
{
    (void)self;
    (void)context;
    fired_ns = clock_now_ns();
    fired++;
}

static bool init_timer(void)
{
    timer_init(&timer, note, NULL);
    return timer_interrupts();
}

static void cancel_timer(void)
{
    timer_cancel(&timer);
}

/* A deadline that is not reached: the hardware is armed for it once, and again after each cancellation. */
static void arm_and_cancel(void)
{
    uint64_t deadline_ns = clock_now_ns() + 3600 * NS_PER_SECOND;
    for (unsigned int i = 0; i < OPERATIONS; i++) {
        timer_arm(&timer, deadline_ns);
        timer_cancel(&timer);
    }
}
BENCH_WITH(timer_arm_cancel, "timer.arm-cancel", OPERATIONS, init_timer, arm_and_cancel, cancel_timer);

/* Armed for a time that has passed: until its handler has run. */
static void arm_and_fire(void)
{
    fired = 0;
    for (unsigned int i = 0; i < OPERATIONS; i++) {
        timer_arm(&timer, 0);
        while (fired <= i)
            cpu_relax();
    }
}
BENCH_WITH(timer_fire, "timer.fire", OPERATIONS, init_timer, arm_and_fire, cancel_timer);

/* How long after its time a timer's handler runs, in nanoseconds; delays of 20 us to 1 ms. */
static uint64_t lateness(void)
{
    static uint64_t random = 1;
    random = random * 6364136223846793005 + 1442695040888963407;
    uint64_t deadline_ns = clock_now_ns() + 20 * NS_PER_US + (random >> 33) % 980000;
    fired = 0;
    timer_arm(&timer, deadline_ns);
    while (fired == 0) {
        local_irq_disable();
        if (fired > 0)
            break;
        cpu_interrupts_on_and_halt();
    }
    local_irq_enable();
    return fired_ns - deadline_ns;
}
BENCH_SAMPLES(timer_lateness, "timer.lateness", "ns", init_timer, lateness);
