/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flushing, at once or lazily; cpu/lazy_tlb.h has the memory ordering.
 */
#include <cpu/tlb.h>

#include <ashlar/hw/cpu.h>
#include <ashlar/layout.h>
#include <ashlar/sync/irqflags.h>
#include <cpu/insn.h>

/* Above this many pages one flush of all is cheaper than a walk over the range. */
#define FLUSH_SINGLY_LIMIT 32

PERCPU(enum lazy_tlb, lazy_tlb);

/* Kernel pages are global: writing CR3 would leave them, toggling CR4.PGE does not (Intel SDM vol. 3A,
   "Invalidation of TLBs and Paging-Structure Caches"). */
void tlb_flush_all(void)
{
    uint64_t cr4 = cpu_read_cr4();
    cpu_write_cr4(cr4 ^ CR4_PGE);
    cpu_write_cr4(cr4);
    if (!(cr4 & CR4_PGE))
        cpu_write_cr3(cpu_read_cr3());
}

void tlb_flush(virt_t virt, uint64_t size_bytes)
{
    if (size_bytes > FLUSH_SINGLY_LIMIT * PAGE_SIZE) {
        tlb_flush_all();
        return;
    }
    /* The range may end with the address space. */
    virt_t first = virt_align_down(virt, PAGE_SIZE), last = virt_add(virt, size_bytes - 1);
    for (uint64_t done = 0; done <= virt_distance(first, last); done += PAGE_SIZE)
        cpu_invalidate_page(virt_to_pointer(virt_add(first, done)));
}

void tlb_enter_idle(void)
{
    CHECK_IRQS_OFF();
    lazy_tlb_enter(PERCPU_OF(PERCPU_MINE(cpu_number), lazy_tlb));
}

void tlb_leave_cpu(void)
{
    CHECK_IRQS_OFF();
    lazy_tlb_enter_stale(PERCPU_OF(PERCPU_MINE(cpu_number), lazy_tlb));
}

void tlb_leave_idle_slow(void)
{
    enum lazy_tlb *mine = PERCPU_OF(PERCPU_MINE(cpu_number), lazy_tlb);
    while (!lazy_tlb_leave(mine)) {
        tlb_flush_all();
        lazy_tlb_flushed(mine);
    }
}

bool tlb_defer(unsigned int cpu)
{
    return lazy_tlb_defer(PERCPU_OF(cpu, lazy_tlb));
}
