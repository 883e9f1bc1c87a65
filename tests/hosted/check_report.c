/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An end for a process that fails a check of mm's: VERIFY(), CHECK() and CHECK_HELD(). A test that does so on
 * purpose brings its own.
 */
#include <ashlar/mm/port.h>

#include <stdio.h>
#include <stdlib.h>

__attribute__((weak)) void lock_panic_not_held(const struct spinlock *lock)
{
    fprintf(stderr, "this thread does not hold lock \"%s\"\n",
            lock->kind ? lock->kind->name : "(not initialised)");
    abort();
}

__attribute__((weak)) void verify_failed(const char *expression, const char *file, int line)
{
    fprintf(stderr, "%s:%d: expected %s\n", file, line, expression);
    abort();
}
