/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Whether a CPU is idle, as one word: how those who change page tables come to an agreement with it about who
 * flushes. What is flushed, and how, is cpu/tlb.h. tests/models/shootdown.pml has every order of it.
 *
 *     idle CPU                               who changes page tables
 *     BUSY -> IDLE, halts                    changes the entry
 *                                            all but BUSY -> STALE: done with this CPU
 *     a trap: IDLE -> BUSY, done;
 *     STALE -> FLUSHING, flushes,            finds BUSY: interrupts it
 *     FLUSHING -> BUSY, or tries again
 *
 * All changes to one word have one sequence. A deferring one stands in it before the flush of the next
 * leaving, which so comes after the entry's change; or after the leaving, and then it finds BUSY. So nothing
 * here needs more than the order between two that read one another's value, provided that deferring always
 * writes: one that only looked, and found STALE, could have looked before its change of the entry was seen,
 * and too late for the flush.
 *
 * An NMI may come in between. It finds a CPU that has not flushed, or may not have: then it leaves for it. So
 * the word says neither BUSY nor IDLE before the flush is done, and whose flush it was that ended, it is
 * done.
 */
#include <ashlar/types.h>

enum idleness {
    CPU_BUSY,
    CPU_IDLE,       /* halted, or about to be: touches nothing but its stack and its own data */
    CPU_IDLE_STALE, /* has to flush before it touches anything else */
    CPU_FLUSHING    /* does so; stale again if something has changed since it began */
};

/* By the CPU, while it is busy: this is its last step. */
static inline void idleness_enter(enum idleness *word)
{
    /* Release pairs with idleness_defer(): what it did with the old translations is over when their memory is
       used anew. Not an exchange, because nobody else changes BUSY. */
    __atomic_store_n(word, CPU_IDLE, __ATOMIC_RELEASE);
}

/* The same, of a CPU that nobody tells anything from now on. One step: an NMI that found it only IDLE would
   not flush. */
static inline void idleness_enter_stale(enum idleness *word)
{
    __atomic_store_n(word, CPU_IDLE_STALE, __ATOMIC_RELEASE);
}

/* By the CPU. Return: whether it is busy now; if not, it flushes everything, says so by idleness_flushed(),
   and calls again. */
static inline bool idleness_leave(enum idleness *word)
{
    enum idleness found = CPU_IDLE;
    /* It is busy already where an NMI has cut this in two, and left. Relaxed: what an IDLE word has to show
       was shown when it was stale. */
    if (__atomic_compare_exchange_n(word, &found, CPU_BUSY, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
        found == CPU_BUSY)
        return true;
    /* Acquire pairs with idleness_defer(): the flush comes after the changes that it is for. Should an NMI
       have left just now, there is one flush too many. */
    __atomic_exchange_n(word, CPU_FLUSHING, __ATOMIC_ACQUIRE);
    return false;
}

/* By the CPU, after a flush that began after idleness_leave(). */
static inline void idleness_flushed(enum idleness *word)
{
    enum idleness found = CPU_FLUSHING;
    /* Nothing to do for one that has become stale again, or has been made busy by an NMI. */
    (void)__atomic_compare_exchange_n(word, &found, CPU_BUSY, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* By any other. Return: whether it will flush when it leaves; if not, it is to be told. */
static inline bool idleness_defer(enum idleness *word)
{
    /* To find it busy needs no order: it is then interrupted, idle or not. */
    enum idleness found = __atomic_load_n(word, __ATOMIC_RELAXED);
    do
        if (found == CPU_BUSY)
            return false;
    while (
        !__atomic_compare_exchange_n(word, &found, CPU_IDLE_STALE, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
    return true;
}
