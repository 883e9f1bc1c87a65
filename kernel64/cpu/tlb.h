/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * This CPU's translations, and the promise of an idle CPU to forget them before it does anything else.
 *
 * Other CPUs' are smp/shootdown.h.
 */
#include <cpu/lazy_tlb.h>
#include <cpu/percpu.h>

/* Forgets what this CPU knows of [virt, virt + size_bytes), global pages too. Context: any. */
void tlb_flush(uint64_t virt, uint64_t size_bytes);

/* Forgets everything. */
void tlb_flush_all(void);

PERCPU_DECLARE(enum idleness, idleness);

/* This CPU is idle until its next trap. Context: interrupts off, just before it halts. */
void tlb_enter_idle(void);

/* The same for a CPU that goes away, which nobody tells anything: should it ever wake, it flushes
   everything. */
void tlb_leave_cpu(void);

/* First thing in every trap. */
void tlb_leave_idle_slow(void);
static ALWAYS_INLINE void tlb_leave_idle(void)
{
    if (UNLIKELY(PERCPU_MINE(idleness) != CPU_BUSY))
        tlb_leave_idle_slow();
}

/**
 * tlb_defer() - let an idle CPU flush when it wakes.
 *
 * Return: false when it is not idle: it must be told.
 */
bool tlb_defer(unsigned int cpu);
