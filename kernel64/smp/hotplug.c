/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking processors offline and online.
 *
 * A CPU goes offline by itself, from its idle loop, where it holds no lock and no reference: it moves its
 * interrupt lines while it can still take pending interrupts; then, with interrupts off for good, it drains
 * its caches, moves its timers, and leaves the set of CPUs that take cross-calls. From then on it gets no TLB
 * shootdown either, and halts. It comes online as it was started, by INIT and the trampoline, on the same
 * stacks and per-CPU data.
 */
#include <smp/hotplug.h>

#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/slab.h>
#include <ashlar/mm/vrange.h>
#include <ashlar/sync/context.h>
#include <ashlar/sync/irqflags.h>
#include <ashlar/time_units.h>
#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <cpu/tlb.h>
#include <irq/irq.h>
#include <irq/lapic.h>
#include <irq/vectors.h>
#include <log/log.h>
#include <smp/ap.h>
#include <smp/idle.h>
#include <smp/ipi.h>
#include <smp/park.h>
#include <smp/shootdown.h>
#include <smp/start.h>
#include <time/clock.h>
#include <time/timer.h>

/* Context: on the CPU that goes offline, interrupts off. Returns only when it has to stay online. */
static void go_offline(void)
{
    struct ap *ap = ap_of(PERCPU_MINE(cpu_number));
    CHECK_IRQS_OFF();
    CHECK_NO_LOCK();
    local_irq_enable();
    status_t status = irq_offline_cpu(&(struct irq_target){ 0, ipi_apic_id(0) });
    local_irq_disable();
    if (status != STATUS_OK) {
        __atomic_store_n(&ap->offline_status, status, __ATOMIC_RELEASE);
        return;
    }
    log_info("smp", "CPU %u: offline", PERCPU_MINE(cpu_number));
    slab_leave_cpu();
    frame_cache_drain();
    /* Makes the BSP arm its clockevent for the timers that were moved to it. By an interrupt, because a
       cross-call must not take a timer queue's lock. If it cannot be sent, the BSP arms the clockevent within
       1.3 ms, the longest sleep in which it waits for this CPU. */
    if (timer_offline_cpu())
        (void)!lapic_send(ipi_apic_id(0), VECTOR_TIMER);
    ipi_close_posts();
    /* Not earlier, because posted work may wait for page tables to become freeable. */
    port_block_table_freeing();
    ipi_offline_cpu();
    /* Before cpu_park(), after which this CPU may be started again. Only a few instructions are left until it
       halts. */
    port_unblock_table_freeing();
    cpu_park(ap);
}

static enum ap_stage stage_of(const struct ap *ap)
{
    return __atomic_load_n(&ap->stage, __ATOMIC_ACQUIRE);
}

/* Return: whether it is offline, or has found that it must stay online. */
static bool wait_until_offline(const struct ap *ap)
{
    uint64_t wait_ns = 20 * NS_PER_US;
    for (uint64_t waited_ns = 0; waited_ns < SMP_TIMEOUT_NS; waited_ns += wait_ns) {
        timer_sleep_until(clock_now_ns() + wait_ns);
        if (stage_of(ap) != AP_STAGE_ONLINE ||
            __atomic_load_n(&ap->offline_status, __ATOMIC_ACQUIRE) != STATUS_OK)
            return true;
        if (wait_ns < 1 * NS_PER_MS)
            wait_ns *= 2;
    }
    return false;
}

status_t cpu_offline(unsigned int cpu)
{
    struct ap *ap = ap_of(cpu);
    if (cpu == 0)
        return STATUS_UNSUPPORTED;
    if (!ap || stage_of(ap) != AP_STAGE_ONLINE)
        return STATUS_NOT_FOUND;
    ap->offline_status = STATUS_OK;
    idle_request_exit(cpu, go_offline);
    bool is_decided = wait_until_offline(ap);
    vrange_prune();
    if (!is_decided)
        return STATUS_TIMEOUT;
    return stage_of(ap) == AP_STAGE_ONLINE ? ap->offline_status : STATUS_OK;
}

status_t cpu_online(unsigned int cpu)
{
    struct ap *ap = ap_of(cpu);
    if (!ap)
        return cpu == 0 ? STATUS_EXISTS : STATUS_NOT_FOUND;
    if (stage_of(ap) == AP_STAGE_ONLINE)
        return STATUS_EXISTS;
    if (stage_of(ap) == AP_STAGE_KERNEL)
        return STATUS_BUSY;
    return smp_start_again(ap);
}
