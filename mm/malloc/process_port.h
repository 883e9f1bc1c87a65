/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The part of <ashlar/mm/port.h> that is the same in any process: a thread is not moved to another CPU, and a
 * lock is a futex. For the library here and for tests/hosted.
 */
#include <ashlar/sync/lock_class.h>

#include <linux/futex.h>
#ifdef ASHLAR_CHECKED
#include <pthread.h>
#endif
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline void port_pin(void)
{
}

static inline void port_unpin(void)
{
}

/* Not interrupted: a CPU is one thread. */
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
        bool has_slot_ = LIKELY(top_ < PORT_MINE_AT(struct port_stack, name, offset).limit);                 \
        if (has_slot_) {                                                                                     \
            top_[1] = (pointer);                                                                             \
            PORT_MINE_AT(struct port_stack, name, offset).top = top_ + 1;                                    \
        }                                                                                                    \
        has_slot_;                                                                                           \
    })
#define PORT_STACK_POP(name)           PORT_STACK_POP_AT(name, 0)
#define PORT_STACK_PUSH(name, pointer) PORT_STACK_PUSH_AT(name, 0, pointer)

/*
 * Under SCHED_FIFO sched_yield() does not yield to threads of lower priority, and the owner may be one: every
 * 64th turn sleeps.
 */
#define PORT_PAUSE_TURNS    64
#define PORT_PAUSE_SLEEP_US 50

static inline void port_pause(void)
{
    static __thread unsigned int turns;
    /* NOLINTNEXTLINE(bugprone-branch-clone): a test makes one hook of both. */
    if (++turns % PORT_PAUSE_TURNS != 0)
        sched_yield();
    else
        usleep(PORT_PAUSE_SLEEP_US);
}

/*
 * <ashlar/sync/spinlock.h> for a process, under the same names. A lock spins with sched_yield() for
 * PORT_LOCK_SPINS turns and then sleeps in the kernel, so that a waiter of any scheduling class lets the
 * owner run (Drepper, "Futexes Are Tricky", 2011, mutex3). A checked build checks the order of the classes
 * and CHECK_HELD() here, too; in any other a lock has neither class nor name nor holder, and zeroed is free.
 */
struct spinlock {
    uint32_t state; /* enum; a futex */
#ifdef ASHLAR_CHECKED
    const struct lock_kind *kind; /* constant */
    pthread_t holder;             /* while it is held; 0 when it is free */
#endif
};

enum {
    PORT_LOCK_FREE,
    PORT_LOCK_HELD,
    PORT_LOCK_AWAITED, /* held, and a thread may sleep until it is not */
};
#define PORT_LOCK_SPINS 64

#ifdef ASHLAR_CHECKED
#define SPINLOCK(name_, class_, ...)                                                                         \
    {                                                                                                        \
        .kind = &(const struct lock_kind)                                                                    \
        {                                                                                                    \
            .name = (name_), .class = (class_), __VA_ARGS__                                                  \
        }                                                                                                    \
    }
#define SPIN_INIT(lock, name_, class_, ...)                                                                  \
    do {                                                                                                     \
        static const struct lock_kind kind_ = { .name = (name_), .class = (class_), __VA_ARGS__ };           \
        *(lock) = (struct spinlock){ .kind = &kind_ };                                                       \
    } while (0)
#define PORT_LOCK_KIND(lock) ((lock)->kind)

NORETURN void lock_panic_not_held(const struct spinlock *lock);
#define PORT_LOCK_IS_MINE(lock) ((lock)->holder == pthread_self())

#ifdef LOCK_HELD_UNCHECKED /* by a test whose locks are broken on purpose */
#define CHECK_HELD(lock) ((void)(lock))
#else
#define CHECK_HELD(lock) (LIKELY(PORT_LOCK_IS_MINE(lock)) ? (void)0 : lock_panic_not_held(lock))
#endif

#define PORT_LOCK_SET_HOLDER(lock, thread) ((lock)->holder = (thread))
#else
#define SPINLOCK(name_, class_, ...)                                                                         \
    {                                                                                                        \
    }
#define SPIN_INIT(lock, name_, class_, ...) (*(lock) = (struct spinlock){ .state = PORT_LOCK_FREE })
#define PORT_LOCK_KIND(lock)                NULL
#define CHECK_HELD(lock)                    ((void)(lock))
#define PORT_LOCK_SET_HOLDER(lock, thread)  ((void)(lock))
#endif

static inline bool port_lock_take_free(struct spinlock *lock)
{
    uint32_t free = PORT_LOCK_FREE;
    return __atomic_compare_exchange_n(&lock->state, &free, PORT_LOCK_HELD, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static inline bool spin_trylock(struct spinlock *lock)
{
    if (!port_lock_take_free(lock))
        return false;
    lock_order_acquire(lock, PORT_LOCK_KIND(lock), false);
    PORT_LOCK_SET_HOLDER(lock, pthread_self());
    return true;
}

/* Returns with the lock, marked as one that a thread may sleep for. */
static inline void port_lock_sleep(struct spinlock *lock)
{
    while (__atomic_exchange_n(&lock->state, PORT_LOCK_AWAITED, __ATOMIC_ACQUIRE) != PORT_LOCK_FREE)
        (void)syscall(SYS_futex, &lock->state, FUTEX_WAIT_PRIVATE, PORT_LOCK_AWAITED, NULL);
}

static inline void spin_lock(struct spinlock *lock)
{
    lock_order_acquire(lock, PORT_LOCK_KIND(lock), true);
    unsigned int spins = 0;
    while (!port_lock_take_free(lock)) {
        if (++spins >= PORT_LOCK_SPINS) {
            port_lock_sleep(lock);
            break;
        }
        sched_yield();
    }
    PORT_LOCK_SET_HOLDER(lock, pthread_self());
}

static inline void spin_unlock(struct spinlock *lock)
{
    CHECK_HELD(lock);
    PORT_LOCK_SET_HOLDER(lock, 0);
    lock_order_release(lock, PORT_LOCK_KIND(lock));
    if (__atomic_exchange_n(&lock->state, PORT_LOCK_FREE, __ATOMIC_RELEASE) == PORT_LOCK_AWAITED)
        (void)syscall(SYS_futex, &lock->state, FUTEX_WAKE_PRIVATE, 1);
}
