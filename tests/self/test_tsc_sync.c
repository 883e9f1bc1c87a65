/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time-stamp counters that do not agree. The command `skew` is there for tests/boot: a clock that was left is
 * not taken again, so no self-test may do that to those that follow.
 */
#include <ashlar/command.h>
#include <ashlar/hw/cpu.h>
#include <ashlar/ktest.h>
#include <ashlar/sync/irqflags.h>

#include <cpu/features.h>
#include <cpu/insn.h>
#include <command/split.h>
#include <log/arguments.h>
#include <smp/idle.h>
#include <smp/ipi.h>
#include <time/tsc_sync.h>

#include "on_every_cpu.h"

/* ---- what firmware added ---- */

#define MOVED_TICKS (1ULL << 40)

static struct {
    uint64_t added;       /* as the CPU found it */
    uint64_t moved, back; /* how far its counter was before it was corrected, and after */
    uint64_t added_at_last;
    unsigned int tries;
} found;

/* On the second CPU. */
static void move_and_correct(void *argument)
{
    (void)argument;
    if (PERCPU_MINE(cpu_number) == 0)
        return;
    irq_flags_t state = local_irq_save();
    uint64_t before = cpu_read_tsc();
    found.added = cpu_read_msr(MSR_TSC_ADJUST);
    cpu_write_msr(MSR_TSC_ADJUST, found.added + MOVED_TICKS);
    found.moved = cpu_read_tsc() - before;
    tsc_sync_init_cpu();
    found.back = cpu_read_tsc() - before;
    found.added_at_last = cpu_read_msr(MSR_TSC_ADJUST);
    found.tries++;
    local_irq_restore(state);
}

KTEST(tsc_sync, a_changed_counter_is_corrected)
{
    if (!cpu_has(CPU_FEATURE_TSC_ADJUST))
        SKIP_TEST("no IA32_TSC_ADJUST");
    if (ipi_online_count() < 2)
        SKIP_TEST("one CPU");
    found.tries = 0;
    on_every_cpu(2, move_and_correct, NULL);
    ASSERT_THAT(found.tries == 1);
    EXPECT(found.moved >= MOVED_TICKS);
    EXPECT(found.back < MOVED_TICKS);
    EXPECT(found.added_at_last == found.added);
}

/* ---- for tests/boot ---- */

/* On one CPU after the other: two are never at it together. */
static void call_up(void (*function)(void *), void *argument)
{
    for (unsigned int cpu = 0; cpu < percpu_count(); cpu++)
        ipi_call_one(cpu, function, argument);
}

static void call_down(void (*function)(void *), void *argument)
{
    for (unsigned int cpu = percpu_count(); cpu-- > 0;)
        ipi_call_one(cpu, function, argument);
}

enum skew_way { SKEW_TOGETHER, SKEW_UP, SKEW_DOWN, SKEW_LATER };
static const char *const skew_ways[] = { "together", "up", "down", "later" };
static tsc_sync_call_fn *const skew_orders[] = { ipi_call_all, call_up, call_down };

static void move_counter(void *ticks)
{
    cpu_write_msr(MSR_TSC_ADJUST, cpu_read_msr(MSR_TSC_ADJUST) + *(uint64_t *)ticks);
}

/* Changes a counter where that is possible, and elsewhere simulates it. */
static status_t command_skew(int argc, char **argv)
{
    uint64_t cpu, ticks = 0;
    unsigned int way;
    if (!arguments_count(argc, argv, 1, SPLIT_WORDS_MAX) ||
        !argument_choice(argv[1], skew_ways, ARRAY_LEN(skew_ways), &way) ||
        (argc > 2 && !argument_number(argv[2], "a number of ticks", 0, UINT64_MAX, &ticks)))
        return STATUS_INVALID;
    for (int i = 3; i < argc; i++) {
        if (!argument_number(argv[i], "a CPU", 0, percpu_count() - 1, &cpu))
            return STATUS_INVALID;
        if (cpu_has(CPU_FEATURE_TSC_ADJUST))
            ipi_call_one((unsigned int)cpu, move_counter, &ticks);
        else
            *PERCPU_OF((unsigned int)cpu, tsc_sync_test_skew) = ticks;
    }
    if (way != SKEW_LATER)
        tsc_sync_check(skew_orders[way], ipi_online_count());
    return STATUS_OK;
}
COMMAND(skew, command_skew, .group = GROUP_TESTS, .arguments = "together|up|down|later [TICKS CPU...]",
        .help = "compare time-stamp counters when these CPUs' are ahead", .example = "skew together",
        .see_also = "clock");
