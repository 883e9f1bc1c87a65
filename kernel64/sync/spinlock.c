/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The queue of a spinlock (Mellor-Crummey and Scott, 1991).
 *
 * A waiter polls its own node and not the lock, so a hand-over costs the same for any number of waiters. A
 * CPU waits for one lock at a time, and for another one in code that runs during that wait: in a cross-call
 * that it polls, in the console that reports the wait. So each CPU has LEVELS nodes; the lock's tail and a
 * node's `next` hold a CPU and a level.
 *
 *     free            owner 0, tail 0   taken by spin_take_free()
 *     held            owner a, tail 0   released by a store of 0 to owner
 *     held, waited    owner a, tail b   likewise
 *     handed over     owner 0, tail b   only the first of the queue may take it: no CPU overtakes the waiters
 *
 * A waiter that joins exchanges the tail for its node, and stores itself in the `next` of the previous tail.
 * The first of the queue waits until the owner is 0, and takes the lock: if it is the tail, it exchanges
 * owner and tail at once, which empties the queue; else it stores the owner, and makes the next waiter the
 * first.
 *
 * If a hypervisor may stop a CPU, all waiters after it in the queue are delayed: such a lock is unfair there,
 * and its waiters poll the lock word (docs/decisions/0006-unfair-locks-under-a-hypervisor.md). Such a waiter
 * uses a node only to name the lock that it waits for: a cross-call that it polls and that takes this lock is
 * a deadlock where the lock is fair, so it panics everywhere.
 *
 * The memory orders, each with its pair:
 *
 *     owner = 0               release   the acquire of the next owner, here or in spin_take_free(): the data
 *                                       that the lock guards
 *     tail exchanged          acq_rel   itself: a node is initialised before the next waiter finds it
 *     before->next = me       release   the acquire of its reader: is_first was cleared before the reader
 *                                       sets it
 *     owner = me              relaxed   ordered by the next line
 *     next->is_first = true   release   the acquire of its reader: it sees that the lock has an owner again.
 *                                       Otherwise the next waiter could still read the 0 that let this one
 *                                       take the lock.
 *     end of the queue        relaxed   no CPU refers to the node any more; the lock was acquired when its
 *                                       owner was read as 0
 *
 * Mixed-size atomics (halves of a word are written that other CPUs exchange as a whole) are outside C's
 * memory model, but sound on this architecture: docs/decisions/0005-half-a-lock-word.md.
 * tests/models/spinlock.pml explores this protocol in every interleaving, under sequential consistency; the
 * table above is for the memory orders.
 */
#define SPINLOCK_DEFINES
#include <ashlar/sync/spinlock.h>

#include <ashlar/sync/backoff.h>
#include <lib/machine_ops.h>
#include <sync/lock_report.h>
#ifndef ASHLAR_HOSTED
#include <cpu/percpu.h>
#endif

#define LEVEL_BITS 2
#define LEVELS     (1u << LEVEL_BITS)

/* Iterations of a wait between two reads of the clock. */
#define CLOCK_EVERY 256

struct node {
    const struct spinlock *lock; /* this CPU only: the lock it waits for; NULL: the node is not in use */
    uint32_t next;               /* atomic, set by the next waiter: its name */
    uint32_t is_first;           /* atomic, set by the previous waiter */
};
STATIC_ASSERT(sizeof(struct node) * LEVELS == 64, "a CPU's nodes are a cache line");

#ifdef ASHLAR_HOSTED
static struct node nodes[SPIN_THREADS_MAX][LEVELS];

/* Weak: a test may set the CPU of a thread. */
__attribute__((weak)) uint64_t spin_me(void)
{
    static uint32_t threads;
    static __thread uint32_t number; /* plus 1 */
    if (number == 0)
        number = __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
    if (number > SPIN_THREADS_MAX)
        __builtin_trap();
    return (uint64_t)(number - 1) << SPIN_CPU_SHIFT;
}

static struct node *nodes_of(uint32_t cpu)
{
    return nodes[cpu];
}
#else
static PERCPU_ARRAY(struct node, nodes, LEVELS) ALIGNED(64);
STATIC_ASSERT(PERCPU_MAX < 1u << (32 - SPIN_CPU_SHIFT), "a CPU's number fits into an owner");
STATIC_ASSERT(PERCPU_MAX < 1u << (32 - LEVEL_BITS), "the name of a node fits into a tail");

static struct node *nodes_of(uint32_t cpu)
{
    return PERCPU_ARRAY_OF(cpu, nodes);
}
#endif

/* A node's name: the number of its CPU plus 1, so that no name is 0, and its level. */
static struct node *node_of(uint32_t name)
{
    return &nodes_of((name >> LEVEL_BITS) - 1)[name % LEVELS];
}

/* Return: the level of a node that this CPU does not use; LEVELS when it uses all. */
static uint32_t find_level(const struct node *mine, const struct spinlock *lock, const void *caller)
{
    uint32_t level = 0;
    while (level < LEVELS && mine[level].lock) {
        if (mine[level].lock == lock)
            lock_panic_recursive(lock, false, caller);
        level++;
    }
    return level;
}

/* One iteration of a wait. */
static inline void spin_once(struct backoff *backoff, void (*poll)(void), struct lock_wait *wait)
{
    if (poll)
        poll();
    if (UNLIKELY(backoff_spin(backoff) % CLOCK_EVERY == 0))
        lock_watch(wait);
}

/* Waits until a word that another CPU writes is 0 (@is_zero) or is not. Return: its value; acquired. */
static inline uint32_t wait_until(const uint32_t *place, bool is_zero, void (*poll)(void),
                                  struct lock_wait *wait)
{
    uint32_t value;
    struct backoff backoff = BACKOFF_INIT;
    while (((value = __atomic_load_n(place, __ATOMIC_ACQUIRE)) == 0) != is_zero)
        spin_once(&backoff, poll, wait);
    return value;
}

/* Return: when no CPU is before us. */
static void join(struct spinlock *lock, struct node *node, uint32_t name, void (*poll)(void),
                 struct lock_wait *wait)
{
    __atomic_store_n(&node->next, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&node->is_first, false, __ATOMIC_RELAXED);
    uint32_t before = __atomic_exchange_n(&lock->tail, name, __ATOMIC_ACQ_REL);
    if (before == 0)
        return;
    __atomic_store_n(&node_of(before)->next, name, __ATOMIC_RELEASE);
    wait_until(&node->is_first, false, poll, wait);
}

/* The lock is free, and no CPU is before us. */
static void take(struct spinlock *lock, struct node *node, uint32_t name, uint64_t owner,
                 struct lock_wait *wait)
{
    uint64_t last = (uint64_t)name << 32;
    if (__atomic_compare_exchange_n(&lock->word, &last, owner, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return;
    __atomic_store_n(&lock->owner, (uint32_t)owner, __ATOMIC_RELAXED);
    /* The next waiter may not have stored its name yet. */
    uint32_t next = wait_until(&node->next, false, NULL, wait);
    __atomic_store_n(&node_of(next)->is_first, true, __ATOMIC_RELEASE);
}

/* Reads before it tries to take, because an attempt invalidates all other CPUs' copies of the line. */
static void wait_unfair(struct spinlock *lock, uint64_t owner, void (*poll)(void), struct lock_wait *wait)
{
    struct backoff backoff = BACKOFF_INIT;
    while (__atomic_load_n(&lock->word, __ATOMIC_RELAXED) != 0 || !spin_take_free(lock, owner))
        spin_once(&backoff, poll, wait);
}

static void wait_fair(struct spinlock *lock, struct node *node, uint32_t name, uint64_t owner,
                      void (*poll)(void), struct lock_wait *wait)
{
    join(lock, node, name, poll, wait);
    wait->is_first = true;
    wait->began_ns = 0;
    wait_until(&lock->owner, true, poll, wait);
    take(lock, node, name, owner, wait);
}

static bool is_fair(const struct lock_kind *kind)
{
    return kind->fairness == LOCK_FAIR || (kind->fairness == LOCK_UNFAIR_IN_GUEST && !machine_ops.is_guest);
}

void spin_wait_for(struct spinlock *lock, uint64_t owner, const void *caller)
{
    struct lock_wait wait = { .lock = lock, .caller = caller };
    void (*poll)(void) = lock->kind->polls_calls ? machine_ops.poll_calls : NULL;
    uint32_t cpu = (uint32_t)(owner >> SPIN_CPU_SHIFT);
    struct node *mine = nodes_of(cpu);
    if (spin_is_mine(lock))
        lock_panic_recursive(lock, true, caller);
    uint32_t level = find_level(mine, lock, caller);
    /* Without a free node the wait is unfair, too, and a recursion in it is not found. */
    if (level == LEVELS) {
        wait_unfair(lock, owner, poll, &wait);
        return;
    }
    mine[level].lock = lock;
    if (is_fair(lock->kind))
        wait_fair(lock, &mine[level], (cpu + 1) << LEVEL_BITS | level, owner, poll, &wait);
    else
        wait_unfair(lock, owner, poll, &wait);
    mine[level].lock = NULL;
}

void spin_wait(struct spinlock *lock, uint64_t owner)
{
    spin_wait_for(lock, owner, __builtin_return_address(0));
}

void spin_lock_called(struct spinlock *lock)
{
    uint64_t owner = spin_owner_word(local_irq_save());
    lock_order_acquire(lock, lock->kind, true);
    if (UNLIKELY(!spin_take_free(lock, owner)))
        spin_wait_for(lock, owner, __builtin_return_address(0));
}

bool spin_trylock_called(struct spinlock *lock)
{
    return spin_trylock(lock);
}

void spin_unlock_called(struct spinlock *lock)
{
    spin_unlock(lock);
}

/* ---- a bounded wait ---- */

static bool is_worth_waiting(const struct spinlock *lock)
{
    return !spin_is_mine(lock) && !__atomic_load_n(&lock->kind->bound->is_stuck, __ATOMIC_RELAXED);
}

/* Unfair, because a waiter cannot leave the queue. */
static bool wait_bounded(struct spinlock *lock, uint64_t owner)
{
    struct lock_bound *bound = lock->kind->bound;
    uint64_t began = machine_ops.ticks();
    uint32_t seen = __atomic_load_n(&bound->progress, __ATOMIC_RELAXED);
    while (is_worth_waiting(lock)) {
        uint32_t now = __atomic_load_n(&bound->progress, __ATOMIC_RELAXED);
        if (now != seen)
            began = machine_ops.ticks();
        seen = now;
        if (machine_ops.ticks() - began > bound->timeout_ticks)
            __atomic_store_n(&bound->is_stuck, true, __ATOMIC_RELAXED);
        cpu_relax();
        if (spin_take_free(lock, owner))
            return true;
    }
    return false;
}

bool spin_lock_or_give_up(struct spinlock *lock)
{
    irq_flags_t flags = local_irq_save();
    uint64_t owner = spin_owner_word(flags);
    if (!spin_take_free(lock, owner) && !wait_bounded(lock, owner)) {
        local_irq_restore(flags);
        return false;
    }
    /* The holder for which another CPU's wait timed out has released it. */
    __atomic_store_n(&lock->kind->bound->is_stuck, false, __ATOMIC_RELAXED);
    lock_order_acquire(lock, lock->kind, false);
    return true;
}
