/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One timer, on the CPU that chose the clocksource. It is late when interrupts were off, or the virtual
 * machine was stopped.
 */
#include <time/wrap_guard.h>

#include <ashlar/time_units.h>
#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <log/log.h>
#include <time/clock.h>
#include <time/wraps.h>
#include <time/timer.h>

/* A host that stops the machine may do so often, and must not flood the log. */
#define LINES_MAX 8

static struct timer timer;
static struct wraps wraps;
static unsigned int cpu; /* whose TSC counts the missed wraps */
static unsigned int lines;
static uint64_t wraps_added;

static bool may_log(void)
{
    return lines++ < LINES_MAX;
}

static void note_missed(const struct clock_counter *counter, uint64_t missed)
{
    clock_add_wraps(missed);
    wraps_added += missed;
    if (may_log())
        log_warn("clock", "%s read too late: %lu wraps added (%lu ms), by the TSC", counter->name, missed,
                 (missed << counter->bits) * (NS_PER_SECOND / NS_PER_MS) / counter->rate_hz);
}

static void check(struct clock_counter *counter)
{
    uint64_t missed;
    if (counter->bits > 32)
        return;
    uint64_t count = clock_wide_count(), tick = cpu_read_tsc_ordered();
    if (cpu != PERCPU_MINE(cpu_number)) { /* it went offline, and its timers moved here */
        cpu = PERCPU_MINE(cpu_number);
        wraps.has_last = false;
    }
    switch (wraps_check(&wraps, tick, count, counter->bits, &missed)) {
    case WRAPS_MISSED:
        note_missed(counter, missed);
        break;
    case WRAPS_UNKNOWN:
        if (may_log())
            log_warn("clock", "%s may have been read too late, and the TSC cannot tell: time may be lost",
                     counter->name);
        break;
    case WRAPS_NONE:
        break;
    }
}

static void keep_reading(struct timer *self, void *context)
{
    struct clock_counter *counter = context;
    uint64_t wrap = counter->bits >= 32 ? 1ULL << 32 : 1ULL << counter->bits;
    check(counter);
    timer_arm(self, clock_now_ns() + wrap / 4 * NS_PER_SECOND / counter->rate_hz);
}

void wrap_guard_start(struct clock_counter *counter)
{
    cpu = PERCPU_MINE(cpu_number);
    wraps_begin(&wraps, clock_tsc_hz(), counter->rate_hz);
    timer_init(&timer, keep_reading, counter);
    keep_reading(&timer, counter);
}

uint64_t wrap_guard_added(void)
{
    return wraps_added;
}
