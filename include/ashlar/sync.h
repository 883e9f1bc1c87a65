/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Locks that are waited for without sleeping, and the interrupt flag. For whatever an interrupt handler and other code
 * share; mm has its own, through mm/port.h.
 *
 * A spinlock is a ticket lock: who comes first is served first. It is held with interrupts off, for as short as can be.
 * Compiled hosted, for threads in a process (ASHLAR_HOSTED), nothing is done about interrupts.
 */
#include <ashlar/types.h>

#ifdef ASHLAR_HOSTED
#include <sched.h>
#endif

/* Whether interrupts were on: what interrupts_off() gives and interrupts_restore() takes. */
typedef struct {
    uint64_t rflags;
} irq_state_t;

#define SYNC_RFLAGS_IF 0x200

/* Context of both: any. */
static inline irq_state_t interrupts_off(void)
{
    irq_state_t state = { 0 };
#ifndef ASHLAR_HOSTED
    __asm__ volatile("pushfq; popq %0; cli" : "=r"(state.rflags)::"memory");
#endif
    return state;
}

static inline void interrupts_restore(irq_state_t state)
{
#ifndef ASHLAR_HOSTED
    if (state.rflags & SYNC_RFLAGS_IF)
        __asm__ volatile("sti" ::: "memory");
#else
    (void)state;
#endif
}

/* Hosted, where nothing turns them off, always. Context: any. */
static inline bool interrupts_are_on(void)
{
#ifndef ASHLAR_HOSTED
    uint64_t rflags;
    __asm__ volatile("pushfq; popq %0" : "=r"(rflags));
    return rflags & SYNC_RFLAGS_IF;
#else
    return true;
#endif
}

/* Between two looks at what another CPU will change. Hosted, that CPU is a thread that may need this one's processor. */
static inline void spin_pause(void)
{
#ifndef ASHLAR_HOSTED
    __builtin_ia32_pause();
#else
    sched_yield();
#endif
}

/* All zero is free. */
struct spinlock {
    uint32_t next;    /* the ticket of who comes next */
    uint32_t serving; /* the ticket of who holds it */
};

/**
 * spin_lock() - interrupts off, and the lock ours.
 *
 * Return: for spin_unlock(). Context: any but NMI; not by who holds it.
 */
static inline irq_state_t spin_lock(struct spinlock *lock)
{
    irq_state_t state = interrupts_off();
    /* Only the ticket's number matters here; what the lock guards is ordered by the load below. */
    uint32_t mine = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
    /* Acquire pairs with the release of spin_unlock(). Unlikely, so that who need not wait jumps over nothing. */
    if (UNLIKELY(__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != mine)) {
        do
            spin_pause();
        while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != mine);
    }
    return state;
}

/**
 * spin_try_lock() - the same, if nobody holds it or waits for it.
 *
 * Return: whether it is ours; if not, interrupts are as they were. Context: any, also NMI and panic.
 */
static inline bool spin_try_lock(struct spinlock *lock, irq_state_t *state)
{
    *state = interrupts_off();
    /* Acquire pairs with the release of spin_unlock(): nobody was served between this and the exchange, or next had moved. */
    uint32_t serving = __atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE);
    uint32_t next = serving;
    if (__atomic_compare_exchange_n(&lock->next, &next, serving + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return true;
    interrupts_restore(*state);
    return false;
}

static inline void spin_unlock(struct spinlock *lock, irq_state_t state)
{
#ifndef ASHLAR_HOSTED
    /* Only the holder writes it, so it need not be atomic; and on this architecture no store passes another. */
    __asm__ volatile("incl %0" : "+m"(lock->serving)::"memory", "cc");
#else
    __atomic_store_n(&lock->serving, __atomic_load_n(&lock->serving, __ATOMIC_RELAXED) + 1, __ATOMIC_RELEASE);
#endif
    interrupts_restore(state);
}
