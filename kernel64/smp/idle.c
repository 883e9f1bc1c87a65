/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Idle CPUs. Until there are threads, this is also how work reaches a CPU.
 *
 * The list is checked with interrupts off, which the wait enables. A CPU in HLT gets an IPI when work is
 * added to an empty list. A CPU in MWAIT monitors the cache line of the list, from before it checks the list,
 * and needs no IPI; as nothing else is in that line, nothing else wakes it.
 */
#include <smp/idle.h>

#include <ashlar/check.h>
#include <ashlar/sync/context.h>
#include <ashlar/sync/irqflags.h>
#include <ashlar/time_units.h>
#include <boot/options.h>
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

OPTION(idle, "hlt|mwait", "instruction by which idle CPUs wait; default: chosen by CPU");

/* The word that other CPUs write to wake an idle one. */
struct idle_request {
    struct work_list queued;
    idle_exit_fn *exit; /* atomic */
} ALIGNED(64);

static PERCPU(struct idle_request, idle_request);
static bool waits_by_mwait; /* constant after init */

void idle_init(void)
{
    char wanted[8];
    bool has_mwait = cpu_has(CPU_FEATURE_MONITOR);
    status_t status = option_read(&option_idle, wanted, sizeof(wanted));
    waits_by_mwait = mwait_is_good(cpu_cpuid, cpu_boot_identity());
    if (status == STATUS_OK && strcmp(wanted, "hlt") == 0)
        waits_by_mwait = false;
    else if (status == STATUS_OK && strcmp(wanted, "mwait") == 0 && has_mwait)
        waits_by_mwait = true;
    else if (status != STATUS_NOT_FOUND)
        log_warn("smp", "idle=%s: expected hlt%s", wanted,
                 has_mwait ? " or mwait" : "; this CPU has no MWAIT");
}

const char *idle_method(void)
{
    return waits_by_mwait ? "mwait" : "hlt";
}

void idle_prepare_cpu(unsigned int cpu)
{
    VERIFY(work_list_close(&PERCPU_OF(cpu, idle_request)->queued));
}

void idle_init_cpu(void)
{
    struct idle_request *mine = PERCPU_OF(PERCPU_MINE(cpu_number), idle_request);
    mine->exit = NULL;
    work_list_open(&mine->queued);
}

static bool is_requested(const struct idle_request *mine)
{
    return !work_list_is_empty(&mine->queued) || __atomic_load_n(&mine->exit, __ATOMIC_RELAXED);
}

/* Context: interrupts off; they are so again afterwards. */
static void wait_for_request(const struct idle_request *mine)
{
    CHECK_NO_LOCK();
    tlb_enter_idle();
    if (waits_by_mwait) {
        cpu_monitor(mine);
        if (!is_requested(mine))
            cpu_interrupts_on_and_mwait();
    } else {
        cpu_interrupts_on_and_halt();
    }
    local_irq_disable();
    /* MWAIT ends without a trap, which would have left lazy-TLB mode. */
    tlb_leave_idle();
}

void idle_run(void)
{
    struct idle_request *mine = PERCPU_OF(PERCPU_MINE(cpu_number), idle_request);
    local_irq_disable();
    for (;;) {
        if (!work_list_is_empty(&mine->queued)) {
            local_irq_enable();
            work_list_run(&mine->queued);
            local_irq_disable();
        } else if (UNLIKELY(mine->exit) && work_list_close(&mine->queued)) {
            mine->exit();
            idle_init_cpu();
        } else {
            wait_for_request(mine);
            tsc_sync_tick(); /* a TSC that is not invariant may have stopped meanwhile */
        }
    }
}

static void wake(unsigned int cpu)
{
    if (!waits_by_mwait)
        ipi_wake(cpu);
}

/* No other mechanism notices a lost wake-up IPI. */
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
    enum work_add_result added = work_list_add(&PERCPU_OF(cpu, idle_request)->queued, work);
    if (added == WORK_ADDED_FIRST)
        wake(cpu);
    return added != WORK_REFUSED;
}

void idle_wait_for_work(const struct work *work)
{
    CHECK_MAY_SLEEP();
    uint64_t wait_ns = 10 * NS_PER_US, silent_ns = 0;
    while (!work_is_done(work)) {
        timer_sleep_until(clock_now_ns() + wait_ns);
        silent_ns += wait_ns;
        if (wait_ns < 1 * NS_PER_MS)
            wait_ns *= 2;
        if (silent_ns < IPI_TIMEOUT_NS)
            continue;
        wake_all();
        silent_ns = 0;
    }
}

void idle_request_exit(unsigned int cpu, idle_exit_fn *exit)
{
    __atomic_store_n(&PERCPU_OF(cpu, idle_request)->exit, exit, __ATOMIC_RELEASE);
    wake(cpu);
}
