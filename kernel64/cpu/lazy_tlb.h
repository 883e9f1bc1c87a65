/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The lazy-TLB state of a CPU: one word that decides whether it or a CPU that changes page tables starts the
 * flush. The flush itself is in cpu/tlb.h. tests/models/shootdown.pml explores every order of it.
 *
 *     idle CPU                               CPU that changes page tables
 *     BUSY -> IDLE, halts                    changes the entry
 *                                            all but BUSY -> STALE: done with this CPU
 *     a trap: IDLE -> BUSY, done;
 *     STALE -> FLUSHING, flushes,            finds BUSY: interrupts it
 *     FLUSHING -> BUSY, or tries again
 *
 * All changes of one word are in one order. A deferral comes in it before the idle CPU's next exchange, so
 * the flush after that exchange sees the changed entry; or after it, and then it finds BUSY. Acquire and
 * release are sufficient, provided that a deferral always writes: one that only read STALE could have read it
 * before its change of the entry was visible, too late for the flush.
 *
 * An NMI may interrupt the idle CPU's steps, before or during its flush, and then flushes itself. So the word
 * is neither BUSY nor IDLE before the flush is done; either flush completes the work.
 */
#include <ashlar/types.h>

enum lazy_tlb {
    CPU_BUSY,
    CPU_IDLE,       /* halted, or about to halt: uses only its stack and its own data */
    CPU_IDLE_STALE, /* has to flush before it uses anything else */
    CPU_FLUSHING    /* is flushing; a deferral since then makes it stale again */
};

/* Called by the CPU while it is busy, as its last step. Context: interrupts off. */
static inline void lazy_tlb_enter(enum lazy_tlb *word)
{
    /* Release pairs with the acquire of lazy_tlb_defer(): all accesses by old translations are complete
       before their memory is reused. Not an exchange, because no other CPU changes BUSY. */
    __atomic_store_n(word, CPU_IDLE, __ATOMIC_RELEASE);
}

/* The same for a CPU to which no more shootdowns are sent. In one step: an NMI in state IDLE would not flush.
   Context: interrupts off. */
static inline void lazy_tlb_enter_stale(enum lazy_tlb *word)
{
    __atomic_store_n(word, CPU_IDLE_STALE, __ATOMIC_RELEASE);
}

/* Called by the CPU. Return: whether it is busy now; if not, it flushes everything, calls lazy_tlb_flushed(),
   and calls this again. Context: any trap, also NMI. */
static inline bool lazy_tlb_leave(enum lazy_tlb *word)
{
    enum lazy_tlb found = CPU_IDLE;
    /* It is busy already if an NMI left the state meanwhile. Relaxed:
       IDLE means that nothing was deferred. */
    if (__atomic_compare_exchange_n(word, &found, CPU_BUSY, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
        found == CPU_BUSY)
        return true;
    /* Acquire pairs with the release of lazy_tlb_defer(): the flush comes after the changes of page tables.
       If an NMI left the state just now, there is one flush too many. */
    __atomic_exchange_n(word, CPU_FLUSHING, __ATOMIC_ACQUIRE);
    return false;
}

/* Called by the CPU, after a flush that began after lazy_tlb_leave(). Context: as lazy_tlb_leave(). */
static inline void lazy_tlb_flushed(enum lazy_tlb *word)
{
    enum lazy_tlb found = CPU_FLUSHING;
    /* No change of a word that is stale again, or that an NMI has made busy. */
    (void)__atomic_compare_exchange_n(word, &found, CPU_BUSY, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* Called by another CPU. Return: whether the owner will flush when it leaves the state; if not, it has to be
   interrupted. Context: any. */
static inline bool lazy_tlb_defer(enum lazy_tlb *word)
{
    /* Relaxed: a CPU that is found busy is interrupted, idle or not. */
    enum lazy_tlb found = __atomic_load_n(word, __ATOMIC_RELAXED);
    do
        if (found == CPU_BUSY)
            return false;
    while (
        !__atomic_compare_exchange_n(word, &found, CPU_IDLE_STALE, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
    return true;
}
