/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The queue of a spinlock (Mellor-Crummey and Scott, 1991).
 *
 * Who waits looks at a node of its own and not at the lock, so a lock that is handed on costs the same
 * however many wait. A CPU is in the queue of one lock at a time, and of one more in whatever runs while it
 * waits: in what it serves there, in the console that reports the wait. So each has LEVELS nodes; the lock's
 * tail and a node's `next` name a CPU and a level.
 *
 *     free            owner 0, tail 0   taken by spin_take_free()
 *     held            owner a, tail 0   given back by a store of 0 to owner
 *     held, waited    owner a, tail b   likewise
 *     handed over     owner 0, tail b   only the first of the queue may take it, so nobody gets past those
 *                                       who wait
 *
 * Who joins swaps itself in for the tail, and tells the one that was the tail before. The first of the queue
 * waits for the owner to become 0, and takes the lock: if it is the tail, owner and tail in one exchange,
 * which ends the queue; else only the owner, and makes the next one the first.
 *
 * Where a hypervisor may halt a CPU, all behind it in a queue wait for it, too: such a lock is unfair, and
 * its waiters look at its word (docs/decisions/0006-unfair-locks-under-a-hypervisor.md).
 *
 * The orders, each with what it pairs with:
 *
 *     owner = 0               release   the acquire of who takes it, here or in spin_take_free(): what the
 *                                       lock guards
 *     tail swapped            acq_rel   itself: a node is ready before the one that comes next finds it
 *     before->next = me       release   the acquire of its reader: is_first was cleared before that one sets
 *                                       it
 *     owner = me              relaxed   ordered by the next line
 *     next->is_first = true   release   the acquire of its reader: it sees that the lock has an owner again.
 *                                       Without it the next one could still find the 0 that made this one the
 *                                       owner.
 *     end of the queue        relaxed   nobody knows the node any more; the lock was acquired when its owner
 *                                       was seen to be 0
 *
 * That halves of a word are written apart which others exchange as a whole is sound on this architecture, if
 * not by C's words: docs/decisions/0005-half-a-lock-word.md. tests/models/spinlock.pml is this protocol,
 * tried in every order that its steps may take; that they come in an order at all is what the table above is
 * for.
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

/* Turns of a wait between two looks at the clock. */
#define CLOCK_EVERY 256

struct node {
    const struct spinlock *lock; /* this CPU only: what it waits for; NULL: the node is not in use */
    uint32_t next;               /* atomic, set by who came after us: its name */
    uint32_t is_first;           /* atomic, set by who was before us */
};
STATIC_ASSERT(sizeof(struct node) * LEVELS == 64, "a CPU's nodes are a cache line");

#ifdef ASHLAR_HOSTED
static struct node nodes[SPIN_THREADS_MAX][LEVELS];

/* Weak: a test may say which CPU a thread is. */
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

/* One turn of a wait. */
static inline void turn(struct backoff *backoff, void (*poll)(void), struct lock_wait *wait)
{
    if (poll)
        poll();
    if (UNLIKELY(backoff_spin(backoff) % CLOCK_EVERY == 0))
        lock_watch(wait);
}

/* Waits for what another CPU writes, to be 0 or to be anything else. Return: what it is then; acquired. */
static inline uint32_t wait_until(const uint32_t *place, bool is_zero, void (*poll)(void),
                                  struct lock_wait *wait)
{
    uint32_t value;
    struct backoff backoff = BACKOFF_INIT;
    while (((value = __atomic_load_n(place, __ATOMIC_ACQUIRE)) == 0) != is_zero)
        turn(&backoff, poll, wait);
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
    /* The one that came after us may not have told us its name yet. */
    uint32_t next = wait_until(&node->next, false, NULL, wait);
    __atomic_store_n(&node_of(next)->is_first, true, __ATOMIC_RELEASE);
}

/* Looks before it takes, because to try costs all others their copy of the line. */
static void wait_unfair(struct spinlock *lock, uint64_t owner, void (*poll)(void), struct lock_wait *wait)
{
    struct backoff backoff = BACKOFF_INIT;
    while (__atomic_load_n(&lock->word, __ATOMIC_RELAXED) != 0 || !spin_take_free(lock, owner))
        turn(&backoff, poll, wait);
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
    /* Deeper than anything should be is unfair, too. */
    if (!is_fair(lock->kind) || level == LEVELS) {
        wait_unfair(lock, owner, poll, &wait);
        return;
    }
    uint32_t name = (cpu + 1) << LEVEL_BITS | level;
    mine[level].lock = lock;
    join(lock, &mine[level], name, poll, &wait);
    wait.is_first = true;
    wait.began_ns = 0;
    wait_until(&lock->owner, true, poll, &wait);
    take(lock, &mine[level], name, owner, &wait);
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

/* ---- a wait that may end in vain ---- */

static bool is_worth_waiting(const struct spinlock *lock)
{
    return !spin_is_mine(lock) && !__atomic_load_n(&lock->kind->bound->is_stuck, __ATOMIC_RELAXED);
}

/* Unfair, and not in the queue, which cannot be left. */
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
        if (machine_ops.ticks() - began > bound->patience_ticks)
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
    /* The holder that others gave up on has released it. */
    __atomic_store_n(&lock->kind->bound->is_stuck, false, __ATOMIC_RELAXED);
    lock_order_acquire(lock, lock->kind, false);
    return true;
}
