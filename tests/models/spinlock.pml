/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The queued spinlock: one CPU holds it at a time, all get it in the order in which they joined the queue, no CPU overtakes
 * the queue, and none waits for ever.
 *
 * faults: BROKEN_SPLIT_SWAP BROKEN_SPLIT_END BROKEN_NO_END BROKEN_UNLINKED BROKEN_EARLY_HAND_OVER BROKEN_NO_HAND_OVER
 * faults: BROKEN_BARGING BROKEN_STALE_NEXT BROKEN_STALE_FIRST BROKEN_WHOLE_UNLOCK BROKEN_NO_OWNER_WAIT
 *
 * Stands for
 *     take_free    spin_take_free() of include/ashlar/sync/spinlock.h: acquire; also what wait_unfair() of sync/spinlock.c
 *                  tries again and again
 *     unlock       spin_unlock() there: a release store to the owner's half alone
 *     join         join() of sync/spinlock.c: the swap acquires and releases, before->next releases, is_first is acquired
 *     take         spin_wait_for()'s wait for the owner, acquired; and take(): owner relaxed, is_first released
 *
 * The lock's word is owner and tail; what is done to both at once, by a locked instruction, is an atomic here, and each store
 * to a half is a step of its own. A CPU has one node, because the level of a wait matters to that CPU only. Each CPU has
 * the lock ROUNDS times, so that nodes are reused while others may still access them, and calls spin_trylock() once.
 *
 * The memory orders make other CPUs see the steps in program order; sync/spinlock.c says which order is needed where.
 */
#define CPUS   3
#define ROUNDS 2

byte owner, tail;         /* a CPU's number plus 1, or 0 */
byte next[CPUS + 1];      /* a node has its CPU's number plus 1, too */
bool is_first[CPUS + 1];

/* ---- what is observed ---- */

byte inside;              /* CPUs that hold the lock */
byte joined, handed_over;      /* CPUs that have joined the queue, and that got the lock from there */

inline enter()
{
    atomic {
        assert(inside == 0);
        inside++
    }
}

inline leave()
{
    inside--
}

/* ---- the lock ---- */

inline take_free()
{
    atomic {
        if
#ifdef BROKEN_BARGING
        :: owner == 0 ->
#else
        :: owner == 0 && tail == 0 ->
#endif
            owner = me;
            is_mine = true;
            assert(joined == handed_over)
        :: else
        fi
    }
}

inline swap_tail()
{
#ifdef BROKEN_SPLIT_SWAP
    before = tail;
#endif
    atomic {
#ifndef BROKEN_SPLIT_SWAP
        before = tail;
#endif
        tail = me;
        place = joined;
        joined++
    }
}

inline join()
{
#ifndef BROKEN_STALE_NEXT
    next[me] = 0;
#endif
#ifndef BROKEN_STALE_FIRST
    is_first[me] = false;
#endif
    swap_tail();
    if
    :: before != 0 ->
#ifndef BROKEN_UNLINKED
        next[before] = me;
#endif
        before = 0;
        is_first[me]
    :: else
    fi
}

inline end_queue()
{
#ifdef BROKEN_SPLIT_END
    is_mine = tail == me;
#endif
    atomic {
#ifndef BROKEN_SPLIT_END
#ifndef BROKEN_NO_END
        is_mine = tail == me;
#endif
#endif
        if
        :: is_mine ->
            owner = me;
            tail = 0
        :: else
        fi
    }
}

inline take()
{
#ifndef BROKEN_NO_OWNER_WAIT
    owner == 0;
#endif
    end_queue();
    if
    :: !is_mine ->
#ifdef BROKEN_EARLY_HAND_OVER
        next[me] != 0;
        is_first[next[me]] = true;
        owner = me;
#else
        owner = me;
        next[me] != 0;
#ifndef BROKEN_NO_HAND_OVER
        is_first[next[me]] = true;
#endif
#endif
        is_mine = true
    :: else
    fi;
    atomic {
        assert(place == handed_over);
        place = 0;
        handed_over++
    }
}

inline unlock()
{
    is_mine = false;
#ifdef BROKEN_WHOLE_UNLOCK
    atomic {
        owner = 0;
        tail = 0
    }
#else
    owner = 0
#endif
}

proctype cpu(byte me)
{
    byte before, place, rounds;
    bool is_mine;
    do
    :: rounds < ROUNDS ->
        rounds++;
        take_free();
        if
        :: !is_mine ->
            join();
            take()
        :: else
        fi;
        enter();
        leave();
        unlock()
    :: else -> break
    od;
    /* spin_trylock() */
    take_free();
    if
    :: is_mine ->
        enter();
        leave();
        unlock()
    :: else
    fi
}

init
{
    atomic {
        run cpu(1);
        run cpu(2);
        run cpu(3)
    }
}
