/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flushing, and putting it off.
 *
 *     idle CPU                               who changes page tables
 *     BUSY -> IDLE, halts                    changes the entry
 *                                            IDLE -> IDLE_STALE: done with this CPU
 *     a trap: exchanges it for BUSY,
 *     flushes if it was IDLE_STALE           finds BUSY: interrupts it
 *
 * Both sides change the word by locked instructions, which order them: a CPU that was found IDLE wakes after the change,
 * and one that woke before it is found BUSY.
 */
#include <cpu/tlb.h>

#include <ashlar/hw/cpu.h>
#include <ashlar/layout.h>
#include <cpu/insn.h>

/* Above this many pages one flush of all is cheaper than a walk over the range. */
#define FLUSH_SINGLY_LIMIT 32

PERCPU(enum tlb_idleness, tlb_idleness);

/* Kernel pages are global: writing CR3 would leave them, toggling CR4.PGE does not (Intel SDM vol. 3A, "Invalidation of
   TLBs and Paging-Structure Caches"). */
void tlb_flush_all(void)
{
    uint64_t cr4 = cpu_read_cr4();
    cpu_write_cr4(cr4 ^ CR4_PGE);
    cpu_write_cr4(cr4);
    if (!(cr4 & CR4_PGE))
        cpu_write_cr3(cpu_read_cr3());
}

void tlb_flush(uint64_t virt, uint64_t size_bytes)
{
    if (size_bytes > FLUSH_SINGLY_LIMIT * PAGE_SIZE) {
        tlb_flush_all();
        return;
    }
    uint64_t last = virt + size_bytes - 1; /* which may be that of the address space */
    for (uint64_t page = virt & ~(PAGE_SIZE - 1); page <= last; page += PAGE_SIZE) {
        cpu_invalidate_page((void *)page);
        if (page + PAGE_SIZE == 0)
            break;
    }
}

void tlb_enter_idle(void)
{
    __atomic_exchange_n(PERCPU_OF(PERCPU_MINE(cpu_number), tlb_idleness), TLB_IDLE, __ATOMIC_SEQ_CST);
}

void tlb_leave_idle_slow(void)
{
    enum tlb_idleness *mine = PERCPU_OF(PERCPU_MINE(cpu_number), tlb_idleness);
    if (__atomic_exchange_n(mine, TLB_BUSY, __ATOMIC_SEQ_CST) == TLB_IDLE_STALE)
        tlb_flush_all();
}

bool tlb_defer(unsigned int cpu)
{
    enum tlb_idleness found = TLB_IDLE;
    return __atomic_compare_exchange_n(PERCPU_OF(cpu, tlb_idleness), &found, TLB_IDLE_STALE, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST) ||
           found == TLB_IDLE_STALE;
}
