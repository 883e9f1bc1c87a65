/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What is reported of locks: declared here for spinlock.c and lock_order.c, which know neither the log nor a
 * panic. A hosted test answers itself.
 */
#include <ashlar/sync/spinlock.h>

/* A wait of one CPU, as far as it has come. */
struct lock_wait {
    const struct spinlock *lock;
    const void *caller; /* of spin_lock(): an address in its code */
    bool is_first;      /* of the queue, so it is the lock's holder that is waited for */
    bool is_reported;
    uint64_t began_ns; /* since it has been first, or else since it has waited; 0: not looked at yet */
};

/**
 * lock_watch() - look at the clock, and report a wait, once, when it has taken too long.
 *
 * The first in the queue says after LOCK_PATIENCE_NS who holds the lock. The others wait their turn, which
 * may take as many times the holder's time as there are CPUs; they speak after ten times that.
 * Context: interrupts masked; may take the consoles' locks.
 */
void lock_watch(struct lock_wait *wait);

#define LOCK_PATIENCE_NS 1000000000ULL

/**
 * lock_panic_recursive() - a CPU takes a lock that it holds (@is_held), or that it waits for in code that the
 * present code has interrupted by polling calls.
 *
 * Context: interrupts masked.
 */
NORETURN void lock_panic_recursive(const struct spinlock *lock, bool is_held, const void *caller);

#define LOCK_STACK_DEPTH 6

/* A lock that a CPU holds or waits for, and the code that took it: return addresses, the innermost first; 0
   ends them if they are fewer. */
struct lock_held {
    const void *lock;
    const struct lock_kind *kind;
    uintptr_t stack[LOCK_STACK_DEPTH];
};

/**
 * lock_panic_order() - a lock is taken out of order.
 * @held:  the lock that forbids it.
 * @taken: the one that is being taken; its kind NULL: nothing has initialised it, and @held is NULL.
 *
 * Context: interrupts masked.
 */
NORETURN void lock_panic_order(const struct lock_held *held, const struct lock_held *taken);

/* Other CPUs are about to be called with @held held, whose waiters do not poll calls. Context: interrupts
   masked. */
NORETURN void lock_panic_call(const struct lock_held *held);
