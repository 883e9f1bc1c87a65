/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Interface between the assembly and the C of stub32.
 */
#include <ashlar/types.h>

#pragma GCC visibility push(hidden)

/* entry.asm. Entered by loaders; never called. */
void multiboot2_entry(void);
void pvh_entry(void);

enum entered_by { ENTERED_BY_MULTIBOOT2 = 1, ENTERED_BY_PVH = 2 };

/**
 * stub_main() - the whole program, main.c.
 * @entered: which entry point was used.
 * @magic:   EAX as the loader left it.
 * @info:    EBX as the loader left it: physical address of the loader's information.
 */
NORETURN void stub_main(uint32_t entered, uint32_t magic, uint32_t info);

/**
 * leap() - switch to long mode and call kernel64: leap.asm.
 * @pml4:    physical address of the page tables; this code is mapped one-to-one.
 * @handoff: physical address of struct handoff.
 * @entry:   64-bit address of kernel64_entry.
 * @efer:    bits to set in EFER beside LME.
 */
NORETURN void leap(uint32_t pml4, uint32_t handoff, uint64_t entry, uint32_t efer);

/* stub32.ld; addresses only. */
extern char __image_start[], __image_end[];
extern char __rodata_start[], __rodata_end[], __text_start[], __text_end[], __data_start[], __data_end[];

/* payload.asm */
extern const char kernel64_file[], kernel64_file_end[];

#pragma GCC visibility pop
