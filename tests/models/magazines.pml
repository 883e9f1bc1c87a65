/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Magazines: no object is handed out twice and none is lost, nor is a magazine, though interrupt handlers use the stacks
 * that they interrupt.
 *
 * faults: BROKEN_NO_RESTART BROKEN_UNPINNED_INSERT BROKEN_UNPINNED_SWAP BROKEN_UNLOCKED_DEPOT BROKEN_DRAINS_OTHERS
 * faults: BROKEN_UNCOUNTED BROKEN_KEEPS_PREVIOUS BROKEN_REFUSES_FULL BROKEN_UNLOCKED_GIVING_UP
 *
 * Stands for mm/slab/magazine.c and mm/slab/depot.c, on the sequences of kernel64/vm/port/mm_port.h and kernel64/trap/restart.c
 *     pop, push          PORT_POP, PORT_PUSH, which restart when they were interrupted: restart_apply()
 *     exchange, put      depot_exchange(), depot_put()
 *     exchange_full      depot_exchange() with DEPOT_EMPTIED, which may return the magazine it was given, with room
 *     give_up            depot_put_unneeded(), also in a call from another CPU
 *     and unload, load, swap, insert, take_previous, pop_previous, fill, alloc_last_resort, alloc_by_magazine, free_by_magazine
 *
 * After any number of undisturbed operations one is disturbed: between any two of its steps a handler may run and do any
 * operation, and so may another CPU, VISITS times each. Whenever no CPU has anything in hand, everything must be in one
 * place. (With operations disturbed for ever there are more than 20 million states.)
 *
 * Operations: allocate, free any allocated object, give up all cached ones. Of another CPU there is what the depot sees: it
 * takes a magazine, uses what is in it, fills it with what is in use or trims it, and gives it back.
 *
 * A step is atomic for all observers: what is pinned, what is done under the depot's lock, whose holder has
 * interrupts off, and what is done with things in hand. A handler is a step of the code that it interrupts. Of a set of
 * alike things the lowest is taken, which hides nothing as they are alike; a slot above the top is cleared, because
 * it is not visible there. Whether the depot wants a magazine is left open each time.
 */
#define OBJECTS   3
#define MAGAZINES 3
#define CAPACITY  1
#define VISITS    2

#define BIT(n)    (1 << (n))
#define ALL(n)    (BIT((n) + 1) - 2) /* bits 1 to n */

#define NONE           0
#define NOTHING        0 /* empty_magazine, which is empty and full at once */
#define SLOT(m, n)     ((m) * (CAPACITY + 1) + (n))
#define CAPACITY_OF(m) ((m) == NOTHING -> 0 : CAPACITY)

#define STEP   atomic
#define ONE    skip; d_step /* the same without a choice, and searched sooner; spin cannot jump to a d_step */
#define PINNED atomic
#define LOCKED atomic
#ifdef BROKEN_UNPINNED_INSERT
#define INSERT_PINNED
#else
#define INSERT_PINNED atomic
#endif
#ifdef BROKEN_UNPINNED_SWAP
#define SWAP_PINNED
#else
#define SWAP_PINNED atomic
#endif
#ifdef BROKEN_UNLOCKED_DEPOT
#undef LOCKED
#define LOCKED
#endif

byte slots[(MAGAZINES + 1) * (CAPACITY + 1)]; /* slot 0 of each magazine is NONE */
byte count[MAGAZINES + 1];                    /* valid when it is not loaded */
byte next[MAGAZINES + 1];

/* The CPU's; slots by their places in slots[]. */
byte top;
byte limit;
byte loaded;
byte previous;

/* The depot's lists. */
byte filled;
byte emptied;

/* Sets. */
byte in_slabs = ALL(OBJECTS);
byte in_use;
byte unused = ALL(MAGAZINES); /* magazines */

bool is_disturbed;
bool is_cut; /* the handler has run since the sequence began */
byte busy;   /* how many are in the middle of an operation */

inline take_lowest(thing, set)
{
    thing = 0;
    if
    :: set != 0 ->
        do
        :: set & BIT(thing) -> break
        :: else -> thing++
        od;
        set = set & ~BIT(thing)
    :: else
    fi
}

/* ---- the common path ---- */

#ifdef BROKEN_NO_RESTART
#define BEGINS_AGAIN false
#else
#define BEGINS_AGAIN is_cut
#endif

/* The first of these reads the top, the last one is the commit. */
inline pop()
{
    do
    :: STEP {
            is_cut = false;
            at = top
        }
        if
        :: BEGINS_AGAIN
        :: STEP { !BEGINS_AGAIN -> object = slots[at] }
            if
            :: BEGINS_AGAIN && object != NONE
            :: STEP {
                    object == NONE ->
                    at = 0;
                    break
                }
            :: STEP {
                    !BEGINS_AGAIN && object != NONE ->
                    top = at - 1;
                    slots[at] = NONE;
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
            is_cut = false;
            at = top
        }
        if
        :: BEGINS_AGAIN
        :: STEP {
                !BEGINS_AGAIN && at >= limit ->
                at = 0;
                break
            }
        :: STEP { !BEGINS_AGAIN && at < limit -> slots[at + 1] = object }
            if
            :: BEGINS_AGAIN
            :: STEP {
                    !BEGINS_AGAIN ->
                    top = at + 1;
                    object = NONE;
                    at = 0;
                    break
                }
            fi
        fi
    od
}

/* ---- magazines in hand ---- */

inline pop_taken(thing)
{
    ONE {
        thing = slots[SLOT(taken, count[taken])];
        slots[SLOT(taken, count[taken])] = NONE;
        count[taken]--
    }
}

inline fill_from(set)
{
    ONE {
        do
        :: set != 0 && count[taken] < CAPACITY ->
            count[taken]++;
            take_lowest(slots[SLOT(taken, count[taken])], set)
        :: else -> break
        od
    }
}

/* Some of its objects go back to their slabs. */
inline trim(magazine)
{
    ONE {
        in_slabs = in_slabs | BIT(slots[SLOT(magazine, count[magazine])]);
        slots[SLOT(magazine, count[magazine])] = NONE;
        count[magazine]--
    }
}

/* Its objects go back to their slabs. */
inline give_back(magazine)
{
    ONE {
        do
        :: count[magazine] > 0 ->
            in_slabs = in_slabs | BIT(slots[SLOT(magazine, count[magazine])]);
            slots[SLOT(magazine, count[magazine])] = NONE;
            count[magazine]--
        :: else -> break
        od;
        unused = (unused | BIT(magazine)) & ~BIT(NOTHING);
        magazine = NOTHING
    }
}

/* ---- the depot ---- */

inline push_locked(list, magazine)
{
    next[magazine] = list;
    list = magazine;
    magazine = NOTHING
}

inline pop_locked(list)
{
    taken = list;
    list = next[taken];
    next[taken] = NOTHING
}

inline give()
{
    if
    :: given != NOTHING && count[given] != 0 -> push_locked(filled, given)
    :: given != NOTHING && count[given] == 0 -> push_locked(emptied, given)
    :: give_back(given) /* the depot does not need it, or there is none */
    fi
}

inline exchange(list)
{
    LOCKED {
        pop_locked(list);
        give()
    }
}

inline exchange_full()
{
    LOCKED {
        if
        :: pop_locked(emptied);
            give()
        :: given != NOTHING && count[given] != 0 ->
            taken = given;
            given = NOTHING
        fi
    }
#ifndef BROKEN_REFUSES_FULL
    STEP {
        if
        :: count[taken] != 0 -> trim(taken)
        :: count[taken] == 0
        fi
    }
#endif
}

inline put()
{
    LOCKED { give() }
}

/* ---- the CPU's two magazines ---- */

inline unload()
{
#ifndef BROKEN_UNCOUNTED
    count[loaded] = top - SLOT(loaded, 0)
#else
    skip
#endif
}

inline load(magazine)
{
    loaded = magazine;
    top = SLOT(magazine, count[magazine]);
    limit = SLOT(magazine, CAPACITY_OF(magazine))
}

inline swap()
{
    unload();
    at = loaded;
    load(previous);
    previous = at;
    at = 0
}

inline pop_previous()
{
    SWAP_PINNED {
        swap();
        object = slots[top];
        if
        :: object != NONE ->
            slots[top] = NONE;
            top--
        :: else
        fi
    }
}

inline take_previous()
{
    PINNED {
        if
        :: loaded != NOTHING ->
            given = previous;
#ifndef BROKEN_KEEPS_PREVIOUS
            previous = NOTHING
#endif
        :: else
        fi
    }
}

/* What was taken comes before the loaded one if that is used up, or in the place of nothing; what has no place is to be given. */
inline insert(used_up)
{
    INSERT_PINNED {
        unload();
        if
        :: loaded != NOTHING && count[loaded] == used_up ->
            given = previous;
            previous = loaded;
            load(taken)
        :: loaded == NOTHING -> load(taken)
        :: loaded != NOTHING && count[loaded] != used_up -> given = taken
        fi;
        taken = NOTHING
    }
}

/* ---- the slow halves ---- */

inline fill()
{
    LOCKED {
        pop_locked(emptied);
        if
        :: taken == NOTHING -> take_lowest(taken, unused)
        :: else
        fi
    }
    STEP {
        if
        :: taken != NOTHING -> fill_from(in_slabs)
        :: else
        fi;
        if
        :: count[taken] == 0 -> give_back(taken)
        :: else
        fi
    }
}

inline alloc_last_resort()
{
    LOCKED { pop_locked(filled) }
    if
    :: STEP {
            taken != NOTHING ->
            pop_taken(object);
            given = taken;
            taken = NOTHING
        }
        put()
    :: STEP { taken == NOTHING -> take_lowest(object, in_slabs) }
    fi
}

inline alloc_by_magazine()
{
    pop_previous();
    if
    :: object != NONE
    :: else ->
        take_previous();
        exchange(filled);
        if
        :: taken == NOTHING -> fill()
        :: else
        fi;
        if
        :: taken == NOTHING -> alloc_last_resort()
        :: STEP { taken != NOTHING -> pop_taken(object) }
            insert(0);
            put()
        fi
    fi
}

inline free_by_magazine()
{
    SWAP_PINNED { swap() }
    push();
    if
    :: object == NONE
    :: else ->
        take_previous();
        exchange_full();
        STEP {
            if
            :: taken == NOTHING -> take_lowest(taken, unused)
            :: else
            fi
        }
        if
        :: STEP {
                taken == NOTHING ->
                in_slabs = in_slabs | BIT(object);
                object = NONE
            }
        :: STEP {
                taken != NOTHING ->
                assert(count[taken] < CAPACITY);
                count[taken]++;
                slots[SLOT(taken, count[taken])] = object;
                object = NONE
            }
            insert(CAPACITY);
            put()
        fi
    fi
}

inline keep(magazine)
{
    if
    :: magazine != NOTHING && count[magazine] != 0 -> push_locked(filled, magazine)
    :: magazine != NOTHING && count[magazine] == 0 -> push_locked(emptied, magazine)
    :: magazine == NOTHING
    fi
}

#ifdef BROKEN_UNLOCKED_GIVING_UP
#define GIVING_UP
#else
#define GIVING_UP atomic
#endif

/* Under the depot's lock, with interrupts off. */
inline give_up()
{
    GIVING_UP {
        unload();
        given = loaded;
        taken = previous;
        load(NOTHING);
        previous = NOTHING;
        keep(given);
        keep(taken)
    }
}

/* ---- is everything there? ---- */

byte objects_seen;
byte magazines_seen;

inline see(magazine, objects)
{
    if
    :: magazine != NOTHING ->
        assert(!(magazines_seen & BIT(magazine)));
        magazines_seen = magazines_seen | BIT(magazine);
        at = 1;
        do
        :: at <= objects ->
            assert(!(objects_seen & BIT(slots[SLOT(magazine, at)])));
            objects_seen = objects_seen | BIT(slots[SLOT(magazine, at)]);
            at++
        :: else -> break
        od;
        at = 0
    :: else
    fi
}

inline see_list(list)
{
    taken = list;
    do
    :: taken != NOTHING ->
        see(taken, count[taken]);
        taken = next[taken]
    :: else -> break
    od
}

/* When no CPU has anything in hand, each object and each magazine is in one place. */
inline look_at_all()
{
    ONE {
        assert(!(in_slabs & in_use));
        objects_seen = in_slabs | in_use;
        magazines_seen = unused;
        see(loaded, top - SLOT(loaded, 0));
        see(previous, count[previous]);
        see_list(filled);
        see_list(emptied);
        assert(objects_seen == ALL(OBJECTS));
        assert(magazines_seen == ALL(MAGAZINES));
        objects_seen = 0;
        magazines_seen = 0
    }
}

inline begin()
{
    busy++
}

inline finish()
{
    busy--;
    if
    :: busy == 0 -> look_at_all()
    :: else
    fi
}

inline hand_out(object)
{
    assert(!(in_use & BIT(object)));
    in_use = (in_use | BIT(object)) & ~BIT(NONE);
    object = NONE
}

/* ---- the CPUs ---- */

inline operate()
{
    STEP {
        begin();
        if
        :: skip
        :: take_lowest(object, in_use)
        fi
    }
    if
    :: object == NONE ->
        pop();
        if
        :: object == NONE -> alloc_by_magazine()
        :: else
        fi
    :: object == NONE -> give_up()
    :: object != NONE ->
        push();
        if
        :: object != NONE -> free_by_magazine()
        :: else
        fi
    fi;
    STEP {
        hand_out(object);
        finish()
    }
}

active proctype code()
{
    byte object, at, given, taken;
    do
    :: STEP { operate() }
    :: break
    od;
    is_disturbed = true;
    operate();
    is_disturbed = false
}

active proctype handler()
{
    byte object, at, given, taken, visits;
end:
    do
    :: STEP {
            is_disturbed && visits < VISITS ->
            visits++;
            operate();
            is_cut = true
        }
    od
}

active proctype other_cpu()
{
    byte at, given, taken, visits;
end:
    do
    :: LOCKED {
            is_disturbed && visits < VISITS ->
            visits++;
            begin();
            if
            :: pop_locked(filled)
            :: pop_locked(emptied)
            fi;
            if
            :: taken == NOTHING -> take_lowest(taken, unused)
            :: else
            fi;
            if
            :: taken != NOTHING -> fill_from(in_use)
            :: count[taken] > 0 -> trim(taken)
            :: count[taken] > 0 ->
                do
                :: count[taken] > 0 ->
                    pop_taken(at);
                    hand_out(at)
                :: else -> break
                od
            :: taken == NOTHING
            fi;
            given = taken;
            taken = NOTHING
        }
        LOCKED {
            give();
            finish()
        }
#ifdef BROKEN_DRAINS_OTHERS
    :: STEP {
            is_disturbed ->
            begin();
            give_up();
            finish()
        }
#endif
    od
}
