/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Reports about locks: declared here for spinlock.c and lock_order.c, which include neither log nor panic. A
 * hosted test defines its own.
 */
#include <ashlar/sync/context.h>
#include <ashlar/sync/spinlock.h>
#include <ashlar/time_units.h>

/* The state of one CPU's wait. */
struct lock_wait {
    const struct spinlock *lock;
    const void *caller; /* of spin_lock(): an address in its code */
    bool is_first;      /* of the queue: waits for the lock's holder */
    bool is_reported;
    uint64_t began_ns; /* since it became first, else since the wait began; 0: not read yet */
};

/**
 * lock_watch() - read the clock, and report a wait, once, when it has taken too long.
 *
 * The first in the queue reports the holder after LOCK_TIMEOUT_NS. The other waiters report after ten times
 * that, because their wait grows with the number of CPUs before them.
 * Context: interrupts masked; may take the consoles' locks.
 */
void lock_watch(struct lock_wait *wait);

#define LOCK_TIMEOUT_NS (1 * NS_PER_SECOND)

/**
 * lock_panic_recursive() - a CPU takes a lock that it holds (@is_held), or for which it waits already and
 * polls cross-calls meanwhile.
 *
 * Context: interrupts masked.
 */
NORETURN void lock_panic_recursive(const struct spinlock *lock, bool is_held, const void *caller);

#define LOCK_STACK_DEPTH 6

/* A lock that a CPU holds or waits for, and the code that took it: return addresses, the innermost first;
   terminated by 0 if they are fewer. */
struct lock_held {
    const void *lock;
    const struct lock_kind *kind;
    uintptr_t stack[LOCK_STACK_DEPTH];
};

/**
 * lock_held_by() - get an entry of a CPU's stack of locks, in a checked build.
 * @cpu:   any CPU with per-CPU data.
 * @index: from 0, the lock that was taken first.
 * @entry: receives a copy. If its kind is NULL, it is being written or removed. The CPU may change its stack
 *         meanwhile: the parts of the entry need not belong together.
 *
 * Return: false when there are no more.
 * Context: any.
 */
bool lock_held_by(unsigned int cpu, unsigned int index, struct lock_held *entry);

/**
 * lock_panic_order() - a lock is taken out of order.
 * @held:  the lock that is held or waited for; the same one as @taken: it is taken twice.
 * @taken: the lock that is being taken; if its kind is NULL, it is not initialised, and @held is NULL.
 *
 * Context: interrupts masked.
 */
NORETURN void lock_panic_order(const struct lock_held *held, const struct lock_held *taken);

/**
 * lock_panic_context() - a CPU does what is forbidden in its context: ashlar/sync/context.h.
 * @use:  what it is about to do.
 * @held: the lock, or the called function, that forbids it; NULL: interrupts are masked.
 * @here: only its stack counts: that of the code that is about to do it.
 *
 * Context: interrupts masked.
 */
NORETURN void lock_panic_context(enum context_use use, const struct lock_held *held,
                                 const struct lock_held *here);
