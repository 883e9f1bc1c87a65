/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What NASM needs to know of C: compiled to assembly, from which scripts/build/asm_constants.py
 * takes the lines. A constant is typed in C and nowhere else.
 */
#include <ashlar/hw/cpu.h>
#include <ashlar/layout.h>

#define ASM_CONSTANT(name)            __asm__ volatile(".ascii \"->ASM " #name " %0\"" ::"i"(name))
#define ASM_OFFSET(name, type, field) __asm__ volatile(".ascii \"->ASM " #name " %0\"" ::"i"(offsetof(type, field)))

void asm_constants(void);
void asm_constants(void)
{
    ASM_CONSTANT(PAGE_SIZE);
}
