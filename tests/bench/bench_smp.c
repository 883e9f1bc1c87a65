/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Costs between processors: a cross-call and its return, a TLB shootdown, an uncontended lock, and the
 * fairness of a contended one.
 *
 * The rows about other CPUs use all of the machine: 2, 4 and 64 vCPUs give shootdowns to 1, 3 and 63. Busy
 * CPUs execute a loop with a pause in it, idle ones are halted.
 */
#include <ashlar/bench.h>

#include <ashlar/addr.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/spinlock.h>
#include <cpu/insn.h>
#include <smp/idle.h>
#include <smp/ipi.h>
#include <ashlar/mm/port.h>
#include <ashlar/time_units.h>
#include <time/clock.h>
#include <time/timer.h>

#include <on_every_cpu.h>

#define OPERATIONS 1000

/* Of what reaches other CPUs. */
#define FEW 50

static bool has_others(void)
{
    return ipi_online_count() > 1;
}

/* ---- busy CPUs ---- */

static struct work *busy_work;
static unsigned int busy_count; /* atomic: how many turn */
static bool busy_is_over;       /* atomic */

static void turn(void *argument)
{
    (void)argument;
    __atomic_fetch_add(&busy_count, 1, __ATOMIC_RELAXED);
    while (!__atomic_load_n(&busy_is_over, __ATOMIC_RELAXED))
        cpu_relax();
}

/* Without a thread that runs elsewhere, the bench itself is the first CPU's; all others turn. */
static bool make_others_busy(void)
{
    struct cpu_set online;
    unsigned int wanted = 0;
    if (!has_others())
        return false;
    busy_work = kcalloc(percpu_count(), sizeof(*busy_work));
    if (!busy_work)
        return false;
    busy_count = 0;
    busy_is_over = false;
    ipi_online(&online);
    for (unsigned int cpu = 1; cpu < percpu_count(); cpu++) {
        if (!cpu_set_has(&online, cpu))
            continue;
        busy_work[cpu].run = turn;
        wanted += idle_queue_work(cpu, &busy_work[cpu]);
    }
    while (__atomic_load_n(&busy_count, __ATOMIC_RELAXED) < wanted)
        timer_sleep_until(clock_now_ns() + 100 * NS_PER_US);
    return true;
}

static void free_others(void)
{
    __atomic_store_n(&busy_is_over, true, __ATOMIC_RELAXED);
    for (unsigned int cpu = 1; cpu < percpu_count(); cpu++)
        if (busy_work[cpu].run)
            idle_wait_for_work(&busy_work[cpu]);
    kfree(busy_work);
}

/* ---- a call ---- */

static void do_nothing(void *argument)
{
    (void)argument;
}

static void call_one(void)
{
    for (unsigned int i = 0; i < FEW; i++)
        ipi_call_one(1, do_nothing, NULL);
}
BENCH_WITH(ipi_call_idle, "ipi.call.idle", FEW, has_others, call_one, NULL);
BENCH_WITH(ipi_call_busy, "ipi.call.busy", FEW, make_others_busy, call_one, free_others);

/* ---- a shootdown ---- */

/* Nothing is mapped there: the cost of a shootdown does not depend on the entries. */
static void shoot(unsigned int pages)
{
    for (unsigned int i = 0; i < FEW; i++)
        port_flush(virt(VRANGE_START), pages * PAGE_SIZE);
}

static void shoot_1(void)
{
    shoot(1);
}
BENCH_WITH(shootdown_busy_1, "shootdown.busy.1", FEW, make_others_busy, shoot_1, free_others);
BENCH_WITH(shootdown_idle_1, "shootdown.idle.1", FEW, has_others, shoot_1, NULL);

static void shoot_33(void)
{
    shoot(33);
}
BENCH_WITH(shootdown_busy_33, "shootdown.busy.33", FEW, make_others_busy, shoot_33, free_others);
BENCH_WITH(shootdown_idle_33, "shootdown.idle.33", FEW, has_others, shoot_33, NULL);

static void shoot_512(void)
{
    shoot(512);
}
BENCH_WITH(shootdown_busy_512, "shootdown.busy.512", FEW, make_others_busy, shoot_512, free_others);
BENCH_WITH(shootdown_idle_512, "shootdown.idle.512", FEW, has_others, shoot_512, NULL);

/* ---- an uncontended lock ---- */

static struct spinlock lock = SPINLOCK("bench", LOCK_TEST);

static void lock_pair(void)
{
    for (unsigned int i = 0; i < OPERATIONS; i++) {
        spin_lock(&lock);
        spin_unlock(&lock);
    }
}
BENCH(lock_pair, "lock.pair", OPERATIONS, lock_pair);

/* ---- a contended lock ---- */

#define CONTEST_NS (10 * NS_PER_MS)

static struct {
    unsigned int cpus;  /* in the contest */
    unsigned int ready; /* atomic */
    unsigned int done;  /* atomic */
    uint64_t end_ns;    /* atomic; 0: not begun */
    uint64_t *taken;    /* by each */
} contest;

/* No CPU begins before all have arrived; the last one sets the end. */
static uint64_t begin_contest(void)
{
    uint64_t end_ns;
    if (__atomic_add_fetch(&contest.ready, 1, __ATOMIC_RELAXED) == contest.cpus)
        __atomic_store_n(&contest.end_ns, clock_now_ns() + CONTEST_NS, __ATOMIC_RELAXED);
    while ((end_ns = __atomic_load_n(&contest.end_ns, __ATOMIC_RELAXED)) == 0)
        cpu_relax();
    return end_ns;
}

static void contend(void *argument)
{
    uint64_t end_ns = begin_contest(), taken = 0;
    (void)argument;
    while (clock_now_ns() < end_ns) {
        spin_lock(&lock);
        /* The others contend for it, also where the host runs one CPU at a time. */
        cpu_relax();
        spin_unlock(&lock);
        taken++;
    }
    contest.taken[__atomic_fetch_add(&contest.done, 1, __ATOMIC_RELAXED)] = taken;
}

/* How often each CPU has had it in CONTEST_NS. */
static unsigned int hand_round(uint64_t *values, unsigned int capacity)
{
    unsigned int online = ipi_online_count();
    contest.cpus = online < capacity ? online : capacity;
    contest.ready = contest.done = 0;
    contest.end_ns = 0;
    contest.taken = values;
    return on_every_cpu(contest.cpus, contend, NULL);
}
BENCH_COLLECTS(lock_contest, "lock.contest", "acquisitions", has_others, hand_round);
