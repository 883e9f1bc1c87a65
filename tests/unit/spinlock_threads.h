/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Threads that are CPUs, for the tests of the spinlock.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <pthread.h>

#include <ashlar/sync/backoff.h>
#include <ashlar/sync/spinlock.h>

static inline uint32_t load(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void store(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline pthread_t start(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run, argument), 0);
    return thread;
}

static inline void wait_for_end(pthread_t thread)
{
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* Starts a thread that will wait for @lock, and returns when it does. */
static inline pthread_t start_waiter(struct spinlock *lock, void *(*run)(void *), void *argument)
{
    uint32_t tail = load(&lock->tail);
    pthread_t thread = start(run, argument);
    while (load(&lock->tail) == tail)
        cpu_relax();
    return thread;
}
