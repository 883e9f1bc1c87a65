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
 * Where a hypervisor may halt a CPU, all behind it in a queue wait for it, too:
 * docs/decisions/0006-turns-under-a-hypervisor.md says who waits out of turn.
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
#include <ashlar/check.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/spinlock.h>

#include <sync/lock_report.h>
#ifndef ASHLAR_HOSTED
#include <cpu/percpu.h>
#endif

#define LEVEL_BITS 2
#define LEVELS     (1u << LEVEL_BITS)

/* A wait is long after so many turns, in which a lock is handed on a good many times. A long wait's turns
   grow by a pause each time it has been as long again, up to PAUSES_MAX, and then the clock is looked at,
   too. */
#define LONG_WAIT  256
#define PAUSES_MAX 16

struct node {
    const struct spinlock *lock; /* this CPU only: what it waits for; NULL: the node is not in use */
    uint32_t next;               /* atomic, set by who came after us: its name */
    uint32_t is_first;           /* atomic, set by who was before us */
};
STATIC_ASSERT(sizeof(struct node) * LEVELS == 64, "a CPU's nodes are a cache line");

#ifdef ASHLAR_HOSTED
static struct node nodes[SPIN_THREADS_MAX][LEVELS];

uint32_t spin_me(void)
{
    static uint32_t threads;
    static __thread uint32_t me;
    if (me == 0)
        me = __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
    if (me > SPIN_THREADS_MAX)
        __builtin_trap();
    return me;
}

static struct node *nodes_of(uint32_t cpu)
{
    return nodes[cpu];
}
#else
static PERCPU_ARRAY(struct node, nodes, LEVELS) ALIGNED(64);
STATIC_ASSERT(PERCPU_MAX < SPIN_WERE_ON >> LEVEL_BITS, "the name of a node fits into a tail");

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
            lock_panic_mine(lock, false, caller);
        level++;
    }
    return level;
}

static NOINLINE void turn_long(struct lock_wait *wait, uint32_t turns)
{
    for (uint32_t i = 0; i < turns / LONG_WAIT && i < PAUSES_MAX; i++)
        cpu_relax();
    if (turns % LONG_WAIT == 0)
        lock_watch(wait);
}

/* One turn of waiting. @turns: how many there were. Return: how many there are now. */
static inline uint32_t turn(uint32_t turns, void (*serve)(void), struct lock_wait *wait)
{
    if (serve)
        serve();
    cpu_relax();
    if (UNLIKELY(++turns >= LONG_WAIT))
        turn_long(wait, turns);
    return turns;
}

/* Waits for what another CPU writes, to be 0 or to be anything else. Return: what it is then; acquired. */
static inline uint32_t wait_until(const uint32_t *place, bool is_zero, void (*serve)(void),
                                  struct lock_wait *wait)
{
    uint32_t value, turns = 0;
    while (((value = __atomic_load_n(place, __ATOMIC_ACQUIRE)) == 0) != is_zero)
        turns = turn(turns, serve, wait);
    return value;
}

/* Return: when nobody is before us. */
static void join(struct spinlock *lock, struct node *node, uint32_t name, void (*serve)(void),
                 struct lock_wait *wait)
{
    __atomic_store_n(&node->next, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&node->is_first, false, __ATOMIC_RELAXED);
    uint32_t before = __atomic_exchange_n(&lock->tail, name, __ATOMIC_ACQ_REL);
    if (before == 0)
        return;
    __atomic_store_n(&node_of(before)->next, name, __ATOMIC_RELEASE);
    wait_until(&node->is_first, false, serve, wait);
}

/* The lock is free, and nobody is before us. */
static void take(struct spinlock *lock, struct node *node, uint32_t name, struct lock_wait *wait)
{
    uint64_t last = (uint64_t)name << 32;
    if (__atomic_compare_exchange_n(&lock->word, &last, spin_me(), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return;
    __atomic_store_n(&lock->owner, spin_me(), __ATOMIC_RELAXED);
    /* Who came after us may not have said so yet. */
    uint32_t next = wait_until(&node->next, false, NULL, wait);
    __atomic_store_n(&node_of(next)->is_first, true, __ATOMIC_RELEASE);
}

/* Looks before it takes, because to try costs all others their copy of the line. */
static void wait_out_of_turn(struct spinlock *lock, void (*serve)(void), struct lock_wait *wait)
{
    for (uint32_t turns = 0; __atomic_load_n(&lock->word, __ATOMIC_RELAXED) != 0 || !spin_take_free(lock);)
        turns = turn(turns, serve, wait);
}

void spin_wait_serving(struct spinlock *lock, bool in_turn, void (*serve)(void), const void *caller)
{
    struct lock_wait wait = { .lock = lock, .caller = caller };
    struct node *mine = nodes_of(spin_me() - 1);
    if (spin_is_mine(lock))
        lock_panic_mine(lock, true, caller);
    uint32_t level = find_level(mine, lock, caller);
    /* Deeper than anything should be is out of turn, too. */
    if (!in_turn || level == LEVELS) {
        wait_out_of_turn(lock, serve, &wait);
        return;
    }
    uint32_t name = spin_me() << LEVEL_BITS | level;
    mine[level].lock = lock;
    join(lock, &mine[level], name, serve, &wait);
    wait.is_first = true;
    wait.began_ns = 0;
    wait_until(&lock->owner, true, serve, &wait);
    take(lock, &mine[level], name, &wait);
    mine[level].lock = NULL;
}

void spin_wait(struct spinlock *lock)
{
    spin_wait_serving(lock, true, NULL, __builtin_return_address(0));
}
