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

/* Nothing comes in between. */
#define PORT_STACK_POP_AT(name, offset)                                                                      \
    ({                                                                                                       \
        void **top_ = PORT_MINE_AT(struct port_stack, name, offset).top;                                     \
        void *object_ = *top_;                                                                               \
        if (LIKELY(object_ != NULL))                                                                         \
            PORT_MINE_AT(struct port_stack, name, offset).top = top_ - 1;                                    \
        object_;                                                                                             \
    })
#define PORT_STACK_PUSH_AT(name, offset, pointer)                                                            \
    ({                                                                                                       \
        void **top_ = PORT_MINE_AT(struct port_stack, name, offset).top;                                     \
        bool has_room_ = LIKELY(top_ < PORT_MINE_AT(struct port_stack, name, offset).limit);                 \
        if (has_room_) {                                                                                     \
            top_[1] = (pointer);                                                                             \
            PORT_MINE_AT(struct port_stack, name, offset).top = top_ + 1;                                    \
        }                                                                                                    \
        has_room_;                                                                                           \
    })
#define PORT_STACK_POP(name)           PORT_STACK_POP_AT(name, 0)
#define PORT_STACK_PUSH(name, pointer) PORT_STACK_PUSH_AT(name, 0, pointer)

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
