/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frame caches: no frame is handed out twice and none is lost, though interrupt handlers and cross-calls use the stacks that
 * they interrupt; a CPU that finds no memory gets what an idle CPU caches; and no CPU waits for ever.
 *
 * faults: BROKEN_NO_RESTART BROKEN_UNPINNED_POP_WORD BROKEN_UNPINNED_PUSH_ALL BROKEN_UNLOCKED_TREE BROKEN_GIVES_FIRST
 * faults: BROKEN_LOSES_REST BROKEN_DRAINS_OTHERS BROKEN_CALLS_NO_CPU BROKEN_DEAF_WAIT BROKEN_CALLS_WITH_LOCK
 *
 * Stands for mm/frames/frame_cache.c, mm/frames/shrink.c and kernel64/smp/processors.c, on the sequences of
 * kernel64/vm/port/mm_port.h and kernel64/trap/restart.c
 *     pop, push            PORT_POP, PORT_PUSH, which restart when they were interrupted: restart_apply()
 *     take, give           buddy_take_frames(), buddy_give_frames(): under the buddy lock, with interrupts off
 *     drain_some           frame_cache_drain_some(): the frames of one word
 *     call                 the same in a cross-call, while interrupts are on there or that CPU polls
 *     shrink               shrink_memory() with processors_drain_frames()
 *     and pop_word, push_all, alloc_slow, free_slow
 *
 * Frames 1 and 2 are in one word of the buddy bitmap, 3 in another. Each may be anywhere at first. Each of two CPUs does one
 * operation, CPU 0 two; between any two of its steps a handler may run on CPU 0, VISITS times, and do any operation, but for
 * shrinking: an allocation that a handler makes in the middle of shrinking gets nothing. Whenever no CPU is in an
 * operation, each frame must be in one place.
 *
 * A step is atomic for all observers: what is pinned, and what is done under a lock once it is held. A handler and a called
 * function are a step of the code that they interrupt; they begin when the buddy lock is free, because waiting for it first
 * changes nothing. A slot that is popped is cleared, because it is not visible any more.
 */
#define CPUS     2
#define FRAMES   3
#define CAPACITY 2
#define VISITS   2

#define BIT(n)      (1 << (n))
#define ALL         (BIT(FRAMES + 1) - 2)
#define NONE        0
#define WORD_OF(n)  ((n) > 2)
#define FIRST_WORD  (BIT(1) | BIT(2))
#define SLOT(n, at) slots[(n) * (CAPACITY + 1) + (at)]
#define OTHER       (1 - me)

#define STEP atomic
#ifdef BROKEN_UNPINNED_POP_WORD
#define POP_WORD_PINNED
#else
#define POP_WORD_PINNED atomic
#endif
#ifdef BROKEN_UNPINNED_PUSH_ALL
#define PUSH_ALL_PINNED
#else
#define PUSH_ALL_PINNED atomic
#endif

byte slots[CPUS * (CAPACITY + 1)]; /* slot 0 of each stack is NONE */
byte top[CPUS];
bool is_cut[CPUS];                 /* something has interrupted the CPU since its sequence began */

/* Sets of frames. */
byte free;
byte in_use;

/* Holders, as CPU + 1. */
byte buddy_lock;
byte shrinking;
#ifdef BROKEN_CALLS_WITH_LOCK
byte outer_lock;
#endif

byte deaf[CPUS]; /* how many reasons there are not to take interrupts: no call and no handler runs */
bool is_ready;
byte busy;
byte ended;      /* CPUs, and the handler, that do nothing any more */

inline take_lowest(thing, set)
{
    thing = 1;
    do
    :: set & BIT(thing) -> break
    :: else -> thing++
    od;
    set = set & ~BIT(thing)
}

/* ---- the common path ---- */

#ifdef BROKEN_NO_RESTART
#define BEGINS_AGAIN false
#else
#define BEGINS_AGAIN is_cut[me]
#endif

inline pop()
{
    do
    :: STEP {
            is_cut[me] = false;
            at = top[me]
        }
        if
        :: BEGINS_AGAIN
        :: STEP { !BEGINS_AGAIN -> frame = SLOT(me, at) }
            if
            :: BEGINS_AGAIN && frame != NONE
            :: STEP {
                    frame == NONE ->
                    at = 0;
                    break
                }
            :: STEP {
                    !BEGINS_AGAIN && frame != NONE ->
                    top[me] = at - 1;
                    SLOT(me, at) = NONE;
                    at = 0;
                    break
                }
            fi
        fi
    od
}

inline push()
{
    do
    :: STEP {
            is_cut[me] = false;
            at = top[me]
        }
        if
        :: BEGINS_AGAIN
        :: STEP {
                !BEGINS_AGAIN && at == CAPACITY ->
                at = 0;
                break
            }
        :: STEP { !BEGINS_AGAIN && at < CAPACITY -> SLOT(me, at + 1) = frame }
            if
            :: BEGINS_AGAIN
            :: STEP {
                    !BEGINS_AGAIN ->
                    top[me] = at + 1;
                    frame = NONE;
                    at = 0;
                    break
                }
            fi
        fi
    od
}

/* ---- the buddy allocator ---- */

#ifdef BROKEN_UNLOCKED_TREE
#define LOCKED
inline lock_buddy()
{
    skip
}
inline unlock_buddy()
{
    skip
}
#else
#define LOCKED atomic
/* Its waiters do not poll. */
inline lock_buddy()
{
    deaf[me]++;
    STEP { buddy_lock == 0 -> buddy_lock = me + 1 }
}
inline unlock_buddy()
{
    buddy_lock = 0;
    deaf[me]--
}
#endif

/* What one word has. */
inline take()
{
    lock_buddy();
    LOCKED {
        if
        :: free & FIRST_WORD -> mask = free & FIRST_WORD
        :: else -> mask = free & ~FIRST_WORD
        fi;
        free = free & ~mask;
        unlock_buddy()
    }
}

inline give()
{
    lock_buddy();
    LOCKED {
        assert(!(free & mask));
        free = free | mask;
        mask = 0;
        unlock_buddy()
    }
}

/* ---- the stacks ---- */

/* Those of one word, from the top of CPU @n's stack, until @keep are left. */
inline pop_word(n, keep)
{
    POP_WORD_PINNED {
        at = top[n];
        mask = 0;
        do
        :: at > keep && (mask == 0 || WORD_OF(SLOT(n, at)) == WORD_OF(SLOT(n, top[n]))) ->
            mask = mask | BIT(SLOT(n, at));
            at--
        :: else -> break
        od;
        do
        :: top[n] > at ->
            SLOT(n, top[n]) = NONE;
            top[n]--
        :: else -> break
        od;
        at = 0
    }
}

inline push_all()
{
    PUSH_ALL_PINNED {
        at = top[me];
        do
        :: mask != 0 && at < CAPACITY ->
            at++;
            take_lowest(SLOT(me, at), mask)
        :: else -> break
        od;
        top[me] = at;
        at = 0
    }
    if
    :: mask != 0 ->
#ifdef BROKEN_LOSES_REST
        mask = 0
#else
        give()
#endif
    :: else
    fi
}

inline drain_some()
{
#ifdef BROKEN_GIVES_FIRST
    /* The frames are free before they are off the stack. */
    mask = (top[me] > 0 -> BIT(SLOT(me, top[me])) : 0);
    if
    :: mask != 0 ->
        give();
        STEP {
            if
            :: top[me] > 0 ->
                SLOT(me, top[me]) = NONE;
                top[me]--
            :: else
            fi
        }
    :: else
    fi
#else
    pop_word(me, 0);
    if
    :: mask != 0 -> give()
    :: else
    fi
#endif
}

/* ---- shrinking ---- */

#ifdef BROKEN_DRAINS_OTHERS
#define CAN_BE_CALLED true
#define CUT
#else
#define CAN_BE_CALLED (deaf[OTHER] == 0 && buddy_lock == 0)
#define CUT is_cut[OTHER] = true
#endif

/* The called CPU does this; it gives back under the buddy lock. */
inline call()
{
    STEP {
        CAN_BE_CALLED ->
        CUT;
        pop_word(OTHER, 0);
        given = given | mask;
        assert(!(free & mask));
        free = free | mask;
        mask = 0
    }
}

#ifdef BROKEN_DEAF_WAIT
#define BEGIN_WAIT deaf[me]++
#define END_WAIT   deaf[me]--
#else
#define BEGIN_WAIT skip
#define END_WAIT   skip
#endif

inline shrink()
{
    BEGIN_WAIT;
    STEP {
        shrinking == 0 ->
        shrinking = me + 1;
        END_WAIT
    }
#ifndef BROKEN_CALLS_NO_CPU
    call();
#endif
    pop_word(me, 0);
    if
    :: mask != 0 ->
        given = given | mask;
        give()
    :: else
    fi;
    shrinking = 0
}

/* ---- the slow halves ---- */

/* @may_shrink: not in a handler. */
inline alloc_slow(may_shrink)
{
    take();
    do
    :: mask != 0 ->
        STEP {
            take_lowest(frame, mask);
            given = 0
        }
        push_all();
        break
    :: mask == 0 && may_shrink ->
        given = 0;
        shrink();
        if
        :: given == 0 -> break
        :: given != 0 ->
            drain_some();
            take()
        fi
    :: mask == 0 && !may_shrink -> break
    od
}

inline free_slow()
{
    pop_word(me, 1);
    if
    :: mask != 0 -> give()
    :: else
    fi;
    STEP {
        mask = BIT(frame);
        frame = NONE
    }
    push_all()
}

/* ---- is everything there? ---- */

inline see(n, place)
{
    if
    :: top[n] >= place ->
        assert(!(seen & BIT(SLOT(n, place))));
        seen = seen | BIT(SLOT(n, place))
    :: else
    fi
}

inline look_at_all()
{
    assert(!(free & in_use));
    seen = free | in_use;
    see(0, 1);
    see(0, 2);
    see(1, 1);
    see(1, 2);
    assert(seen == ALL);
    seen = 0
}

inline begin()
{
    busy++;
    if
    :: skip
    :: in_use != 0 -> take_lowest(frame, in_use)
    fi
}

inline finish()
{
    if
    :: frame != NONE ->
        assert(!(in_use & BIT(frame)));
        in_use = in_use | BIT(frame);
        frame = NONE
    :: else
    fi;
    busy--;
    if
    :: busy == 0 -> look_at_all()
    :: else
    fi
}

/* ---- the CPUs ---- */

inline allocate(may_shrink)
{
    pop();
    if
    :: frame == NONE -> alloc_slow(may_shrink)
    :: else
    fi
}

inline release()
{
    push();
    if
    :: frame != NONE -> free_slow()
    :: else
    fi
}

inline operate()
{
    STEP { begin() }
#ifdef BROKEN_CALLS_WITH_LOCK
    deaf[me]++;
    STEP { outer_lock == 0 -> outer_lock = me + 1 }
#endif
    if
    :: frame == NONE ->
        others_rest = (ended == CPUS);
        allocate(true);
        /* Memory is refused only if there is none, had others only rested. */
        STEP {
            assert(frame != NONE || !others_rest || free == 0 && top[0] == 0 && top[1] == 0);
            others_rest = false
        }
    :: frame == NONE -> drain_some()
    :: frame != NONE -> release()
    fi;
#ifdef BROKEN_CALLS_WITH_LOCK
    STEP {
        outer_lock = 0;
        deaf[me]--
    }
#endif
    STEP { finish() }
}

active [CPUS] proctype code()
{
    byte me = _pid, frame, at, mask, given, seen;
    bool others_rest;
    is_ready;
    operate();
    if
    :: me == 0 -> operate()
    :: else
    fi;
    ended++
}

active proctype handler()
{
    byte me, frame, at, mask, given, seen, visits;
    do
    :: STEP {
            is_ready && deaf[me] == 0 && buddy_lock == 0 && visits < VISITS ->
            visits++;
            begin();
            if
            :: frame == NONE -> allocate(false)
            :: frame != NONE -> release()
            fi;
            finish();
            is_cut[me] = true
        }
    :: ended++;
        break
    od
}

/* Each frame is in any place where it may be. */
init
{
    byte frame = 1;
    atomic {
        do
        :: frame <= FRAMES ->
            if
            :: free = free | BIT(frame)
            :: in_use = in_use | BIT(frame)
            :: top[0] < CAPACITY ->
                top[0]++;
                SLOT(0, top[0]) = frame
            :: top[1] < CAPACITY ->
                top[1]++;
                SLOT(1, top[1]) = frame
            fi;
            frame++
        :: else -> break
        od;
        frame = 0;
        is_ready = true
    }
}
