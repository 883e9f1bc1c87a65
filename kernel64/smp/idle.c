/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Idle CPUs. Until there are threads, this is also how work reaches a CPU.
 *
 * The list is looked at with interrupts off, which the wait turns on. One that waits by HLT is interrupted by
 * who adds to a list that was empty. One that waits by MWAIT watches the line that the list is in, from
 * before it looks at the list, and needs no interrupt; as nothing else is in that line, nothing else wakes
 * it.
 */
#include <smp/idle.h>

#include <ashlar/check.h>
#include <ashlar/sync/irqflags.h>
#include <boot/machine.h>
#include <cpu/insn.h>
#include <cpu/mwait.h>
#include <cpu/percpu.h>
#include <cpu/tlb.h>
#include <cpu/wait.h>
#include <log/log.h>
#include <lib/string.h>
#include <smp/ipi.h>
#include <time/tsc_sync.h>
#include <time/clock.h>
#include <time/timer.h>

/* All that others write to have an idle CPU do something. */
struct wish {
    struct work_list given;
    idle_exit_fn *leave; /* atomic */
} ALIGNED(64);

static PERCPU(struct wish, wish);
static bool waits_by_mwait; /* constant after init */

void idle_init(void)
{
    char wanted[8];
    bool is_there = cpu_has(CPU_FEATURE_MONITOR);
    status_t status = machine_option("idle", wanted, sizeof(wanted));
    waits_by_mwait = mwait_is_good(cpu_cpuid, cpu_boot_identity());
    if (status == STATUS_OK && strcmp(wanted, "hlt") == 0)
        waits_by_mwait = false;
    else if (status == STATUS_OK && strcmp(wanted, "mwait") == 0 && is_there)
        waits_by_mwait = true;
    else if (status != STATUS_NOT_FOUND)
        log_warn("smp", "idle=%s: expected hlt%s", wanted,
                 is_there ? " or mwait" : "; this CPU has no other way");
}

const char *idle_method(void)
{
    return waits_by_mwait ? "mwait" : "hlt";
}

void idle_prepare_cpu(unsigned int cpu)
{
    VERIFY(work_list_close(&PERCPU_OF(cpu, wish)->given));
}

void idle_init_cpu(void)
{
    struct wish *mine = PERCPU_OF(PERCPU_MINE(cpu_number), wish);
    mine->leave = NULL;
    work_list_open(&mine->given);
}

static bool is_anything_wanted(const struct wish *mine)
{
    return !work_list_is_empty(&mine->given) || __atomic_load_n(&mine->leave, __ATOMIC_RELAXED);
}

/* Context: interrupts off; they are so again afterwards. */
static void wait_for_wish(const struct wish *mine)
{
    tlb_enter_idle();
    if (waits_by_mwait) {
        cpu_monitor(mine);
        if (!is_anything_wanted(mine))
            cpu_interrupts_on_and_mwait();
    } else {
        cpu_interrupts_on_and_halt();
    }
    local_irq_disable();
    /* A write wakes without a trap. */
    tlb_leave_idle();
}

void idle_run(void)
{
    struct wish *mine = PERCPU_OF(PERCPU_MINE(cpu_number), wish);
    local_irq_disable();
    for (;;) {
        if (!work_list_is_empty(&mine->given)) {
            local_irq_enable();
            work_list_run(&mine->given);
            local_irq_disable();
        } else if (UNLIKELY(mine->leave) && work_list_close(&mine->given)) {
            mine->leave();
            idle_init_cpu();
        } else {
            wait_for_wish(mine);
            tsc_sync_tick(); /* a counter that is not invariant may have stood still meanwhile */
        }
    }
}

static void wake(unsigned int cpu)
{
    if (!waits_by_mwait)
        ipi_wake(cpu);
}

/* A wake that got lost is not missed by anybody else. */
static void wake_all(void)
{
    struct cpu_set online;
    ipi_online(&online);
    for (unsigned int cpu = 1; cpu < percpu_count(); cpu++)
        if (cpu_set_has(&online, cpu))
            ipi_wake(cpu);
}

bool idle_queue_work(unsigned int cpu, struct work *work)
{
    enum work_add_result added = work_list_add(&PERCPU_OF(cpu, wish)->given, work);
    if (added == WORK_ADDED_FIRST)
        wake(cpu);
    return added != WORK_REFUSED;
}

void idle_wait_for_work(const struct work *work)
{
    uint64_t wait_ns = 10000, silent_ns = 0;
    while (!work_is_done(work)) {
        timer_sleep_until(clock_now_ns() + wait_ns);
        silent_ns += wait_ns;
        if (wait_ns < 1000000)
            wait_ns *= 2;
        if (silent_ns < IPI_PATIENCE_NS)
            continue;
        wake_all();
        silent_ns = 0;
    }
}

void idle_request_exit(unsigned int cpu, idle_exit_fn *leave)
{
    __atomic_store_n(&PERCPU_OF(cpu, wish)->leave, leave, __ATOMIC_RELEASE);
    wake(cpu);
}
