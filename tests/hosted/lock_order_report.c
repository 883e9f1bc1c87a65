/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Aborts a process that takes locks out of order; a test that does so on purpose defines its own function.
 */
#include <sync/lock_report.h>

#include <stdio.h>
#include <stdlib.h>

__attribute__((weak)) void lock_panic_order(const struct lock_held *held, const struct lock_held *taken)
{
    fprintf(stderr, "lock order: \"%s\" is taken by %#lx, \"%s\" was taken by %#lx\n",
            taken->kind ? taken->kind->name : "(not initialised)", (unsigned long)taken->stack[0],
            held ? held->kind->name : "", held ? (unsigned long)held->stack[0] : 0);
    abort();
}

__attribute__((weak)) void lock_panic_context(enum context_use use, const struct lock_held *held,
                                              const struct lock_held *here)
{
    fprintf(stderr, "context: use %u in %#lx is forbidden while \"%s\" is held\n", use,
            (unsigned long)here->stack[0], held ? held->kind->name : "(interrupts masked)");
    abort();
}
