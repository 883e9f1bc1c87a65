/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lock reports of a process: none for a long wait, and an abort for a misuse. A test with its own clock or
 * its own report defines its own functions.
 */
#include <sync/lock_report.h>

#include <lib/machine_ops.h>

#include <stdio.h>
#include <stdlib.h>

static uint64_t read_ticks(void)
{
    return __builtin_ia32_rdtsc();
}

__attribute__((weak)) struct machine_ops machine_ops = { .ticks = read_ticks };

__attribute__((weak)) void lock_watch(struct lock_wait *wait)
{
    (void)wait;
}

__attribute__((weak)) void lock_panic_recursive(const struct spinlock *lock, bool is_held, const void *caller)
{
    fprintf(stderr, "%p: thread %u %s lock \"%s\" already\n", caller,
            (unsigned int)(spin_me() >> SPIN_CPU_SHIFT), is_held ? "holds" : "waits for", lock->kind->name);
    abort();
}

__attribute__((weak)) void lock_panic_not_held(const struct spinlock *lock)
{
    fprintf(stderr, "thread %u does not hold lock \"%s\"\n", (unsigned int)(spin_me() >> SPIN_CPU_SHIFT),
            lock->kind->name);
    abort();
}
