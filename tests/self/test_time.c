/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock and timers on the machine they run on.
 */
#include <ashlar/ktest.h>
#include <ashlar/prng.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/irqflags.h>
#include <ashlar/time_units.h>

#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <irq/vectors.h>
#include <log/log.h>
#include <time/clock.h>
#include <time/counters.h>
#include <time/wrap_guard.h>
#include <time/timer.h>
#include <time/tsc.h>
#include <trap/traps.h>

/* ---- reading ---- */

KTEST(time, a_million_readings_never_go_backwards)
{
    uint64_t last = clock_now_ns();
    bool went_back = false;
    for (unsigned int i = 0; i < 1000000; i++) {
        uint64_t now = clock_now_ns();
        went_back |= now < last;
        last = now;
    }
    EXPECT(!went_back);
}

static uint64_t count_tsc(struct clock_counter *self)
{
    (void)self;
    return cpu_read_tsc_ordered();
}

static struct clock_counter tsc = { .name = "tsc", .bits = 64, .read = count_tsc };

/* The time-stamp counter, then those of counters_get(); NULL after the last. */
static struct clock_counter *counter_at(unsigned int index)
{
    tsc.rate_hz = clock_tsc_hz();
    return index == 0 ? &tsc : counters_get(index - 1);
}

static uint64_t counts(const struct clock_counter *counter, uint64_t from, uint64_t to)
{
    return (to - from) & clock_counter_mask(counter);
}

#define UNIT_NS (2 * NS_PER_MS)
#define RATE_PERCENT                                                                                         \
    2 /* by how much two rates may differ: rates measured under a busy hypervisor do                         \
       */
#define TIMEOUT_NS (300 * NS_PER_MS) /* for a row of steps that are not let alone */

/*
 * Both counters at one moment: the second was read between the first's two readings. A hypervisor may take
 * the CPU away between any two of them, so of a few tries the one with the least between; and what it has
 * between is in the error.
 */
struct moment {
    uint64_t before, after; /* of the first */
    uint64_t second;
};

static struct moment read_moment(struct clock_counter *first, struct clock_counter *second)
{
    struct moment best = { 0, 0, 0 };
    uint64_t narrowest = UINT64_MAX;
    for (unsigned int i = 0; i < 5; i++) {
        struct moment now;
        now.before = first->read(first);
        now.second = second->read(second);
        now.after = first->read(first);
        if (counts(first, now.before, now.after) < narrowest) {
            narrowest = counts(first, now.before, now.after);
            best = now;
        }
    }
    return best;
}

static uint64_t nanoseconds_of(const struct clock_counter *counter, uint64_t count)
{
    return count / counter->rate_hz * 1000000000 + count % counter->rate_hz * 1000000000 / counter->rate_hz;
}

/* What both counted: of the first the least and the most that it can have been; and by how much the second
   may be off. */
struct span {
    uint64_t least_ns, most_ns;
    uint64_t second_ns, doubt_ns;
};

static void add_part(struct clock_counter *first, struct clock_counter *second, const struct moment *start,
                     const struct moment *end, struct span *span)
{
    uint64_t inner = counts(first, start->after, end->before),
             outer = counts(first, start->before, end->after);
    span->least_ns += inner == 0 || inner > outer ? 0 : nanoseconds_of(first, inner - 1);
    span->most_ns += nanoseconds_of(first, outer + 1);
    span->second_ns += nanoseconds_of(second, counts(second, start->second, end->second));
    span->doubt_ns += nanoseconds_of(second, 1) + 1;
}

/* Between two moments, by whichever counter saw more. */
static uint64_t step_ns(struct clock_counter *first, struct clock_counter *second, const struct moment *from,
                        const struct moment *to)
{
    uint64_t by_first = nanoseconds_of(first, counts(first, from->before, to->after));
    uint64_t by_second = nanoseconds_of(second, counts(second, from->second, to->second));
    return by_first > by_second ? by_first : by_second;
}

static bool may_have_wrapped(const struct clock_counter *counter, uint64_t step)
{
    return counter->bits <= 32 && step > nanoseconds_of(counter, 1ULL << counter->bits) / 4;
}

/*
 * What both count while @first counts so many units. A hypervisor stops a virtual CPU and sometimes its
 * time-stamp counter with it, and a counter of few bits may go round meanwhile: a step that either counter
 * saw as much longer than others is in no sum. Each part between two such steps has its own error.
 * Return: whether the units came together.
 */
static bool count_units(struct clock_counter *first, struct clock_counter *second, uint64_t units,
                        struct span *span)
{
    uint64_t shortest = UINT64_MAX;
    struct moment start = read_moment(first, second), last = start;
    *span = (struct span){ .least_ns = 0 };
    uint64_t began = cpu_read_tsc_ordered();
    while (nanoseconds_of(&tsc, cpu_read_tsc_ordered() - began) < TIMEOUT_NS) {
        struct moment now = read_moment(first, second);
        uint64_t step = step_ns(first, second, &last, &now);
        if (step < shortest)
            shortest = step;
        if (step > shortest * 8 || may_have_wrapped(first, step) || may_have_wrapped(second, step)) {
            if (last.before != start.before)
                add_part(first, second, &start, &last, span);
            start = now;
        } else if (span->least_ns + nanoseconds_of(first, counts(first, start.after, now.before)) >=
                   units * UNIT_NS) {
            add_part(first, second, &start, &now, span);
            return true;
        }
        last = now;
    }
    return false;
}

/* Rates are good to RATE_PERCENT. The rest is what lay between readings. */
static bool spans_agree(const struct span *span)
{
    uint64_t low = span->second_ns / 100 * (100 - RATE_PERCENT),
             high = (span->second_ns / 100 + 1) * (100 + RATE_PERCENT);
    return low <= span->most_ns + span->doubt_ns && high + span->doubt_ns >= span->least_ns;
}

/* Whether @second counts n units while @first counts n, for a row of n. */
static bool counts_as_the_other(struct clock_counter *first, struct clock_counter *second)
{
    for (uint64_t units = 1; units <= 4; units++) {
        struct span span;
        if (!count_units(first, second, units, &span)) {
            log_info("time",
                     "%s and %s could not be compared: the machine is never let alone for long enough",
                     second->name, first->name);
            continue;
        }
        if (!spans_agree(&span)) {
            log_warn("time", "%s counted %lu ns while %s counted between %lu and %lu", second->name,
                     span.second_ns, first->name, span.least_ns, span.most_ns);
            return false;
        }
    }
    return true;
}

/* "Do not calibrate with the TSC blindly": one that counts 3 5 7 where another counts 1 2 3. */
KTEST(time, all_counters_agree_on_elapsed_time)
{
    if (!counters_get(0))
        SKIP_TEST("there is no counter beside the time-stamp counter");
    for (unsigned int i = 0; counter_at(i); i++)
        for (unsigned int j = 0; counter_at(j); j++)
            if (i != j)
                EXPECT(counts_as_the_other(counter_at(i), counter_at(j)));
}

/* ---- missed wraps ---- */

/* Longer than three rounds of the PIT and not a whole number of them. */
#define BLIND_NS (180 * NS_PER_MS)

static uint64_t tsc_ns(uint64_t ticks)
{
    return ticks / clock_tsc_hz() * 1000000000 + ticks % clock_tsc_hz() * 1000000000 / clock_tsc_hz();
}

/* Interrupts off, and the clock is not read. The time-stamp counter is the measure, and is good to
   RATE_PERCENT. */
KTEST(time, a_wrap_read_late_is_not_lost)
{
    struct clock_counter *counter = counters_get(0);
    if (clock_is_tsc() || !counter || counter->bits > 16)
        SKIP_TEST("the clock's rounds are long");
    timer_sleep_until(clock_now_ns() + 60 * NS_PER_MS); /* the wrap guard has read it at least once */
    uint64_t added = wrap_guard_added();
    irq_flags_t state = local_irq_save();
    uint64_t outer = cpu_read_tsc_ordered(), start_ns = clock_now_ns(), inner = cpu_read_tsc_ordered();
    while (tsc_ns(cpu_read_tsc_ordered() - inner) < BLIND_NS)
        cpu_relax();
    local_irq_restore(state);
    uint64_t before = wrap_guard_added();
    while (before < added + 3 && tsc_ns(cpu_read_tsc_ordered() - inner) < 10000000000) {
        timer_poll();
        before = wrap_guard_added();
    }
    uint64_t least = tsc_ns(cpu_read_tsc_ordered() - inner), ns = clock_now_ns() - start_ns;
    uint64_t most = tsc_ns(cpu_read_tsc_ordered() - outer);
    EXPECT(before >= added + 3);
    EXPECT(ns >= least / 100 * (100 - RATE_PERCENT));
    EXPECT(ns <= most / 100 * (100 + RATE_PERCENT));
}

/* ---- timers ---- */

#define TIMERS 64

static struct alarm {
    struct timer timer;
    uint64_t deadline_ns, called_ns;
    unsigned int calls, place; /* in the order of calls */
} alarms[TIMERS];
static volatile unsigned int alarms_called;

static void note_alarm(struct timer *timer, void *context)
{
    struct alarm *alarm = context;
    (void)timer;
    alarm->called_ns = clock_now_ns();
    alarm->calls++;
    alarm->place = alarms_called++;
}

static void init_alarms(void)
{
    alarms_called = 0;
    for (unsigned int i = 0; i < TIMERS; i++) {
        alarms[i] = (struct alarm){ .calls = 0 };
        timer_init(&alarms[i].timer, note_alarm, &alarms[i]);
    }
}

/* Waits for so many calls; the deadlines are all in the next milliseconds. */
static bool wait_for_alarms(unsigned int count)
{
    uint64_t deadline_ns = clock_now_ns() + 10 * NS_PER_SECOND;
    while (alarms_called < count && clock_now_ns() < deadline_ns)
        timer_sleep_until(clock_now_ns() + 500 * NS_PER_US);
    return alarms_called == count;
}

KTEST(timer, timers_run_once_each_in_order_and_not_early)
{
    uint64_t sequence = cpu_read_tsc() | 1, start = clock_now_ns() + 1 * NS_PER_MS;
    init_alarms();
    /* None runs before all are armed, however long that takes: otherwise an earlier one could run after a
     * later one. */
    irq_flags_t state = local_irq_save();
    for (unsigned int i = 0; i < TIMERS; i++) {
        alarms[i].deadline_ns = start + (prng_next(&sequence) >> 33) % (8 * NS_PER_MS);
        EXPECT(!timer_arm(&alarms[i].timer, alarms[i].deadline_ns));
    }
    local_irq_restore(state);
    ASSERT_THAT(wait_for_alarms(TIMERS));
    for (unsigned int i = 0; i < TIMERS; i++) {
        EXPECT(alarms[i].calls == 1);
        EXPECT(alarms[i].called_ns >= alarms[i].deadline_ns);
        for (unsigned int j = 0; j < TIMERS; j++)
            if (alarms[i].deadline_ns < alarms[j].deadline_ns)
                EXPECT(alarms[i].place < alarms[j].place);
    }
}

KTEST(timer, a_canceled_timer_does_not_run)
{
    uint64_t start = clock_now_ns();
    init_alarms();
    irq_flags_t state = local_irq_save();
    for (unsigned int i = 0; i < TIMERS; i++)
        timer_arm(&alarms[i].timer, start + 1000000 + i * 1000);
    for (unsigned int i = 0; i < TIMERS; i += 2)
        EXPECT(timer_cancel(&alarms[i].timer).was_armed);
    local_irq_restore(state);
    ASSERT_THAT(wait_for_alarms(TIMERS / 2));
    timer_sleep_until(clock_now_ns() + 2 * NS_PER_MS);
    for (unsigned int i = 0; i < TIMERS; i++)
        EXPECT(alarms[i].calls == i % 2);
    EXPECT(!timer_cancel(&alarms[1].timer).was_armed);
}

KTEST(timer, a_moved_timer_runs_at_its_new_time_only)
{
    uint64_t now = clock_now_ns();
    init_alarms();
    timer_arm(&alarms[0].timer, now + 60 * NS_PER_SECOND);
    alarms[0].deadline_ns = now + 3 * NS_PER_MS;
    EXPECT(timer_arm(&alarms[0].timer, alarms[0].deadline_ns));
    ASSERT_THAT(wait_for_alarms(1));
    EXPECT(alarms[0].called_ns >= alarms[0].deadline_ns);
}

KTEST(timer, a_deadline_in_the_past_is_due_at_once)
{
    init_alarms();
    timer_arm(&alarms[0].timer, 0);
    timer_arm(&alarms[1].timer, clock_now_ns());
    EXPECT(wait_for_alarms(2));
}

static void arm_again(struct timer *timer, void *context)
{
    unsigned int *left = context;
    if (--*left > 0)
        timer_arm(timer, clock_now_ns() + 100 * NS_PER_US);
}

KTEST(timer, a_handler_may_arm_its_own_timer)
{
    struct timer timer;
    volatile unsigned int left = 20;
    timer_init(&timer, arm_again, (void *)(uintptr_t)&left);
    timer_arm(&timer, clock_now_ns());
    uint64_t deadline_ns = clock_now_ns() + 10 * NS_PER_SECOND;
    while (left > 0 && clock_now_ns() < deadline_ns)
        timer_sleep_until(clock_now_ns() + 200 * NS_PER_US);
    EXPECT(left == 0);
    timer_cancel_wait(&timer);
}

KTEST(timer, a_sleep_does_not_end_early)
{
    for (uint64_t delay_ns = 1; delay_ns <= 1000000; delay_ns *= 10) {
        uint64_t end_ns = clock_now_ns() + delay_ns;
        timer_sleep_until(end_ns);
        EXPECT(clock_now_ns() >= end_ns);
    }
}

/* Interrupts are on, time passes, and no timer is armed: nothing ticks. */
KTEST(timer, nothing_interrupts_when_nothing_is_due)
{
    if (!clock_is_tsc())
        SKIP_TEST("a clock that wraps is read now and then");
    /* One timer refines the rate, within seconds of the start. */
    while (!clock_tsc_rate_is_final())
        timer_sleep_until(clock_now_ns() + 10 * NS_PER_MS);
    timer_spin_ns(3 * NS_PER_MS); /* an interrupt that was armed for a canceled timer arrives in this time */
    uint64_t before = traps_taken_count(PERCPU_MINE(cpu_number), VECTOR_TIMER);
    timer_spin_ns(20 * NS_PER_MS);
    EXPECT(traps_taken_count(PERCPU_MINE(cpu_number), VECTOR_TIMER) == before);
}
