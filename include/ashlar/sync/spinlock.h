/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Locks that are waited for without sleeping. For whatever an interrupt handler and
 * other code share; mm has its own, through mm/port.h.
 *
 * A spinlock is held with interrupts off, for as short as can be. Those who wait for it stand in a queue, and
 * it knows who holds it. Here is what it costs when nobody waits; the queue is in kernel64/sync/spinlock.c.
 *
 * Who waits in spin_lock() does nothing else, interrupts off, not even what another CPU calls it for. So
 * nobody who holds a lock that is waited for like that may call other CPUs and wait for them, nor unmap or
 * allocate, which may do it. Who must has everybody wait for the lock by spin_wait_serving(), as mm and
 * kernel64/irq do. Compiled hosted, for threads in a process (ASHLAR_HOSTED), nothing is done about
 * interrupts.
 */
#include <ashlar/check.h>
#include <ashlar/sync/irqflags.h>

/*
 * All zero is free, with nobody waiting. The halves are written apart: the owner by who takes and gives back,
 * the tail by who joins the queue; sync/spinlock.c has the queue, and why that is sound.
 */
struct spinlock {
    union {
        uint64_t word;
        struct {
            uint32_t owner; /* the number of the CPU that holds it, plus 1; 0: free. And SPIN_WERE_ON. */
            uint32_t tail;  /* who came last of those that wait; 0: nobody waits */
        };
    };
};

/* Beside the owner's number, for a lock that keeps its holder's interrupt flag itself. */
#define SPIN_WERE_ON 0x80000000u

/* This CPU's number, plus 1. Hosted, a thread's: they are counted as they come, up to SPIN_THREADS_MAX. */
#ifdef ASHLAR_HOSTED
#define SPIN_THREADS_MAX 1024
uint32_t spin_me(void);
#else
extern unsigned int percpu_cpu_number; /* cpu/percpu.h */

static inline uint32_t spin_me(void)
{
    return *(__seg_gs unsigned int *)(uintptr_t)&percpu_cpu_number + 1;
}
#endif

#define SPIN_NOBODY UINT32_MAX

/* Return: number of the CPU that holds it, or SPIN_NOBODY; may be another's by now. Context: any. */
static inline uint32_t spin_owner(const struct spinlock *lock)
{
    return (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) & ~SPIN_WERE_ON) - 1;
}

/* Whether this CPU holds it. Context: interrupts off, or no answer but "no" is worth anything. */
static inline bool spin_is_mine(const struct spinlock *lock)
{
    return spin_owner(lock) == spin_me() - 1;
}

/* Complains in checked builds when this CPU does not hold a lock that it should. */
#ifdef ASHLAR_CHECKED
NORETURN void spin_panic_not_mine(const struct spinlock *lock);
#define CHECK_HELD(lock) (LIKELY(spin_is_mine(lock)) ? (void)0 : spin_panic_not_mine(lock))
#else
#define CHECK_HELD(lock) ((void)(lock))
#endif

/* The queue: who finds the lock taken comes here, interrupts off, and returns with it. For spin_lock(), which
   is always inline so that the caller seen here is its user. */
void spin_wait(struct spinlock *lock);

/* Takes it if it is free and nobody waits. Acquire pairs with the release of spin_unlock(). */
static inline bool spin_take_free(struct spinlock *lock)
{
    uint64_t unused = 0;
    return __atomic_compare_exchange_n(&lock->word, &unused, spin_me(), false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

/**
 * spin_lock() - interrupts off, and the lock ours.
 *
 * Who comes first is served first. A CPU that holds it already panics; one that waits for a second says in
 * the log for whom.
 * Return: for spin_unlock(). Context: any but NMI; not by who holds it.
 */
static ALWAYS_INLINE irq_flags_t spin_lock(struct spinlock *lock)
{
    irq_flags_t state = local_irq_save();
    if (UNLIKELY(!spin_take_free(lock)))
        spin_wait(lock);
    return state;
}

/**
 * spin_try_lock() - the same, if nobody holds it or waits for it.
 *
 * Return: whether it is ours; if not, interrupts are as they were. Context: any, also NMI and panic.
 */
static inline bool spin_try_lock(struct spinlock *lock, irq_flags_t *state)
{
    *state = local_irq_save();
    if (LIKELY(spin_take_free(lock)))
        return true;
    local_irq_restore(*state);
    return false;
}

/* Context: the CPU that took it. */
static inline void spin_unlock(struct spinlock *lock, irq_flags_t state)
{
    CHECK_HELD(lock);
    /* Whoever waits sees it; the tail is theirs. */
    __atomic_store_n(&lock->owner, 0, __ATOMIC_RELEASE);
    local_irq_restore(state);
}

/**
 * spin_wait_serving() - spin_wait() for a lock whose holder may be waiting for this CPU.
 * @in_turn: first come, first served; else whoever sees it free takes it, if nobody waits in turn.
 * @serve:   called again and again meanwhile, interrupts off: does what others want of this CPU.
 * @caller:  who wants the lock, for the log.
 *
 * @serve may itself take locks, but never this one.
 */
void spin_wait_serving(struct spinlock *lock, bool in_turn, void (*serve)(void), const void *caller);
