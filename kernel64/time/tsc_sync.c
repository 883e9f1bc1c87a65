/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comparing the TSCs of this machine's CPUs; tsc_sync_rule.h has the rule.
 *
 * All CPUs are called at once, and none waits for another. An early CPU continues its rounds for a while:
 * between two CPUs whose rounds do not overlap in time, only a difference longer than the gap is found.
 */
#include <time/tsc_sync.h>

#include <ashlar/check.h>
#include <ashlar/hw/cpu.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/context.h>
#include <ashlar/sync/irqflags.h>
#include <cpu/features.h>
#include <cpu/insn.h>
#include <log/log.h>
#include <time/tsc_sync_rule.h>
#include <time/clock.h>
#include <time/counters.h>
#include <time/watchdog.h>

/* On two sockets with hundreds of CPUs, half of them may be affected: not all are logged. */
#define LOGGED_MAX 8

#define TICKS_PER_SECOND 1000

STATIC_ASSERT(PERCPU_MAX <= 1 << TSC_SYNC_CPU_BITS, "tsc_sync_rule.h keeps a CPU's number in these bits");

PERCPU(uint64_t, tsc_sync_test_skew);
static PERCPU(struct tsc_sync_view, tsc_sync_view);
static uint64_t bsp_adjust; /* IA32_TSC_ADJUST of the BSP, for all */
static uint64_t most_ns;
static bool has_compared;

/* The continuous check; each CPU has a view of its own. */
static struct tsc_sync continuous;
static PERCPU(struct tsc_sync_view, continuous_view);
static PERCPU(uint64_t, last_tick);
static bool is_continuous; /* atomic: it is set up, and no CPU was found behind */

/* The arguments and time of the last check, for tsc_sync_recheck(). */
static tsc_sync_call_fn *last_on_all;
static unsigned int last_cpus;
static uint64_t last_ns;

/* ---- IA32_TSC_ADJUST ---- */

void tsc_sync_init_cpu(void)
{
    if (!cpu_has(CPU_FEATURE_TSC_ADJUST))
        return;
    uint64_t added = cpu_read_msr(MSR_TSC_ADJUST);
    if (PERCPU_MINE(cpu_number) == 0)
        bsp_adjust = added;
    if (added == bsp_adjust)
        return;
    cpu_write_msr(MSR_TSC_ADJUST, bsp_adjust);
    log_warn("time", "CPU %u: TSC was offset by %ld ticks, the BSP's by %ld; corrected by IA32_TSC_ADJUST",
             PERCPU_MINE(cpu_number), (int64_t)added, (int64_t)bsp_adjust);
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

static void make_round(struct tsc_sync *sync)
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
        make_round(sync);
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

/* Not every CPU that is ahead is found, since the highest hides the others; the number of CPUs behind them is
   complete. */
static void log_faulty(const struct tsc_sync_result *result, unsigned int cpus)
{
    unsigned int logged = 0;
    bool is_ahead = tsc_sync_faulty_are_ahead(result);
    log_warn("clock", "TSCs not synchronized: %u of %u CPUs are behind others, by up to %lu ns",
             result->behind_cpus, cpus, nanoseconds(result->most));
    for (unsigned int cpu = 0; cpu < percpu_count() && logged < LOGGED_MAX; cpu++) {
        const struct tsc_sync_view *view = view_of(cpu);
        uint64_t ticks = tsc_sync_error_ticks(result, view);
        if (ticks == 0)
            continue;
        logged++;
        log_warn("clock", "CPU %u: TSC is %s CPU %u's by %lu ns or more", cpu,
                 is_ahead ? "ahead of" : "behind", is_ahead ? view->behind_cpu : view->ahead_cpu,
                 nanoseconds(ticks));
    }
}

/* Once; a CPU that comes online later joins then. Release pairs with the acquire in tsc_sync_tick(). */
static void begin_continuous(unsigned int cpus)
{
    if (cpu_has(CPU_FEATURE_INVARIANT_TSC) || __atomic_load_n(&is_continuous, __ATOMIC_RELAXED) ||
        !clock_is_tsc())
        return;
    tsc_sync_begin(&continuous, cpu_read_tsc_ordered(), cpus);
    __atomic_store_n(&is_continuous, true, __ATOMIC_RELEASE);
    log_info("clock", "TSC is not invariant: the CPUs' TSCs are compared continuously");
}

void tsc_sync_tick(void)
{
    if (LIKELY(!__atomic_load_n(&is_continuous, __ATOMIC_ACQUIRE)))
        return;
    unsigned int me = PERCPU_MINE(cpu_number);
    struct tsc_sync_view *view = PERCPU_OF(me, continuous_view);
    /* Not at each of many wake-ups: the word is shared. A TSC that went back makes a large difference. */
    uint64_t tick = read_counter();
    if (tick - PERCPU_MINE(last_tick) < clock_tsc_hz() / TICKS_PER_SECOND)
        return;
    PERCPU_MINE(last_tick) = tick;
    tsc_sync_round(&continuous, view, me, read_counter);
    if (LIKELY(view->behind == 0) || !__atomic_exchange_n(&is_continuous, false, __ATOMIC_RELAXED))
        return;
    log_warn("clock", "TSC unstable: CPU %u's is %lu ns or more behind CPU %u's", me,
             nanoseconds(view->behind), view->ahead_cpu);
    if (clock_is_tsc() && counters_get(0))
        watchdog_mark_unstable();
}

void tsc_sync_recheck(void)
{
    if (__atomic_load_n(&is_continuous, __ATOMIC_RELAXED) && clock_now_ns() - last_ns >= TSC_SYNC_RECHECK_NS)
        tsc_sync_check(last_on_all, last_cpus);
}

void tsc_sync_check(tsc_sync_call_fn *on_all, unsigned int cpus)
{
    CHECK_MAY_SLEEP();
    struct tsc_sync sync;
    if (cpus < 2)
        return;
    last_on_all = on_all;
    last_cpus = cpus;
    last_ns = clock_now_ns();
    for (unsigned int cpu = 0; cpu < percpu_count(); cpu++)
        *view_of(cpu) = (struct tsc_sync_view){ .behind = 0 };
    tsc_sync_begin(&sync, cpu_read_tsc_ordered(), cpus);
    /* A round before and after all others: a difference longer than all of this takes is always found. */
    make_round(&sync);
    on_all(compare_here, &sync);
    make_round(&sync);
    struct tsc_sync_result result = tsc_sync_evaluate(view_of, percpu_count());
    has_compared = true;
    if (result.most == 0) {
        begin_continuous(cpus);
        return;
    }
    __atomic_store_n(&is_continuous, false, __ATOMIC_RELAXED);
    if (nanoseconds(result.most) > most_ns)
        most_ns = nanoseconds(result.most);
    log_faulty(&result, cpus);
    if (!clock_is_tsc())
        return;
    if (!counters_get(0)) {
        log_warn("clock", "no other clocksource: times of different CPUs may differ");
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
