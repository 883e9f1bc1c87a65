/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The part of <ashlar/mm/port.h> that any process answers alike: a thread has its CPU for itself, and locks
 * wait by giving way. For the library here and for tests/hosted.
 */
#include <ashlar/types.h>

#include <sched.h>

static inline void port_pin(void)
{
}

static inline void port_unpin(void)
{
}

static inline void port_pause(void)
{
    sched_yield();
}

struct port_lock {
    uint32_t held;
};

static inline bool port_try_lock(struct port_lock *lock)
{
    return __atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE) == 0;
}

static inline void port_lock(struct port_lock *lock)
{
    while (!port_try_lock(lock))
        port_pause();
}

static inline void port_unlock(struct port_lock *lock)
{
    __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}
