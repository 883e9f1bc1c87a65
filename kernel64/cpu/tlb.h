/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * This CPU's TLB, and lazy flushing: an idle CPU is not interrupted for a shootdown, but flushes when it
 * wakes, before other accesses.
 *
 * Other CPUs' TLBs: smp/shootdown.h.
 */
#include <ashlar/addr.h>
#include <cpu/lazy_tlb.h>
#include <cpu/percpu.h>

/**
 * tlb_flush() - flush this CPU's translations of a range, global ones too.
 * @virt, @size_bytes: [virt, virt + size_bytes), not empty; may end with the address space.
 *
 * Context: any; the caller stays on its CPU.
 * Cost: an INVLPG a page, up to 32; one flush of all above that.
 */
void tlb_flush(virt_t virt, uint64_t size_bytes);

/**
 * tlb_flush_all() - flush all translations of this CPU, global ones too.
 *
 * Context: any; the caller stays on its CPU.
 */
void tlb_flush_all(void);

PERCPU_DECLARE(enum lazy_tlb, lazy_tlb);

/**
 * tlb_enter_idle() - enter the lazy-TLB state until the next trap.
 *
 * Context: interrupts off, just before the CPU halts.
 */
void tlb_enter_idle(void);

/**
 * tlb_leave_cpu() - the same for a CPU that goes offline, to which no shootdowns are sent: if it wakes, it
 * flushes everything.
 *
 * Context: interrupts off, the CPU no longer in the set of online CPUs.
 */
void tlb_leave_cpu(void);

/* The slow half of tlb_leave_idle(). Context: the same. */
void tlb_leave_idle_slow(void);

/**
 * tlb_leave_idle() - leave the lazy-TLB state, with a flush if one was deferred.
 *
 * Context: first thing in every trap; also NMI.
 */
static ALWAYS_INLINE void tlb_leave_idle(void)
{
    if (UNLIKELY(PERCPU_MINE(lazy_tlb) != CPU_BUSY))
        tlb_leave_idle_slow();
}

/**
 * tlb_defer() - let an idle CPU flush when it wakes.
 * @cpu: another CPU, below percpu_count().
 *
 * Return: false when it is not idle: it has to be interrupted.
 * Context: any, after the page tables have been changed.
 */
bool tlb_defer(unsigned int cpu);
