/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process's words about locks: none for one that waits, and an end for one that would wait for ever.
 */
#include <sync/lock_report.h>

#include <stdio.h>
#include <stdlib.h>

void lock_watch(struct lock_wait *wait)
{
    (void)wait;
}

void lock_panic_mine(const struct spinlock *lock, bool is_held, const void *caller)
{
    fprintf(stderr, "%p: thread %u %s the lock at %p already\n", caller, spin_me(),
            is_held ? "holds" : "waits for", (const void *)lock);
    abort();
}

void spin_panic_not_mine(const struct spinlock *lock)
{
    fprintf(stderr, "thread %u does not hold the lock at %p\n", spin_me(), (const void *)lock);
    abort();
}
