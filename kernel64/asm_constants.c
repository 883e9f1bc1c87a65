/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What NASM needs to know of C: compiled to assembly, from which scripts/build/asm_constants.py
 * takes the lines. A constant is typed in C and nowhere else.
 */
#include <ashlar/hw/cpu.h>
#include <ashlar/layout.h>
#include <cpu/traps.h>

#define ASM_CONSTANT(name)            __asm__ volatile(".ascii \"->ASM " #name " %0\"" ::"i"(name))
#define ASM_OFFSET(name, type, field) __asm__ volatile(".ascii \"->ASM " #name " %0\"" ::"i"(offsetof(type, field)))

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
}
