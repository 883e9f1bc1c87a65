/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operations of lib/machine_ops.h that need only the CPU.
 */
#include <cpu/machine_ops.h>

#include <ashlar/sync/irqflags.h>
#include <cpu/fixup.h>
#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <lib/machine_ops.h>

static unsigned int number_of_cpu(void)
{
    return PERCPU_MINE(cpu_number);
}

static uint64_t read_ticks(void)
{
    return cpu_read_tsc();
}

static void begin_panic(void)
{
    local_irq_disable();
    fixup_disarm_all();
}

void cpu_halt_forever(void)
{
    /* In a loop: an NMI ends the halt. */
    for (;;) {
        local_irq_disable();
        cpu_halt();
    }
}

void cpu_triple_fault(void)
{
    static const struct descriptor_table_pointer empty = { 0, 0 };

    cpu_load_idt(&empty);
    __asm__ volatile("int3");
    cpu_halt_forever();
}

void machine_ops_init(void)
{
    machine_ops = (struct machine_ops){
        .cpu = number_of_cpu,
        .ticks = read_ticks,
        .begin_panic = begin_panic,
        .halt = cpu_halt_forever,
        .triple_fault = cpu_triple_fault,
    };
}
