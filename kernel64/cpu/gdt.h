/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Segments and the task-state segment: one set for each CPU, because a TSS serves only one.
 *
 * In 64-bit mode a segment has neither base nor limit; CS only selects 64-bit mode and privilege, and the TSS
 * has the stacks for gates with an IST index.
 */
#include <ashlar/addr.h>
#include <ashlar/check.h>

#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_TSS  0x18 /* 16 bytes: two entries */
#define GDT_ENTRIES   5

/* Stacks for traps that cannot rely on the interrupted stack: the IST index of a gate. */
enum trap_stack {
    TRAP_STACK_NONE = 0, /* the interrupted stack */
    TRAP_STACK_DOUBLE_FAULT,
    TRAP_STACK_NMI,
    TRAP_STACK_MACHINE_CHECK,
    TRAP_STACK_DEBUG,
    TRAP_STACK_END,
};

/* Source: Intel SDM vol. 3A, "Task Management in 64-bit Mode". */
struct PACKED task_state {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7]; /* ist[n - 1]: for gates with IST index n */
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map_base;
};
STATIC_ASSERT(sizeof(struct task_state) == 104, "the hardware's layout");
STATIC_ASSERT(TRAP_STACK_END - 1 <= 7, "a TSS names seven stacks");

/* This CPU only, constant after gdt_init_cpu(). */
struct cpu_segments {
    uint64_t gdt[GDT_ENTRIES];
    struct task_state tss;
};

/**
 * gdt_init_cpu() - give the executing CPU its segments.
 * @segments:  filled in; must persist.
 * @stack_top: for each enum trap_stack from 1 on, the end of the stack, a multiple of 16. [0] is not used.
 *
 * Loads CS, SS, DS and ES, and empties FS and GS, whose bases become 0.
 * Context: once on each CPU, interrupts off.
 */
void gdt_init_cpu(struct cpu_segments *segments, const virt_t stack_top[TRAP_STACK_END]);
