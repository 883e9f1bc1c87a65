/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * C constants for NASM: compiled to assembly, from which scripts/build/asm_constants.py takes the lines. A
 * constant is typed in C and nowhere else.
 */
#include <ashlar/hw/cpu.h>
#include <ashlar/layout.h>
#include <cpu/apic_base.h>
#include <cpu/exceptions.h>
#include <cpu/trap_frame.h>
#include <trap/idt.h>
#include <smp/trampoline_layout.h>

#define ASM_CONSTANT(name) __asm__ volatile(".ascii \"->ASM " #name " %0\"" ::"i"(name))
#define ASM_OFFSET(name, type, field)                                                                        \
    __asm__ volatile(".ascii \"->ASM " #name " %0\"" ::"i"(offsetof(type, field)))
#define ASM_SIZE(name, type) __asm__ volatile(".ascii \"->ASM " #name " %0\"" ::"i"(sizeof(type)))

void asm_constants(void);
void asm_constants(void)
{
    ASM_CONSTANT(PAGE_SIZE);
    ASM_CONSTANT(RFLAGS_FIXED);

    ASM_CONSTANT(TRAP_VECTORS);
    ASM_CONSTANT(TRAP_FIRST_INTERRUPT);
    ASM_CONSTANT(TRAP_ERROR_CODES);
    ASM_CONSTANT(TRAP_STUB_SIZE);
    ASM_OFFSET(TRAP_FRAME_R15, struct trap_frame, r15);
    ASM_OFFSET(TRAP_FRAME_R8, struct trap_frame, r8);
    ASM_OFFSET(TRAP_FRAME_RBP, struct trap_frame, rbp);
    ASM_OFFSET(TRAP_FRAME_RAX, struct trap_frame, rax);
    ASM_OFFSET(TRAP_FRAME_VECTOR, struct trap_frame, vector);
    ASM_OFFSET(TRAP_FRAME_RIP, struct trap_frame, rip);

    ASM_CONSTANT(CR0_PE);
    ASM_CONSTANT(CR0_MP);
    ASM_CONSTANT(CR0_EM);
    ASM_CONSTANT(CR0_TS);
    ASM_CONSTANT(CR0_NE);
    ASM_CONSTANT(CR0_WP);
    ASM_CONSTANT(CR0_NW);
    ASM_CONSTANT(CR0_CD);
    ASM_CONSTANT(CR0_PG);
    ASM_CONSTANT(CR4_PAE);
    ASM_CONSTANT(CR4_LA57);
    ASM_CONSTANT(MSR_EFER);
    ASM_CONSTANT(MSR_APIC_BASE);
    ASM_CONSTANT(MSR_X2APIC_ID);
    ASM_CONSTANT(APIC_BASE_X2APIC);
    ASM_CONSTANT(LAPIC_ID);
    ASM_CONSTANT(AP_STAGE_REAL);
    ASM_CONSTANT(AP_STAGE_PROTECTED);
    ASM_CONSTANT(AP_STAGE_LONG);
    ASM_CONSTANT(AP_EXPECTED);
    ASM_CONSTANT(AP_ARRIVED);
    ASM_CONSTANT(TRAMPOLINE_SIZE);
    ASM_OFFSET(AP_SLOT_APIC_ID, struct ap_slot, apic_id);
    ASM_OFFSET(AP_SLOT_STAGE, struct ap_slot, stage);
    ASM_OFFSET(AP_SLOT_ARRIVAL, struct ap_slot, arrival);
    ASM_OFFSET(AP_SLOT_TICKS, struct ap_slot, ticks);
    ASM_OFFSET(AP_SLOT_STACK, struct ap_slot, stack);
    ASM_OFFSET(AP_SLOT_ARGUMENT, struct ap_slot, argument);
    ASM_SIZE(AP_SLOT_SIZE, struct ap_slot);
    ASM_OFFSET(TRAMPOLINE_WORDS_PROTECTED_ENTRY, struct trampoline_words, protected_entry);
    ASM_OFFSET(TRAMPOLINE_WORDS_GDT_LIMIT, struct trampoline_words, gdt_limit);
    ASM_OFFSET(TRAMPOLINE_WORDS_LONG_ENTRY, struct trampoline_words, long_entry);
    ASM_OFFSET(TRAMPOLINE_WORDS_SLOT_COUNT, struct trampoline_words, slot_count);
    ASM_OFFSET(TRAMPOLINE_WORDS_SLOTS, struct trampoline_words, slots);
    ASM_OFFSET(TRAMPOLINE_WORDS_PML4, struct trampoline_words, pml4);
    ASM_OFFSET(TRAMPOLINE_WORDS_EFER, struct trampoline_words, efer);
    ASM_OFFSET(TRAMPOLINE_WORDS_ENTRY, struct trampoline_words, entry);
    ASM_SIZE(TRAMPOLINE_WORDS_SIZE, struct trampoline_words);
}
