/* SPDX-License-Identifier: BSD-2-Clause */
/* C constants for the stub's NASM files; see kernel64/asm_constants.c. */
#include <ashlar/fmt/multiboot2.h>
#include <ashlar/fmt/pvh.h>
#include <ashlar/hw/cpu.h>

#include "entry.h"

#define ASM_CONSTANT(name) __asm__ volatile(".ascii \"->ASM " #name " %0\"" ::"i"(name))

void stub_constants(void);
void stub_constants(void)
{
    ASM_CONSTANT(ENTERED_BY_MULTIBOOT2);
    ASM_CONSTANT(ENTERED_BY_PVH);
    ASM_CONSTANT(MB2_LOADER_MAGIC);
    ASM_CONSTANT(PVH_NOTE_PHYS32_ENTRY);
    ASM_CONSTANT(MSR_EFER);
    ASM_CONSTANT(EFER_LME);
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
    ASM_CONSTANT(CR4_PGE);
    ASM_CONSTANT(CR4_LA57);
}
