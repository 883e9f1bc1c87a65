/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Work that one CPU does at a time, for longer than interrupts may be masked. Not a spinlock: interrupts stay
 * as they are, so a handler may find that its own CPU has entered; and most callers that find it entered do
 * not wait.
 */
#include <ashlar/types.h>

/* All zero: not entered. */
struct exclusive {
    uint32_t owner; /* atomic; number of the CPU plus 1; 0: none */
};

/**
 * exclusive_try_enter() - enter, if no CPU has.
 * @cpu: number of this CPU, below 2^32 - 1.
 *
 * Context: any.
 */
static inline bool exclusive_try_enter(struct exclusive *exclusive, uint32_t cpu)
{
    uint32_t none = 0;
    /* Acquire pairs with the release in exclusive_leave(): the previous owner's writes are visible. */
    return __atomic_compare_exchange_n(&exclusive->owner, &none, cpu + 1, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

/* Whether any CPU has entered. Context: any. */
static inline bool exclusive_is_entered(const struct exclusive *exclusive)
{
    return __atomic_load_n(&exclusive->owner, __ATOMIC_RELAXED) != 0;
}

/* Whether CPU @cpu has entered. Context: any. */
static inline bool exclusive_is_entered_by(const struct exclusive *exclusive, uint32_t cpu)
{
    return __atomic_load_n(&exclusive->owner, __ATOMIC_RELAXED) == cpu + 1;
}

/* Leave. Context: the CPU that entered. */
static inline void exclusive_leave(struct exclusive *exclusive)
{
    __atomic_store_n(&exclusive->owner, 0, __ATOMIC_RELEASE);
}
