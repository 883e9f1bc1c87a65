/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What is said of locks that are waited for too long, or for ever. spinlock.c calls it; a hosted test answers
 * itself.
 */
#include <ashlar/sync/spinlock.h>

/* A wait of one CPU, as far as it has come. */
struct lock_wait {
    const struct spinlock *lock;
    const void *caller; /* who waits: an address in its code */
    bool is_first;      /* of the queue, so it is the lock's holder that is waited for */
    bool is_reported;
    uint64_t began_ns; /* since it has been first, or else since it has waited; 0: not looked at yet */
};

/**
 * lock_watch() - a look at the clock; reports the wait, once, when it has taken too long.
 *
 * The first in the queue says after LOCK_PATIENCE_NS who holds the lock. The others wait their turn, which
 * may take as many times the holder's time as there are CPUs; they speak after ten times that.
 * Context: interrupts off; may take the consoles' locks.
 */
void lock_watch(struct lock_wait *wait);

#define LOCK_PATIENCE_NS 1000000000ULL

/* @caller wants a lock that its CPU holds (@is_held), or waits for in code that has been interrupted by
   serving others. */
NORETURN void lock_panic_mine(const struct spinlock *lock, bool is_held, const void *caller);
