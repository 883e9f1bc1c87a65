/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comparing the time-stamp counters of this machine's CPUs: tsc_sync_rule.h has the rule.
 *
 * All CPUs are called at once and none waits for another. One that comes early goes on with its rounds for a
 * while, because two that are never at it together see of a difference only what exceeds the time between.
 */
#include <time/tsc_sync.h>

#include <ashlar/check.h>
#include <ashlar/hw/cpu.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/irqflags.h>
#include <cpu/features.h>
#include <cpu/insn.h>
#include <log/log.h>
#include <time/tsc_sync_rule.h>
#include <time/clock.h>
#include <time/counters.h>
#include <time/watchdog.h>

/* With hundreds of CPUs on two sockets, half of them may be off. */
#define NAMED_MAX 8

#define PASSES_PER_SECOND 1000

STATIC_ASSERT(PERCPU_MAX <= 1 << TSC_SYNC_CPU_BITS, "tsc_sync_rule.h keeps a CPU's number in these bits");

PERCPU(uint64_t, tsc_sync_test_skew);
static PERCPU(struct tsc_sync_view, tsc_sync_view);
static uint64_t first_adjust; /* the first CPU's, for all */
static uint64_t most_ns;
static bool has_compared;

/* The comparison that goes on; its views are each CPU's own. */
static struct tsc_sync standing;
static PERCPU(struct tsc_sync_view, standing_view);
static PERCPU(uint64_t, last_pass);
static bool is_standing; /* atomic: standing is set up, and nobody has been found behind */

/* Of the last check, for the next. */
static tsc_sync_call_fn *last_on_all;
static unsigned int last_cpus;
static uint64_t last_ns;

/* ---- what firmware added ---- */

void tsc_sync_init_cpu(void)
{
    if (!cpu_has(CPU_FEATURE_TSC_ADJUST))
        return;
    uint64_t added = cpu_read_msr(MSR_TSC_ADJUST);
    if (PERCPU_MINE(cpu_number) == 0)
        first_adjust = added;
    if (added == first_adjust)
        return;
    cpu_write_msr(MSR_TSC_ADJUST, first_adjust);
    log_warn("time",
             "CPU %u's time-stamp counter had been moved by %ld ticks, the first CPU's by %ld; corrected",
             PERCPU_MINE(cpu_number), (int64_t)added, (int64_t)first_adjust);
}

/* ---- comparing ---- */

static struct tsc_sync_view *view_of(unsigned int cpu)
{
    return PERCPU_OF(cpu, tsc_sync_view);
}

static uint64_t read_counter(void)
{
    return cpu_read_tsc_ordered() + PERCPU_MINE(tsc_sync_test_skew);
}

static void go_round(struct tsc_sync *sync)
{
    unsigned int cpu = PERCPU_MINE(cpu_number);
    tsc_sync_round(sync, view_of(cpu), cpu, read_counter);
}

static void compare_here(void *argument)
{
    struct tsc_sync *sync = argument;
    uint64_t began_ns = clock_nanoseconds(cpu_read_tsc());
    tsc_sync_join(sync, view_of(PERCPU_MINE(cpu_number)));
    for (unsigned int left = TSC_SYNC_ROUNDS; left > 0;) {
        go_round(sync);
        if (tsc_sync_all_joined(sync) || clock_nanoseconds(cpu_read_tsc()) - began_ns > TSC_SYNC_STAY_NS)
            left--;
        else
            cpu_relax();
    }
}

static uint64_t nanoseconds(uint64_t ticks)
{
    return clock_duration_ns(ticks);
}

/* Of those that are ahead, not all need have been seen: the highest hides the others. How many are behind
   says the rest. */
static void name_odd(const struct tsc_sync_result *result, unsigned int cpus)
{
    unsigned int odd = 0;
    bool is_ahead = tsc_sync_faulty_are_ahead(result);
    log_warn("time", "time-stamp counters do not agree: %u of %u CPUs are behind others, by up to %lu ns",
             result->behind_cpus, cpus, nanoseconds(result->most));
    for (unsigned int cpu = 0; cpu < percpu_count() && odd < NAMED_MAX; cpu++) {
        const struct tsc_sync_view *view = view_of(cpu);
        uint64_t ticks = tsc_sync_error_ticks(result, view);
        if (ticks == 0)
            continue;
        odd++;
        log_warn("time", "CPU %u's time-stamp counter is %s CPU %u's by %lu ns or more", cpu,
                 is_ahead ? "ahead of" : "behind", is_ahead ? view->behind_cpu : view->ahead_cpu,
                 nanoseconds(ticks));
    }
}

/* Once; a CPU that comes up later takes part from then on. Release pairs with the acquire in tsc_sync_tick().
 */
static void stand(unsigned int cpus)
{
    if (cpu_has(CPU_FEATURE_INVARIANT_TSC) || __atomic_load_n(&is_standing, __ATOMIC_RELAXED) ||
        !clock_is_tsc())
        return;
    tsc_sync_begin(&standing, cpu_read_tsc_ordered(), cpus);
    __atomic_store_n(&is_standing, true, __ATOMIC_RELEASE);
    log_info("clock", "TSC is not invariant: the CPUs' are compared again and again");
}

void tsc_sync_tick(void)
{
    if (LIKELY(!__atomic_load_n(&is_standing, __ATOMIC_ACQUIRE)))
        return;
    unsigned int cpu = PERCPU_MINE(cpu_number);
    struct tsc_sync_view *view = PERCPU_OF(cpu, standing_view);
    /* The shared word is not for each of many wake-ups. A counter that has gone back comes from far ahead. */
    uint64_t tick = read_counter();
    if (tick - PERCPU_MINE(last_pass) < clock_tsc_hz() / PASSES_PER_SECOND)
        return;
    PERCPU_MINE(last_pass) = tick;
    tsc_sync_round(&standing, view, cpu, read_counter);
    if (LIKELY(view->behind == 0) || !__atomic_exchange_n(&is_standing, false, __ATOMIC_RELAXED))
        return;
    log_warn("clock", "TSC unstable: CPU %u's is %lu ns or more behind CPU %u's", cpu,
             nanoseconds(view->behind), view->ahead_cpu);
    if (clock_is_tsc() && counters_get(0))
        watchdog_mark_unstable();
}

void tsc_sync_recheck(void)
{
    if (__atomic_load_n(&is_standing, __ATOMIC_RELAXED) && clock_now_ns() - last_ns >= TSC_SYNC_RECHECK_NS)
        tsc_sync_check(last_on_all, last_cpus);
}

void tsc_sync_check(tsc_sync_call_fn *on_all, unsigned int cpus)
{
    struct tsc_sync sync;
    if (cpus < 2)
        return;
    last_on_all = on_all;
    last_cpus = cpus;
    last_ns = clock_now_ns();
    for (unsigned int cpu = 0; cpu < percpu_count(); cpu++)
        *view_of(cpu) = (struct tsc_sync_view){ .behind = 0 };
    tsc_sync_begin(&sync, cpu_read_tsc_ordered(), cpus);
    /* Before all others, and behind them: nobody is off by more than this takes without being seen. */
    go_round(&sync);
    on_all(compare_here, &sync);
    go_round(&sync);
    struct tsc_sync_result result = tsc_sync_evaluate(view_of, percpu_count());
    has_compared = true;
    if (result.most == 0) {
        stand(cpus);
        return;
    }
    __atomic_store_n(&is_standing, false, __ATOMIC_RELAXED);
    if (nanoseconds(result.most) > most_ns)
        most_ns = nanoseconds(result.most);
    name_odd(&result, cpus);
    if (!clock_is_tsc())
        return;
    if (!counters_get(0)) {
        log_warn("time", "there is no other clock: times of different CPUs may not sync");
        return;
    }
    irq_flags_t state = local_irq_save();
    watchdog_mark_unstable();
    local_irq_restore(state);
}

bool tsc_sync_max_ns(uint64_t *ns)
{
    *ns = most_ns;
    return has_compared;
}
