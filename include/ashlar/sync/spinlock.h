/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The spinlock: for data shared with interrupt handlers, and for data that CPUs share for a short time.
 *
 *     static struct spinlock lock = SPINLOCK("i8259", LOCK_IRQ_CHIP);
 *
 *     spin_lock(&lock);
 *     ...
 *     spin_unlock(&lock);
 *
 * It is held with interrupts masked and stores the interrupt flag of its owner. Its name, its class
 * (lock_class.h has the order of the classes) and its waiting policy are in its initialiser. By default its
 * waiters are served in FIFO order and do not poll cross-calls meanwhile. So under such a lock no CPU may
 * make a cross-call, nor unmap or allocate, which may make one; a lock under which that is done polls calls
 * (.polls_calls). Under any lock no CPU may sleep. A checked build checks these rules: context.h has them.
 *
 * The uncontended paths are here; the wait is in kernel64/sync/spinlock.c, the reports are in lock_report.c.
 * Hosted, for threads in a process (ASHLAR_HOSTED), a thread is a CPU.
 */
#include <ashlar/check.h>
#include <ashlar/sync/irqflags.h>
#include <ashlar/sync/lock_class.h>

/*
 * The halves are written apart: the owner by the CPU that takes and releases the lock, the tail by CPUs that
 * join the queue; sync/spinlock.c has the queue, and why that is sound.
 */
struct spinlock {
    union {
        uint64_t word; /* 0: free, and no CPU waits */
        struct {
            uint32_t owner; /* 0: free; else spin_me() of the owner, and its RFLAGS_IF and RFLAGS_FIXED */
            uint32_t tail;  /* the last of the queue; 0: no CPU waits */
        };
    };
    const struct lock_kind *kind; /* constant */
};
/* The word is exchanged as a whole, so a lock is aligned to it, and a smaller reference to the kind would
   save nothing. The kind is read only in a wait and for reports. */
STATIC_ASSERT(sizeof(struct spinlock) == 16, "a word and the address of the lock's kind");

/* An initialiser for a lock of static storage at file scope. @class_: enum lock_class. Then the waiting
   policy, if it is not the default: fields of struct lock_kind. */
#define SPINLOCK(name_, class_, ...)                                                                         \
    {                                                                                                        \
        .kind = &(const struct lock_kind)                                                                    \
        {                                                                                                    \
            .name = (name_), .class = (class_), __VA_ARGS__                                                  \
        }                                                                                                    \
    }

/* The same for a lock in allocated memory, or in a struct that is filled in: initialises it as free. */
#define SPIN_INIT(lock, name_, class_, ...)                                                                  \
    do {                                                                                                     \
        static const struct lock_kind kind_ = { .name = (name_), .class = (class_), __VA_ARGS__ };           \
        spin_init(lock, &kind_);                                                                             \
    } while (0)

/**
 * spin_init() - initialise a lock as free.
 * @lock: not in use by any CPU.
 * @kind: must persist as long as the lock is used.
 *
 * Context: any; no other CPU uses the lock yet.
 */
static inline void spin_init(struct spinlock *lock, const struct lock_kind *kind)
{
    lock->word = 0;
    lock->kind = kind;
}

/* RFLAGS_IF and RFLAGS_FIXED, which makes an owner's word other than 0, lie below the number of the CPU. */
#define SPIN_CPU_SHIFT 10
#define SPIN_FLAGS     (RFLAGS_IF | RFLAGS_FIXED)
#define SPIN_NO_OWNER  UINT32_MAX

/* spin_me(): this CPU's number, shifted by SPIN_CPU_SHIFT. Hosted, a thread's: threads are numbered in the
 * order of their first call, up to SPIN_THREADS_MAX.
 * Context of both: any; stays so only with interrupts masked. */
#ifdef ASHLAR_HOSTED
#define SPIN_THREADS_MAX 1024
uint64_t spin_me(void);
#else
extern uint64_t percpu_spin_me; /* cpu/percpu.c */

/* Context: any; stays so only with interrupts masked. */
static inline uint64_t spin_me(void)
{
    return *(__seg_gs uint64_t *)(uintptr_t)&percpu_spin_me;
}
#endif

/**
 * spin_owner() - get the number of the CPU that holds a lock.
 * @lock: any; may be in use by other CPUs.
 *
 * Return: SPIN_NO_OWNER when none does; may have changed since.
 * Context: any.
 */
static inline uint32_t spin_owner(const struct spinlock *lock)
{
    uint32_t owner = __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);
    return owner == 0 ? SPIN_NO_OWNER : owner >> SPIN_CPU_SHIFT;
}

/* Whether this CPU holds it.
 * Context: interrupts masked; otherwise only a result of false is reliable. */
static inline bool spin_is_mine(const struct spinlock *lock)
{
    return spin_owner(lock) == spin_me() >> SPIN_CPU_SHIFT;
}

/* CHECK_HELD() panics in checked builds when this CPU does not hold the lock. Context of both: interrupts
   masked. */
#ifdef ASHLAR_CHECKED
NORETURN void lock_panic_not_held(const struct spinlock *lock);
#define CHECK_HELD(lock) (LIKELY(spin_is_mine(lock)) ? (void)0 : lock_panic_not_held(lock))
#else
#define CHECK_HELD(lock) ((void)(lock))
#endif

/* The owner that this CPU stores; 64 bits wide, with a tail of 0, for the compare-and-exchange of the word.
   Context: interrupts masked. */
static ALWAYS_INLINE uint64_t spin_owner_word(irq_flags_t flags)
{
    return (flags.rflags & SPIN_FLAGS) | spin_me();
}

/* Takes it if it is free and no CPU waits. Acquire pairs with the release of spin_unlock().
 * Context: interrupts masked. */
static ALWAYS_INLINE bool spin_take_free(struct spinlock *lock, uint64_t owner)
{
    uint64_t unused = 0;
    return __atomic_compare_exchange_n(&lock->word, &unused, owner, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

/**
 * spin_wait(), spin_wait_for() - wait for a lock by its policy, and take it. For spin_lock().
 * @lock:   was found taken.
 * @owner:  spin_owner_word().
 * @caller: an address in the code that takes it, for reports; spin_wait() uses its return address, because
 * spin_lock() is inline.
 *
 * Context: interrupts masked.
 */
void spin_wait(struct spinlock *lock, uint64_t owner);
void spin_wait_for(struct spinlock *lock, uint64_t owner, const void *caller);

/**
 * spin_lock() - mask interrupts and take a lock.
 * @lock: initialised; not held by this CPU.
 *
 * Panics if this CPU holds it already; a wait of more than a second is logged.
 * Context: any but NMI and machine check; not with the lock held, nor with one that is to be taken after it.
 * Cost: 8 instructions when it is free, one of them locked.
 */
static ALWAYS_INLINE void spin_lock(struct spinlock *lock)
{
    uint64_t owner = spin_owner_word(local_irq_save());
    lock_order_acquire(lock, lock->kind, true);
    if (UNLIKELY(!spin_take_free(lock, owner)))
        spin_wait(lock, owner);
}

/**
 * spin_trylock() - the same, if it is free and no CPU waits for it.
 * @lock: initialised.
 *
 * Return: whether it was taken; if not, the interrupt flag is unchanged.
 * Context: any, also NMI and panic.
 */
static inline bool spin_trylock(struct spinlock *lock)
{
    irq_flags_t flags = local_irq_save();
    if (LIKELY(spin_take_free(lock, spin_owner_word(flags)))) {
        lock_order_acquire(lock, lock->kind, false);
        return true;
    }
    local_irq_restore(flags);
    return false;
}

/**
 * spin_lock_or_give_up() - take a lock whose owner may never release it.
 * @lock: has a bound. The waiter does not join its queue, so spin_lock() must not be used where it is
 * contended.
 *
 * Gives up at once when this CPU holds it, as in an NMI or a panic, and when another CPU's wait for the
 * present owner timed out; else after timeout_ticks without progress of the owner.
 * Return: whether it was taken; if not, the interrupt flag is unchanged.
 * Context: any, also NMI and panic.
 */
bool spin_lock_or_give_up(struct spinlock *lock) MUST_CHECK;

/**
 * spin_unlock() - release a lock, and restore the interrupt flag from before it was taken.
 * @lock: held by this CPU.
 *
 * Context: the CPU that took it. Locks may be released in any order, except that the one taken first is
 * released last, because it stores the flag.
 * Cost: 4 instructions.
 */
static ALWAYS_INLINE void spin_unlock(struct spinlock *lock)
{
    CHECK_HELD(lock);
    lock_order_release(lock, lock->kind);
#ifdef ASHLAR_HOSTED
    irq_flags_t flags = { __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) };
    __atomic_store_n(&lock->owner, 0, __ATOMIC_RELEASE);
    local_irq_restore(flags);
#else
    /* The store is a release: stores are not reordered with earlier accesses (Intel SDM vol. 3A, "Memory
       Ordering in P6 and More Recent Processor Families", 9.2.2). The tail is the waiters'. In
       assembly, because a compiler does not test a word in memory and then overwrite it. */
    bool were_enabled;
    __asm__ volatile("testl %[irqs], %[owner]\n\t"
                     "movl $0, %[owner]"
                     : "=@ccnz"(were_enabled), [owner] "+m"(lock->owner)
                     : [irqs] "i"(RFLAGS_IF)
                     : "memory");
    if (were_enabled)
        local_irq_enable();
#endif
}

/* The same as functions. Code that is optimised for size in the release build (-Os, kernel64/meson.build)
   calls them, and so does mm, which takes locks only beyond its per-CPU caches. Checked builds see the stack
   of the caller. */
/* Context: as spin_lock(). */
void spin_lock_called(struct spinlock *lock);
/* Context: as spin_trylock(). */
bool spin_trylock_called(struct spinlock *lock);
/* Context: as spin_unlock(). */
void spin_unlock_called(struct spinlock *lock);
#if (defined(__OPTIMIZE_SIZE__) || defined(SPINLOCK_BY_CALL)) && !defined(ASHLAR_CHECKED) &&                 \
    !defined(ASHLAR_HOSTED) && !defined(SPINLOCK_DEFINES)
#define spin_lock    spin_lock_called
#define spin_trylock spin_trylock_called
#define spin_unlock  spin_unlock_called
#endif
