/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `wait hlt|mwait COUNT`, for tests/boot/test_nmi.py: waits for an interrupt that is pending already, COUNT
 * times. The test stops at wait_begins() and injects an NMI further on. Nothing else may end a wait: this
 * CPU's timer is off meanwhile.
 */
#include <ashlar/command.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/irqflags.h>

#include <cpu/features.h>
#include <cpu/insn.h>
#include <cpu/wait.h>
#include <irq/lapic.h>
#include <irq/vectors.h>
#include <log/arguments.h>
#include <log/print.h>
#include <time/clockevent.h>
#include <time/timer.h>
#include <trap/traps.h>

static volatile bool is_taken;

static void take(struct trap_frame *frame)
{
    (void)frame;
    is_taken = true;
    lapic_eoi();
}

/* A breakpoint. Not static: gdb finds it by name. */
void wait_begins(void);
__attribute__((noinline)) void wait_begins(void)
{
    __asm__ volatile("" ::: "memory");
}

/* Context: interrupts off. Return: whether it was taken. */
static bool wait_once(bool by_mwait)
{
    is_taken = false;
    if (lapic_send(lapic_id(), VECTOR_SELF_TEST) != STATUS_OK)
        return false;
    while (!lapic_irr_is_set(VECTOR_SELF_TEST))
        cpu_relax();
    wait_begins();
    while (!is_taken) {
        if (by_mwait) {
            cpu_monitor((const void *)&is_taken);
            cpu_interrupts_on_and_mwait();
        } else {
            cpu_interrupts_on_and_halt();
        }
        local_irq_disable();
    }
    return true;
}

static status_t command_wait(int argc, char **argv)
{
    uint64_t count, done = 0;
    static const char *const ways[] = { "hlt", "mwait" };
    unsigned int way;
    if (!arguments_count(argc, argv, 2, 2) || !argument_choice(argv[1], ways, ARRAY_LEN(ways), &way) ||
        !argument_number(argv[2], "a count", 0, UINT64_MAX, &count))
        return STATUS_INVALID;
    bool by_mwait = way == 1;
    if (lapic_mode() == LAPIC_NONE || clockevent_is_shared() || (by_mwait && !cpu_has(CPU_FEATURE_MONITOR)))
        return STATUS_UNSUPPORTED;
    traps_set_handler(VECTOR_SELF_TEST, take);
    local_irq_disable();
    clockevent_offline_cpu();
    while (done < count && wait_once(by_mwait))
        done++;
    clockevent_init_cpu();
    timer_rearm();
    local_irq_enable();
    traps_set_handler(VECTOR_SELF_TEST, NULL);
    print("wait: %lu interrupts taken\n", done);
    return STATUS_OK;
}
COMMAND(wait, command_wait, .group = GROUP_TESTS, .arguments = "hlt|mwait COUNT",
        .help = "wait for an interrupt that is pending already, so many times", .example = "wait hlt 3",
        .see_also = "sleep");
