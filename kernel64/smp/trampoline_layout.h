/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The layout that trampoline.asm and the C code share: the words after the code in the trampoline's page, and
 * a slot for each CPU that is being started, after that page. All of it is physical memory below 640 KiB,
 * identity-mapped in the trampoline's page tables.
 */
#include <ashlar/check.h>
#include <ashlar/types.h>

/* The stages of a CPU's start, in order; each is written by the CPU itself when it reaches it. */
enum ap_stage {
    AP_STAGE_NONE, /* silent: not started, or offline */
    AP_STAGE_REAL, /* runs the trampoline */
    AP_STAGE_PROTECTED,
    AP_STAGE_LONG,   /* in 64-bit mode, on the trampoline's page tables */
    AP_STAGE_KERNEL, /* on the kernel's page tables, its own stack, segments and interrupt controller */
    AP_STAGE_ONLINE, /* takes interrupts and work */
    AP_STAGES
};

/* Whether a CPU goes on or parks. Both the CPU (ARRIVED) and the starter (GIVEN_UP, after its timeout)
   try to replace EXPECTED by compare-and-exchange, so that exactly one succeeds. */
enum ap_arrival { AP_EXPECTED, AP_ARRIVED, AP_GIVEN_UP };

struct ap_slot {
    uint32_t apic_id;
    uint32_t stage;   /* enum ap_stage, up to AP_STAGE_LONG */
    uint32_t arrival; /* enum ap_arrival */
    uint32_t reserved;
    uint64_t ticks[3]; /* when it was in real, protected and long mode */
    uint64_t stack;    /* its upper end, in the kernel's half */
    uint64_t argument; /* of the entry */
};

/* At trampoline_words in the code; addresses are physical. */
struct trampoline_words {
    uint32_t protected_entry; /* a far pointer: offset, selector */
    uint16_t protected_selector;
    uint16_t gdt_limit; /* the operand of LGDT */
    uint32_t gdt_base;
    uint32_t long_entry; /* a far pointer */
    uint16_t long_selector;
    uint16_t slot_count;
    uint32_t slots;
    uint32_t pml4;
    uint32_t efer;
    uint32_t reserved;
    uint64_t entry; /* of the kernel: void entry(void *argument) */
};

#define TRAMPOLINE_SIZE 4096

STATIC_ASSERT(sizeof(struct ap_slot) == 56, "fixed layout");
STATIC_ASSERT(sizeof(struct trampoline_words) == 48, "fixed layout");
STATIC_ASSERT(offsetof(struct trampoline_words, gdt_limit) + 2 == offsetof(struct trampoline_words, gdt_base),
              "LGDT reads limit and base side by side");

/* trampoline.asm; copied to low memory, never run where it is linked. */
extern const uint8_t trampoline_start[], trampoline_words[], trampoline_end[];
extern const uint8_t trampoline_protected[], trampoline_long[], trampoline_gdt[];
