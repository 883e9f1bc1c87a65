/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPU's answers to diag/port.h.
 */
#include <diag/port.h>

#include <cpu/insn.h>

void diag_port_interrupts_off(void)
{
    cpu_interrupts_off();
}

void diag_port_halt(void)
{
    /* In a loop: an NMI ends the halt. */
    for (;;) {
        cpu_interrupts_off();
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
    (void)frame;
}
