/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CPU's segments. 64-bit mode ignores base and limit, so there is one for code, one for data, and the task
 * state, which has the IST stacks of the traps.
 */
#include <cpu/gdt.h>

#include <cpu/insn.h>

/* Source: Intel SDM vol. 3A, "Segment Descriptors"; "TSS Descriptor in 64-bit mode". */
#define DESCRIPTOR_PRESENT  (1ULL << 47)
#define DESCRIPTOR_SEGMENT  (1ULL << 44) /* code or data; clear for a TSS */
#define DESCRIPTOR_CODE     (1ULL << 43)
#define DESCRIPTOR_WRITE    (1ULL << 41) /* data: writable; code: readable */
#define DESCRIPTOR_ACCESSED (1ULL << 40) /* set in advance, so that the CPU never writes here */
#define DESCRIPTOR_LONG     (1ULL << 53)
#define DESCRIPTOR_TSS      (9ULL << 40) /* available 64-bit TSS */

#define DESCRIPTOR_FLAT (DESCRIPTOR_PRESENT | DESCRIPTOR_SEGMENT | DESCRIPTOR_WRITE | DESCRIPTOR_ACCESSED)

/* gdt.asm */
void gdt_load_segments(uint64_t code, uint64_t data);

static void describe_tss(uint64_t descriptor[2], const struct task_state *tss)
{
    uint64_t base = (uintptr_t)tss;
    uint64_t limit = sizeof(*tss) - 1;

    descriptor[0] =
        DESCRIPTOR_PRESENT | DESCRIPTOR_TSS | limit | (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56;
    descriptor[1] = base >> 32;
}

void gdt_init_cpu(struct cpu_segments *segments, const virt_t stack_top[TRAP_STACK_END])
{
    struct descriptor_table_pointer table = {
        .limit = sizeof(segments->gdt) - 1,
        .base = (uintptr_t)segments->gdt,
    };

    /* No I/O permission map: its offset is the end of the segment. */
    segments->tss = (struct task_state){ .io_map_base = sizeof(segments->tss) };
    for (unsigned int i = 1; i < TRAP_STACK_END; i++)
        segments->tss.ist[i - 1] = stack_top[i].raw;

    segments->gdt[0] = 0;
    segments->gdt[SELECTOR_CODE / 8] = DESCRIPTOR_FLAT | DESCRIPTOR_CODE | DESCRIPTOR_LONG;
    segments->gdt[SELECTOR_DATA / 8] = DESCRIPTOR_FLAT;
    describe_tss(&segments->gdt[SELECTOR_TSS / 8], &segments->tss);

    cpu_load_gdt(&table);
    gdt_load_segments(SELECTOR_CODE, SELECTOR_DATA);
    cpu_load_task_register(SELECTOR_TSS);
}
