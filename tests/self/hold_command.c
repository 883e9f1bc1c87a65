/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Misbehaving CPUs, for tests/boot: `hold` keeps one busy, until `release`; `lose` drops interrupts
 * of one.
 */
#include <ashlar/command.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/irqflags.h>
#include <ashlar/sync/spinlock.h>
#include <ashlar/time_units.h>

#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <irq/lapic.h>
#include <irq/vectors.h>
#include <log/arguments.h>
#include <smp/idle.h>
#include <time/clock.h>
#include <time/timer.h>
#include <trap/traps.h>

/* ---- busy ---- */

#define HOLD_MS_MOST 86400000ULL
#define LOOK_WAIT_NS (100 * NS_PER_US)

static struct {
    struct work work;
    uint64_t length_ns;
    bool has_interrupts_off;
    bool has_lock;  /* then interrupts are off, too */
    bool has_begun; /* atomic */
    bool is_over;   /* atomic */
} hold = { .work = { .is_done = true } };

static struct spinlock lock = SPINLOCK("hold", LOCK_TEST);
/* guarded by lock: nothing. */

static void spin(void *argument)
{
    uint64_t end_ns = clock_now_ns() + hold.length_ns;
    irq_flags_t state = { 0 };
    (void)argument;
    if (hold.has_interrupts_off)
        state = local_irq_save();
    if (hold.has_lock)
        spin_lock(&lock);
    __atomic_store_n(&hold.has_begun, true, __ATOMIC_RELEASE);
    while (clock_now_ns() < end_ns && !__atomic_load_n(&hold.is_over, __ATOMIC_RELAXED))
        cpu_relax();
    if (hold.has_lock)
        spin_unlock(&lock);
    if (hold.has_interrupts_off)
        local_irq_restore(state);
}

/* Returns when the CPU is at it. */
static status_t command_hold(int argc, char **argv)
{
    static const char *const ways[] = { "off", "on", "lock" };
    uint64_t cpu, length_ms;
    unsigned int way;
    if (!arguments_count(argc, argv, 3, 3) ||
        !argument_number(argv[1], "a CPU to hold", 1, percpu_count() - 1, &cpu) ||
        !argument_number(argv[2], "a time in ms", 0, HOLD_MS_MOST, &length_ms) ||
        !argument_choice(argv[3], ways, ARRAY_LEN(ways), &way))
        return STATUS_INVALID;
    if (!work_is_done(&hold.work))
        return STATUS_BUSY;
    hold.work = (struct work){ .run = spin };
    hold.length_ns = length_ms * NS_PER_MS;
    hold.has_interrupts_off = way == 0;
    hold.has_lock = way == 2;
    hold.has_begun = false;
    hold.is_over = false;
    if (!idle_queue_work((unsigned int)cpu, &hold.work)) {
        hold.work.is_done = true;
        return STATUS_NOT_FOUND;
    }
    while (!__atomic_load_n(&hold.has_begun, __ATOMIC_ACQUIRE))
        timer_sleep_until(clock_now_ns() + LOOK_WAIT_NS);
    return STATUS_OK;
}
COMMAND(hold, command_hold, .group = GROUP_TESTS, .arguments = "CPU MS off|on|lock",
        .help = "keep a CPU busy for so long, with interrupts off or on, or a lock held",
        .example = "hold 1 100 off", .see_also = "release locks cpus lose");

static status_t command_release(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    if (work_is_done(&hold.work))
        return STATUS_NOT_FOUND;
    __atomic_store_n(&hold.is_over, true, __ATOMIC_RELAXED);
    return STATUS_OK;
}
COMMAND(release, command_release, .group = GROUP_TESTS, .arguments = "", .help = "end a hold before its time",
        .example = "release", .see_also = "hold");

/* ---- out of reach ---- */

static struct {
    trap_handler_fn *handler; /* as it was */
    unsigned int cpu;
    uint64_t left;
} losing;

static void lose_call(struct trap_frame *frame)
{
    if (PERCPU_MINE(cpu_number) != losing.cpu) {
        losing.handler(frame);
        return;
    }
    lapic_eoi();
    if (--losing.left == 0)
        traps_set_handler(VECTOR_CALL, losing.handler);
}

static status_t command_lose(int argc, char **argv)
{
    uint64_t cpu, count;
    if (!arguments_count(argc, argv, 2, 2) ||
        !argument_number(argv[1], "a CPU", 0, percpu_count() - 1, &cpu) ||
        !argument_number(argv[2], "a count", 1, UINT64_MAX, &count))
        return STATUS_INVALID;
    if (traps_handler(VECTOR_CALL) == lose_call)
        return STATUS_BUSY;
    losing.handler = traps_handler(VECTOR_CALL);
    losing.cpu = (unsigned int)cpu;
    losing.left = count;
    traps_set_handler(VECTOR_CALL, lose_call);
    return STATUS_OK;
}
COMMAND(lose, command_lose, .group = GROUP_TESTS, .arguments = "CPU COUNT",
        .help = "have a CPU lose so many interrupts that tell it of calls", .example = "lose 1 1",
        .see_also = "hold irqs");
