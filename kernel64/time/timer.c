/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each CPU's queue of timers, and the interrupt that runs them.
 *
 * The clockevent is always armed for the earliest deadline of the queue, or not at all. A canceled timer
 * leaves it armed: one interrupt that finds no timer due is cheaper than reprogramming the device at each
 * cancel.
 */
#include <time/timer.h>

#include <ashlar/sync/backoff.h>
#include <ashlar/sync/context.h>
#include <ashlar/sync/irqflags.h>
#include <ashlar/sync/spinlock.h>
#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <cpu/wait.h>
#include <time/tsc_sync.h>
#include <time/clock.h>
#include <time/watchdog.h>

static PERCPU(struct timer_queue, timer_queue);
static bool interrupts; /* atomic: there is a clockevent */

/* Arming a clockevent that all CPUs share is one step with reading the earliest deadline. */
static struct spinlock shared_lock = SPINLOCK("timer device", LOCK_TIMER_DEVICE);
/* guarded by shared_lock: clockevent_arm() while clockevent_is_shared(). */

/* Whether this CPU runs a queue of its own. A shared clockevent interrupts only the BSP. */
static bool has_queue(void)
{
    return !clockevent_is_shared() || PERCPU_MINE(cpu_number) == 0;
}

/* Return: false when the clockevent became a shared one since @queue was chosen, or before it was armed, so
   that @queue is not the one to arm it for. */
static bool try_arm_hardware(struct timer_queue *queue)
{
    uint64_t deadline_ns;
    bool is_shared = clockevent_is_shared();
    if (UNLIKELY(is_shared && queue != PERCPU_OF(0, timer_queue)))
        return false;
    if (is_shared)
        spin_lock(&shared_lock);
    bool is_done = !timer_queue_next(queue, &deadline_ns) || clockevent_arm(deadline_ns, is_shared);
    if (is_shared)
        spin_unlock(&shared_lock);
    return is_done;
}

/* Context: interrupts off. */
static void arm_hardware(struct timer_queue *queue)
{
    struct timer_queue *first = PERCPU_OF(0, timer_queue);
    if (LIKELY(try_arm_hardware(queue)))
        return;
    /* A shared clockevent stays one, so that the second attempt cannot fail. */
    timer_queue_move_all(queue, first);
    try_arm_hardware(first);
}

/* Context: interrupts off. */
static struct timer_queue *my_queue(void)
{
    CHECK_IRQS_OFF();
    struct timer_queue *mine = PERCPU_OF(PERCPU_MINE(cpu_number), timer_queue),
                       *first = PERCPU_OF(0, timer_queue);
    if (LIKELY(has_queue()))
        return mine;
    /* Timers that were armed here before the clockevent became a shared one. */
    if (UNLIKELY(timer_queue_move_all(mine, first)))
        arm_hardware(first);
    return first;
}

static void run_due(void)
{
    struct timer_queue *queue = my_queue();
    tsc_sync_tick();
    if (has_queue())
        timer_queue_run(queue, clock_now_ns());
    arm_hardware(queue);
    /* On the BSP, because a change of clocksource requests interrupts there. */
    if (PERCPU_MINE(cpu_number) == 0)
        watchdog_poll();
}

void timer_prepare_cpu(unsigned int cpu)
{
    timer_queue_init(PERCPU_OF(cpu, timer_queue));
}

void timer_start(const struct clockevent_setup *setup)
{
    struct clockevent_setup mine = *setup;
    mine.expired = run_due;
    __atomic_store_n(&interrupts, clockevent_init(&mine), __ATOMIC_RELAXED);
    arm_hardware(my_queue());
}

bool timer_offline_cpu(void)
{
    CHECK_IRQS_OFF();
    clockevent_offline_cpu();
    /* Its own queue, also where the clockevent is shared: it may have become so after timers were armed. */
    return timer_queue_move_all(PERCPU_OF(PERCPU_MINE(cpu_number), timer_queue), PERCPU_OF(0, timer_queue));
}

void timer_rearm(void)
{
    arm_hardware(my_queue());
}

size_t timer_list(unsigned int cpu, struct timer_armed *armed, size_t capacity)
{
    return timer_queue_list(PERCPU_OF(cpu, timer_queue), armed, capacity);
}

bool timer_interrupts(void)
{
    return __atomic_load_n(&interrupts, __ATOMIC_RELAXED);
}

bool timer_arm(struct timer *timer, uint64_t deadline_ns)
{
    irq_flags_t state = local_irq_save();
    struct timer_queue *queue = my_queue();
    struct timer_arming arming = timer_queue_arm(queue, timer, deadline_ns);
    if (arming.is_earliest)
        arm_hardware(queue);
    local_irq_restore(state);
    return arming.was_armed;
}

static void set_flag(struct timer *timer, void *context)
{
    (void)timer;
    __atomic_store_n((bool *)context, true, __ATOMIC_RELAXED);
}

void timer_poll(void)
{
    irq_flags_t state = local_irq_save();
    if (has_queue())
        run_due();
    local_irq_restore(state);
}

/* Whether HLT would end when a timer of this CPU is due. */
static bool may_halt(void)
{
    return __atomic_load_n(&interrupts, __ATOMIC_RELAXED) && has_queue();
}

static void poll_once(void)
{
    timer_poll();
    cpu_relax();
}

void timer_sleep_until(uint64_t deadline_ns)
{
    CHECK_MAY_SLEEP();
    struct timer timer;
    bool is_over = false;
    if (!may_halt()) {
        while (clock_now_ns() < deadline_ns)
            poll_once();
        return;
    }
    timer_init(&timer, set_flag, &is_over);
    timer_arm(&timer, deadline_ns);
    local_irq_disable();
    while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED)) {
        /* The clockevent may have been replaced since the timer was armed: by a shared one, so that the timer
           runs on the BSP, or by none, so that the BSP has to poll. */
        if (LIKELY(may_halt())) {
            cpu_interrupts_on_and_halt();
        } else {
            local_irq_enable();
            poll_once();
        }
        local_irq_disable();
    }
    local_irq_enable();
}

void timer_spin_ns(uint64_t delay_ns)
{
    uint64_t end_ns = clock_now_ns() + delay_ns;
    while (clock_now_ns() < end_ns)
        cpu_relax();
}
