/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A build without the other CPUs (-Dsmp=false): the functions of smp that other rooms call, for the BSP
 * alone. Cross-calls are calls, and firmware's other CPUs are never started. In place of ap.c, ipi.c, start.c
 * and what they need.
 */
#include <smp/processors.h>

#include <ashlar/check.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/context.h>
#include <ashlar/sync/irqflags.h>
#include <cpu/apic_id.h>
#include <cpu/features.h>
#include <cpu/insn.h>
#include <irq/lapic.h>
#include <log/log.h>
#include <platform/platform.h>
#include <smp/ap.h>
#include <smp/idle.h>
#include <smp/ipi.h>
#include <smp/machine_checks.h>
#include <smp/start.h>
#include <smp/trampoline.h>

void processors_start(void)
{
    size_t others = platform()->cpu_count > 1 ? platform()->cpu_count - 1 : 0;
    if (lapic_mode() != LAPIC_NONE)
        buddy_set_cpu_node(0, platform_node_of(lapic_id()));
    if (others > 0)
        log_info("smp", "built without SMP: %zu CPUs not started", others);
    machine_checks_watch();
}

void ipi_online(struct cpu_set *set)
{
    *set = (struct cpu_set){ { 0 } };
    cpu_set_add(set, 0);
}

unsigned int ipi_online_count(void)
{
    return 1;
}

/* With interrupts off, as in the interrupt of a cross-call. */
void ipi_call_all(call_fn *function, void *argument)
{
    CHECK_MAY_CALL();
    irq_flags_t state = local_irq_save();
    context_enter_call();
    function(argument);
    context_leave_call();
    local_irq_restore(state);
}

void ipi_call_one(unsigned int cpu, call_fn *function, void *argument)
{
    if (cpu == 0)
        ipi_call_all(function, argument);
}

void ipi_call(const struct cpu_set *set, call_fn *function, void *argument)
{
    if (cpu_set_has(set, 0))
        ipi_call_all(function, argument);
}

bool ipi_post(unsigned int cpu, struct work *request)
{
    struct work_list list = { NULL };
    if (cpu != 0)
        return false;
    (void)work_list_add(&list, request);
    irq_flags_t state = local_irq_save();
    context_enter_call();
    (void)work_list_run(&list);
    context_leave_call();
    local_irq_restore(state);
    return true;
}

/* Of mm/port.h: there are no calls of others to run. */
void port_pause(void)
{
    cpu_relax();
}

/* No CPU is idle: the only one runs the boot thread. */
bool idle_queue_work(unsigned int cpu, struct work *work)
{
    (void)cpu;
    (void)work;
    return false;
}

void idle_wait_for_work(const struct work *work)
{
    CHECK_MAY_SLEEP();
    VERIFY(work_is_done(work));
}

uint32_t ipi_apic_id(unsigned int cpu)
{
    (void)cpu;
    return lapic_mode() != LAPIC_NONE ? lapic_id() : 0;
}

unsigned int smp_cpu_count(void)
{
    return 1;
}

void smp_cpu(unsigned int index, struct smp_cpu *cpu)
{
    (void)index;
    *cpu = (struct smp_cpu){ .apic_id = ipi_apic_id(0),
                             .initial_id = apic_initial_id(cpu_cpuid),
                             .stage = AP_STAGE_ONLINE,
                             .is_started = true,
                             .kind = topology_core_kind(cpu_cpuid, cpu_boot_identity()) };
}

/* Firmware's other CPUs are not looked at, so that none is left out for a reason. */
const struct ap_absent *ap_first_left_out(void)
{
    return NULL;
}

unsigned int ap_left_out_count(void)
{
    return 0;
}

const char *ap_left_out_name(enum ap_left_out why)
{
    (void)why;
    return "";
}

/* Return: how the boot thread, the only one, waits. */
const char *idle_method(void)
{
    return "hlt";
}

uint64_t trampoline_frames(void)
{
    return 0;
}
