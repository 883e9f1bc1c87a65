/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLB shootdown by cross-calls: the functions of mm/port.h that need other CPUs.
 *
 * An idle CPU that was marked stale stays so however many shootdowns follow, and flushes once. A CPU's state
 * is read after the caller has changed the page tables; cpu/lazy_tlb.h has the ordering,
 * tests/models/shootdown.pml the model.
 */
#include <smp/shootdown.h>

#include <ashlar/sync/context.h>
#include <ashlar/sync/irqflags.h>
#include <cpu/insn.h>
#include <cpu/tlb.h>
#include <smp/ipi.h>

static unsigned int holders; /* atomic: periods in which no page table is freed */

struct request {
    virt_t virt;
    uint64_t size_bytes;
};

static void flush(void *argument)
{
    const struct request *request = argument;
    tlb_flush(request->virt, request->size_bytes);
}

static void flush_on_others(struct request *request, bool may_defer)
{
    struct cpu_set online, set = { { 0 } };
    unsigned int told = 0;
    ipi_online(&online);
    for (unsigned int cpu = 0; cpu < percpu_count(); cpu++) {
        if (cpu == PERCPU_MINE(cpu_number) || !cpu_set_has(&online, cpu) || (may_defer && tlb_defer(cpu)))
            continue;
        cpu_set_add(&set, cpu);
        told++;
    }
    if (told > 0)
        ipi_call(&set, flush, request);
}

static void flush_all(virt_t virt, uint64_t size_bytes, bool may_defer)
{
    CHECK_MAY_CALL();
    CHECK(size_bytes == UINT64_MAX || (virt_offset_in(virt, PAGE_SIZE) | size_bytes % PAGE_SIZE) == 0,
          "shootdown: of whole pages");
    struct request request = { virt, size_bytes };
    irq_flags_t state = local_irq_save();
    tlb_flush(virt, size_bytes);
    if (ipi_online_count() > 1)
        flush_on_others(&request, may_defer);
    local_irq_restore(state);
}

void port_flush(virt_t virt, uint64_t size_bytes)
{
    flush_all(virt, size_bytes, true);
}

void port_block_table_freeing(void)
{
    __atomic_fetch_add(&holders, 1, __ATOMIC_SEQ_CST);
}

void port_unblock_table_freeing(void)
{
    CHECK(__atomic_load_n(&holders, __ATOMIC_RELAXED) > 0, "page tables: each unblocking follows a blocking");
    __atomic_fetch_sub(&holders, 1, __ATOMIC_RELEASE);
}

#ifdef ASHLAR_CHECKED
bool port_tables_stay(void)
{
    return __atomic_load_n(&holders, __ATOMIC_RELAXED) > 0 || ipi_online_count() <= 1;
}
#endif

/* The holders are counted last. A reader that walks the old table, or a CPU that was not called, because it
   was offline or was dropped, is counted already; one that is counted later finds the entry as it is now.
   Pairs with the fetch_add in port_block_table_freeing(). */
bool port_flush_table(virt_t virt, uint64_t size_bytes)
{
    flush_all(virt, size_bytes, false);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(&holders, __ATOMIC_ACQUIRE) == 0;
}
