/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The locks that each CPU holds, in checked builds, and the check that it takes them in the order of the
 * table in ashlar/sync/lock_class.h, and does with them held only what ashlar/sync/context.h allows.
 *
 * A CPU has a stack of the locks that it holds or waits for, each with the return addresses of the code that
 * took it. Only the CPU itself touches its stack, and only with interrupts masked, so it needs no lock; an
 * NMI or a machine check pushes and pops in a balanced way above the interrupted code's entries. The count is
 * written before the entry, so that an NMI between the two does not overwrite the entry; an entry that is not
 * written yet is empty (kind NULL).
 *
 * A lock counts as held from before the wait for it. If it were noted after the wait, only an inversion that
 * deadlocks would be found; and cross-calls that a CPU polls while it waits in a queue delay all later
 * waiters, as if it held the lock.
 */
#include <ashlar/sync/context.h>

#include <ashlar/sync/irqflags.h>

#include <sync/lock_report.h>
#ifndef ASHLAR_HOSTED
#include <cpu/percpu.h>
#endif

#if defined(ASHLAR_CHECKED) && !defined(LOCK_ORDER_UNCHECKED)

/* More than any path nests. */
#define HELD_MAX 16

#define NESTING_(class, name, guards, nesting) [class] = nesting,
static const uint8_t nesting_of[LOCK_CLASS_COUNT] = { LOCK_CLASSES(NESTING_) };
#undef NESTING_

struct held_stack {
    uint32_t count;
    struct lock_held entries[HELD_MAX + 1]; /* the last is only reported, never held */
};

#ifdef ASHLAR_HOSTED
static __thread struct held_stack held_stack;

static ALWAYS_INLINE struct held_stack *my_stack(void)
{
    return &held_stack;
}
#else
static PERCPU(struct held_stack, held_stack);

static ALWAYS_INLINE struct held_stack *my_stack(void)
{
    return PERCPU_OF(*(__seg_gs unsigned int *)(uintptr_t)&percpu_cpu_number, held_stack);
}
#endif

static bool is_stopped; /* atomic */

void lock_order_stop(void)
{
    __atomic_store_n(&is_stopped, true, __ATOMIC_RELAXED);
}

static ALWAYS_INLINE bool is_checking(void)
{
    return LIKELY(!__atomic_load_n(&is_stopped, __ATOMIC_RELAXED));
}

/* ---- the call stack ---- */

/* A caller's frame is above, at most this far. */
#define FRAME_MOST 4096

struct frame_head {
    const struct frame_head *caller;
    void *return_address;
};

/* Follows the frame pointers, which checked builds keep. Hosted there may be none: then only the first
 * address.
 */
static ALWAYS_INLINE void note_stack(uintptr_t stack[LOCK_STACK_DEPTH])
{
    const struct frame_head *frame = __builtin_frame_address(0);
    unsigned int depth = 0;
    stack[depth++] = (uintptr_t)__builtin_return_address(0);
#ifndef ASHLAR_HOSTED
    for (; depth < LOCK_STACK_DEPTH; depth++) {
        uintptr_t here = (uintptr_t)frame, next = (uintptr_t)frame->caller;
        if (next <= here || next - here > FRAME_MOST || next % sizeof(uintptr_t) != 0)
            break;
        frame = frame->caller;
        stack[depth] = (uintptr_t)frame->return_address;
    }
#else
    (void)frame;
#endif
    if (depth < LOCK_STACK_DEPTH)
        stack[depth] = 0;
}

/* ---- the order ---- */

static bool may_follow(const struct lock_held *taken, const struct lock_held *held)
{
    if (held->kind->class != taken->kind->class)
        return held->kind->class < taken->kind->class;
    return nesting_of[held->kind->class] == LOCK_NESTS_BY_ADDRESS &&
           (uintptr_t)held->lock < (uintptr_t)taken->lock;
}

/*
 * @taken: the last of the entries, or not an entry. It is removed from the stack before a panic.
 *
 * A cross-call that is polled in the wait for a lock, and takes this lock, is found here even when the lock
 * has become free meanwhile; spinlock.c finds it only when it has to wait.
 */
static ALWAYS_INLINE void check(struct held_stack *mine, const struct lock_held *taken)
{
    for (uint32_t i = mine->count; i-- > 0;) {
        const struct lock_held *held = &mine->entries[i];
        if (LIKELY(held == taken || !held->kind || may_follow(taken, held)))
            continue;
        if (taken == &mine->entries[mine->count - 1])
            mine->count--;
        lock_panic_order(held, taken);
    }
}

NOINLINE void lock_order_acquire(const void *lock, const struct lock_kind *kind, bool waits)
{
    if ((kind && kind->class == LOCK_INNERMOST) || !is_checking())
        return;
    struct held_stack *mine = my_stack();
    struct lock_held *taken = &mine->entries[mine->count++];
    __atomic_signal_fence(__ATOMIC_SEQ_CST); /* an NMI on this CPU */
    taken->lock = lock;
    note_stack(taken->stack);
    taken->kind = kind;
    if (UNLIKELY(!kind || mine->count > HELD_MAX)) {
        mine->count--;
        lock_panic_order(kind ? taken - 1 : NULL, taken);
    }
    if (waits)
        check(mine, taken);
}

/* Usually the lock that was taken last. */
void lock_order_release(const void *lock, const struct lock_kind *kind)
{
    if (kind->class == LOCK_INNERMOST || !is_checking())
        return;
    struct held_stack *mine = my_stack();
    uint32_t at = mine->count;
    while (at > 0 && mine->entries[at - 1].lock != lock)
        at--;
    /* Taken while checks were off, as in a test that ended in a report. */
    if (at == 0)
        return;
    for (; UNLIKELY(at < mine->count); at++)
        mine->entries[at - 1] = mine->entries[at];
    mine->entries[mine->count - 1].kind = NULL;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    mine->count--;
}

#ifndef ASHLAR_HOSTED
/* Relaxed: a snapshot of a CPU that continues meanwhile. Kinds and code stay where they are. */
bool lock_held_by(unsigned int cpu, unsigned int index, struct lock_held *entry)
{
    const struct held_stack *stack = PERCPU_OF(cpu, held_stack);
    if (index >= HELD_MAX || index >= __atomic_load_n(&stack->count, __ATOMIC_RELAXED))
        return false;
    const struct lock_held *from = &stack->entries[index];
    entry->lock = __atomic_load_n(&from->lock, __ATOMIC_RELAXED);
    entry->kind = __atomic_load_n(&from->kind, __ATOMIC_RELAXED);
    for (unsigned int i = 0; i < LOCK_STACK_DEPTH; i++)
        entry->stack[i] = __atomic_load_n(&from->stack[i], __ATOMIC_RELAXED);
    return true;
}
#endif

/* ---- the context ---- */

const struct lock_kind context_called = { .name = "cross-call", .class = LOCK_CALLED };

static bool permits(const struct lock_kind *kind, enum context_use use)
{
    switch (use) {
    case CONTEXT_ALLOCATES:
        return kind->polls_calls && kind->class < LOCK_SHRINK;
    case CONTEXT_FREES_FRAMES:
        return kind->class < LOCK_BUDDY;
    case CONTEXT_CALLS:
        return kind->polls_calls;
    default:
        return false;
    }
}

NOINLINE void context_check(enum context_use use)
{
    struct lock_held here = { .lock = NULL };
#ifndef ASHLAR_HOSTED
    /* Then no lock is held, and this code may be moved to another CPU. Hosted, locks need not mask. */
    if (LIKELY(local_irq_is_enabled()))
        return;
#endif
    const struct held_stack *mine = my_stack();
    if (!is_checking())
        return;
    note_stack(here.stack);
    for (uint32_t i = mine->count; i-- > 0;)
        if (mine->entries[i].kind && !permits(mine->entries[i].kind, use))
            lock_panic_context(use, &mine->entries[i], &here);
    if (use == CONTEXT_SLEEPS && !local_irq_is_enabled())
        lock_panic_context(use, NULL, &here);
}

#endif
