/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What a function may do in the context in which it is called, checked in checked builds.
 *
 * Allocating, calling other CPUs and sleeping are forbidden in contexts in which they nearly always work: the
 * machine hangs only when memory is short just then, or another CPU waits for the lock just then. So the
 * functions whose `Context:` forbids it check at their entry, on their fast paths, too; and a violation
 * panics at the first call, with the stack of the call and of the acquisition of the lock:
 *
 *                            interrupts    locks that may be held                         in a cross-call
 *   CHECK_MAY_ALLOCATE()     on or masked  of classes before LOCK_SHRINK, if they poll    no
 *   CHECK_MAY_FREE_FRAMES()  on or masked  of classes before LOCK_BUDDY                   yes
 *   CHECK_MAY_CALL()         on or masked  those whose waiters poll cross-calls           no
 *   CHECK_MAY_SLEEP()        on            none                                           no
 *   CHECK_NO_LOCK()          on or masked  none                                           no
 *
 * Memory. An allocation that finds none takes the locks of the allocators, and waits for the CPU that runs
 * the shrinkers. That CPU may call others, or wait for one of the locks held here. The free of an object may
 * allocate, too: an empty magazine. The free of a frame or of a block takes the frame allocator's lock only.
 *
 * Cross-calls. The caller waits until each CPU has run the function. A CPU that waits for a lock, with
 * interrupts masked, runs it only if the lock polls calls (.polls_calls of struct lock_kind). What unmaps
 * memory makes cross-calls.
 *
 * Sleep. A timer's interrupt or another CPU ends it. Under a lock all CPUs that want it would spin meanwhile;
 * with interrupts masked the interrupt would not arrive. An interrupt handler has them masked.
 *
 * A called function (smp/ipi.h) may have interrupted code that waits for any lock that polls calls. It counts
 * as holding a lock of the class LOCK_CALLED, so the order of locks is checked in it, too, in whichever
 * context it runs.
 *
 * That interrupts are off is CHECK_IRQS_OFF(), in ashlar/sync/irqflags.h.
 *
 * Not checked: NMI and machine-check handlers, and what holds a lock of the innermost class, which is not
 * recorded (lock_class.h). A release build has no checks and no code for them; those of a checked build are
 * in kernel64/sync/lock_order.c.
 */
#include <ashlar/sync/lock_class.h>

enum context_use {
    CONTEXT_ALLOCATES,
    CONTEXT_FREES_FRAMES,
    CONTEXT_CALLS,
    CONTEXT_SLEEPS,
    CONTEXT_HOLDS_NO_LOCK,
    CONTEXT_USES
};

#if defined(ASHLAR_CHECKED) && !defined(LOCK_ORDER_UNCHECKED)

/**
 * context_check() - panic if what this CPU is about to do is forbidden where it is.
 * @use: what it is about to do.
 *
 * Context: any but NMI.
 */
void context_check(enum context_use use);

extern const struct lock_kind context_called; /* the kind of a called function's entry */

/* Begins a called function. Context: interrupts masked. */
static inline void context_enter_call(void)
{
    lock_order_acquire(&context_called, &context_called, false);
}

/* Ends it. Context: interrupts masked. */
static inline void context_leave_call(void)
{
    lock_order_release(&context_called, &context_called);
}

#else

/* Without checks. Context of all: any. */
static inline void context_check(enum context_use use)
{
    (void)use;
}

static inline void context_enter_call(void)
{
}

static inline void context_leave_call(void)
{
}

#endif

#define CHECK_MAY_ALLOCATE()    context_check(CONTEXT_ALLOCATES)
#define CHECK_MAY_FREE_FRAMES() context_check(CONTEXT_FREES_FRAMES)
#define CHECK_MAY_CALL()        context_check(CONTEXT_CALLS)
#define CHECK_MAY_SLEEP()       context_check(CONTEXT_SLEEPS)
#define CHECK_NO_LOCK()         context_check(CONTEXT_HOLDS_NO_LOCK)
