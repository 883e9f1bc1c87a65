/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPU's answers to lib/machine_ops.h.
 */
#include <lib/machine_ops.h>

#include <ashlar/hw/cpu.h>
#include <ashlar/sync/irqflags.h>
#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <trap/trap_report.h>
#include <trap/traps.h>

static void (*stop_others)(void);

void diag_port_set_stop_others(void (*function)(void))
{
    stop_others = function;
}

uint64_t diag_port_ticks(void)
{
    return cpu_read_tsc();
}

unsigned int diag_port_cpu(void)
{
    return PERCPU_MINE(cpu_number);
}

void diag_port_begin_panic(void)
{
    local_irq_disable();
    traps_stop_catching();
    if (stop_others)
        stop_others();
}

void diag_port_halt(void)
{
    /* In a loop: an NMI ends the halt. */
    for (;;) {
        local_irq_disable();
        cpu_halt();
    }
}

void diag_port_triple_fault(void)
{
    /* No gate for the breakpoint, none for the fault of not finding it, none for the double fault. */
    static const struct descriptor_table_pointer nothing = { 0, 0 };

    cpu_load_idt(&nothing);
    __asm__ volatile("int3");
    diag_port_halt();
}

void diag_port_print_state(const struct trap_frame *frame)
{
    if (frame)
        trap_report(frame);
    else
        trap_report_here();
}

void diag_port_print_headline(const struct trap_frame *frame)
{
    trap_report_headline(frame);
}
