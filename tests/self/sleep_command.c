/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `sleep CPU`, for tests/boot: another CPU halts until a time of its own timer, and the clockevent becomes a
 * shared one meanwhile. No machine that can be emulated does that: the TSC would have to become unstable
 * where the rate of the LAPIC timer is not known. There is no clockevent at all afterwards.
 */
#include <ashlar/command.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/irqflags.h>
#include <ashlar/time_units.h>

#include <cpu/percpu.h>
#include <log/arguments.h>
#include <log/print.h>
#include <smp/idle.h>
#include <time/clock.h>
#include <time/clockevent.h>
#include <time/timer.h>

#define SLEEP_NS   (300 * NS_PER_MS)
#define POLL_NS    (50 * NS_PER_MS)
#define TIMEOUT_NS (10 * NS_PER_SECOND)

static void sleep_once(void *is_asleep)
{
    __atomic_store_n((bool *)is_asleep, true, __ATOMIC_RELEASE);
    timer_sleep_until(clock_now_ns() + SLEEP_NS);
}

static void lose_clockevent(void)
{
    const struct clockevent_setup none = { .isa = -1, .only = "none" };
    irq_flags_t state = local_irq_save();
    timer_start(&none);
    local_irq_restore(state);
}

static status_t command_sleep(int argc, char **argv)
{
    static bool is_asleep; /* atomic */
    static struct work work;
    uint64_t cpu;
    if (!arguments_count(argc, argv, 1, 1) ||
        !argument_number(argv[1], "a CPU to sleep", 1, percpu_count() - 1, &cpu))
        return STATUS_INVALID;
    if (clockevent_is_shared())
        return STATUS_UNSUPPORTED;
    work = (struct work){ .run = sleep_once, .argument = &is_asleep };
    if (!idle_queue_work((unsigned int)cpu, &work))
        return STATUS_NOT_FOUND;
    while (!__atomic_load_n(&is_asleep, __ATOMIC_ACQUIRE))
        cpu_relax();
    timer_spin_ns(SLEEP_NS / 3);
    lose_clockevent();
    uint64_t end_ns = clock_now_ns() + TIMEOUT_NS;
    /* Not so often that the timer has run before the CPU looks whether to halt again. */
    while (!work_is_done(&work) && clock_now_ns() < end_ns) {
        timer_spin_ns(POLL_NS);
        timer_poll();
    }
    print("sleep: CPU %lu %s, clockevent %s\n", cpu, work_is_done(&work) ? "woke" : "sleeps",
          clockevent_name());
    return work_is_done(&work) ? STATUS_OK : STATUS_TIMEOUT;
}
COMMAND(sleep, command_sleep, .group = GROUP_TESTS, .arguments = "CPU",
        .help = "a CPU sleeps while the clockevent becomes a shared one", .example = "sleep 1",
        .see_also = "timers wait");
