/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All gates are interrupt gates: the CPU enters with interrupts off, for exceptions too, so that a report is
 * not interrupted.
 */
#include <trap/idt.h>

#include <ashlar/check.h>
#include <cpu/exceptions.h>
#include <cpu/gdt.h>
#include <cpu/insn.h>

/* Source: Intel SDM vol. 3A, "64-Bit Mode IDT". */
struct gate {
    uint16_t offset_0;
    uint16_t selector;
    uint8_t stack; /* enum trap_stack */
    uint8_t type;
    uint16_t offset_16;
    uint32_t offset_32;
    uint32_t reserved;
};
STATIC_ASSERT(sizeof(struct gate) == 16, "the hardware's layout");

#define GATE_INTERRUPT 0x8e /* present, privileged, interrupts off on entry */

/* traps.asm: TRAP_VECTORS stubs of TRAP_STUB_SIZE bytes. */
extern const uint8_t trap_stubs[];

static struct gate idt[TRAP_VECTORS] ALIGNED(16);

/*
 * Only for traps that may occur when the interrupted stack is invalid. A stack overflow becomes a double
 * fault; NMI, machine check and a hardware breakpoint occur between any two instructions.
 */
static enum trap_stack stack_of(unsigned int vector)
{
    switch (vector) {
    case TRAP_DOUBLE_FAULT:
        return TRAP_STACK_DOUBLE_FAULT;
    case TRAP_NMI:
        return TRAP_STACK_NMI;
    case TRAP_MACHINE_CHECK:
        return TRAP_STACK_MACHINE_CHECK;
    case TRAP_DEBUG:
        return TRAP_STACK_DEBUG;
    default:
        return TRAP_STACK_NONE;
    }
}

void idt_init(void)
{
    for (unsigned int vector = 0; vector < TRAP_VECTORS; vector++) {
        uint64_t entry = (uintptr_t)trap_stubs + vector * TRAP_STUB_SIZE;

        idt[vector] = (struct gate){
            .offset_0 = (uint16_t)entry,
            .selector = SELECTOR_CODE,
            .stack = (uint8_t)stack_of(vector),
            .type = GATE_INTERRUPT,
            .offset_16 = (uint16_t)(entry >> 16),
            .offset_32 = (uint32_t)(entry >> 32),
        };
    }
}

void idt_init_cpu(void)
{
    struct descriptor_table_pointer table = { .limit = sizeof(idt) - 1, .base = (uintptr_t)idt };

    cpu_load_idt(&table);
}
