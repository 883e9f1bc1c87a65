/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The classes of spinlocks, the order in which they are taken, and the constants of a lock's initialiser.
 *
 * The rule: a CPU that holds a lock takes another one only if that is of a class further down in the table;
 * of the same class only where the table says that it nests. A checked build keeps the locks that each CPU
 * holds and panics at the first acquisition out of order, with the stack of the present acquisition and of
 * that of the lock already held, whether or not two CPUs meet in it: kernel64/sync/lock_order.c.
 *
 * Interrupts. Every spinlock is held with interrupts masked, so the handler of an interrupt starts with no
 * lock held and may take locks of any class. NMI and machine-check handlers interrupt code that holds locks:
 * they use spin_trylock() and spin_lock_or_give_up() only. Neither of these waits without bound, so neither
 * is checked against the locks held; but what is taken after them is checked against them, too. A function
 * that another CPU calls may run while this CPU waits for any lock that polls calls, so it takes only locks
 * that the table allows after all of those: after LOCK_CALLED. A lock counts as held from the moment this CPU
 * begins to wait for it.
 *
 * What may be done under which lock: context.h.
 */
#include <ashlar/types.h>

enum lock_nesting {
    LOCK_NESTS_NOT,        /* one lock of the class at a time */
    LOCK_NESTS_BY_ADDRESS, /* several; the one at the lower address first */
};

/*
 * From the outermost class to the innermost: X(class, name, the data that its locks guard, whether it nests
 * in itself)
 *
 * A lock may be taken with any of the classes above its own held.
 */
#define LOCK_CLASSES(X)                                                                                      \
    X(LOCK_TEST, "test", "what a test shares between CPUs", LOCK_NESTS_BY_ADDRESS)                           \
    X(LOCK_IRQ_LINES, "irq lines", "the list of interrupt lines and their vectors", LOCK_NESTS_NOT)          \
    X(LOCK_IRQ_LINE, "irq line", "the handlers of one line, which run under it", LOCK_NESTS_NOT)             \
    X(LOCK_TIMER_DEVICE, "timer device", "a clockevent that all CPUs share", LOCK_NESTS_NOT)                 \
    X(LOCK_TIMER_QUEUE, "timer queue", "one CPU's queue of timers", LOCK_NESTS_BY_ADDRESS)                   \
    X(LOCK_SHRINK, "shrink", "the list of shrinkers (struct exclusive)", LOCK_NESTS_NOT)                     \
    X(LOCK_SEGMENTS, "segments", "ranges of kernel address space", LOCK_NESTS_NOT)                           \
    X(LOCK_PAGE_TABLES, "page tables", "the kernel's page tables", LOCK_NESTS_NOT)                           \
    X(LOCK_EARLY_FRAMES, "early frames", "frames of the reserve, for page tables", LOCK_NESTS_NOT)           \
    X(LOCK_SLAB_CACHES, "slab caches", "the table of object caches", LOCK_NESTS_NOT)                         \
    X(LOCK_SLAB_QUARANTINE, "slab quarantine", "freed objects of a checked cache", LOCK_NESTS_NOT)           \
    X(LOCK_SLAB_DEPOT, "slab depot", "a cache's full and empty magazines on one node", LOCK_NESTS_NOT)       \
    X(LOCK_SLAB_NODE, "slab node", "a cache's slabs on one node", LOCK_NESTS_NOT)                            \
    X(LOCK_BUDDY_ADD, "buddy add", "the range that is being added to the buddy allocator", LOCK_NESTS_NOT)   \
    X(LOCK_CALLED, "cross-call", "not a lock: a function called by another CPU runs", LOCK_NESTS_NOT)        \
    X(LOCK_BUDDY, "buddy", "the buddy allocator's trees and bitmaps", LOCK_NESTS_NOT)                        \
    X(LOCK_IRQ_CHIP, "irq chip", "the registers of one interrupt controller", LOCK_NESTS_NOT)                \
    X(LOCK_KEYBOARD, "keyboard", "the keyboard controller and its ring of bytes", LOCK_NESTS_NOT)            \
    X(LOCK_LOG, "log", "the log's ring and the consoles", LOCK_NESTS_NOT)                                    \
    X(LOCK_UART, "uart", "one serial port's rings and its interrupt enable register", LOCK_NESTS_NOT)        \
    X(LOCK_PIT, "pit", "the ports of the 8254, which is also read as a clock by the log", LOCK_NESTS_NOT)

#define LOCK_CLASS_ENUM_(class, name, guards, nesting) class,
enum lock_class { LOCK_CLASSES(LOCK_CLASS_ENUM_) LOCK_CLASS_COUNT };
#undef LOCK_CLASS_ENUM_

/*
 * The last class is not noted. Any class may be held when it is taken, so there is nothing to check then; and
 * nothing is taken under it, which is plain from the few port accesses that it guards. The TSC's rate is
 * measured against the PIT: each instruction between two readings widens the error of the result.
 */
#define LOCK_INNERMOST (LOCK_CLASS_COUNT - 1)

/* Which waiter gets a lock. docs/decisions/0006-unfair-locks-under-a-hypervisor.md */
enum lock_fairness {
    LOCK_FAIR,            /* the longest waiting: a queue */
    LOCK_UNFAIR_IN_GUEST, /* in a virtual machine any waiter, else fair */
    LOCK_UNFAIR,          /* any waiter */
};

/* The bound of spin_lock_or_give_up(), and the state of its waits; one for each lock. */
struct lock_bound {
    uint64_t timeout_ticks; /* constant; of the TSC, since the last progress */
    uint32_t progress;      /* the owner changes it while it makes progress; atomic, only a hint: no order */
    bool is_stuck;          /* a wait for the present owner timed out; likewise */
};

/* The constants of a lock; may be shared by similar locks. */
struct lock_kind {
    const char *name; /* for reports */
    uint8_t class;    /* enum lock_class */

    /* The waiting policy. Of the lock and not of the caller, because it depends on what its owners may do. */
    uint8_t fairness;         /* enum lock_fairness */
    bool polls_calls;         /* waiters poll cross-calls, so that the owner may call them and wait */
    struct lock_bound *bound; /* for spin_lock_or_give_up(); NULL: never used with it */
};

/* The policy of mm's locks but the buddy's: under one of them frames may be
   unmapped, which calls other CPUs. */
#define LOCK_POLICY_MM .fairness = LOCK_UNFAIR_IN_GUEST, .polls_calls = true

/* Coroutines that model CPUs on one thread would share its stack of held locks. */
#if defined(ASHLAR_CHECKED) && !defined(LOCK_ORDER_UNCHECKED)

/**
 * lock_order_acquire() - record that this CPU is about to wait for a lock, or has taken it by trylock.
 * @lock:  its address.
 * @kind:  its kind.
 * @waits: whether this CPU may wait for it, so that the order is checked.
 *
 * Panics when @kind is NULL (an uninitialised lock), or out of order.
 * Context: interrupts masked.
 */
void lock_order_acquire(const void *lock, const struct lock_kind *kind, bool waits);

/**
 * lock_order_release() - record that this CPU is about to release a lock.
 * @lock: its address; one that is not recorded is ignored.
 * @kind: its kind.
 *
 * Context: interrupts masked.
 */
void lock_order_release(const void *lock, const struct lock_kind *kind);

/**
 * lock_order_stop() - disable the checks on all CPUs: a panic may have interrupted any code.
 *
 * Context: any, also NMI and panic.
 */
void lock_order_stop(void);

#else

/* Without checks. Context of all: any. */
static inline void lock_order_acquire(const void *lock, const struct lock_kind *kind, bool waits)
{
    (void)lock;
    (void)kind;
    (void)waits;
}

static inline void lock_order_release(const void *lock, const struct lock_kind *kind)
{
    (void)lock;
    (void)kind;
}

static inline void lock_order_stop(void)
{
}

#endif
