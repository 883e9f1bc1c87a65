/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLB shootdown: when it has returned, no CPU that runs code uses a translation from before the change; and of a table of
 * pages none remembers it.
 *
 * faults: BROKEN_LOOKS_FIRST BROKEN_UNFENCED BROKEN_PLAIN_WAKE BROKEN_NO_FLUSH_ON_WAKE BROKEN_DEFERS_TABLES
 * faults: BROKEN_JOINS_LATE BROKEN_LEAVES_AT_ONCE BROKEN_LEAVER_RUNS_ON
 *
 * Stands for
 *     change, look, shootdown    shootdown(), shootdown_everywhere(), flush_on_others() in smp/shootdown.c
 *     look, sleep                tlb_defer(), tlb_enter_idle(), tlb_leave_idle_slow() in cpu/tlb.c
 *     post, wait_for_answers     ipi_call() in smp/ipi.c; its interrupts are the subject of calls.pml
 *     join                       ipi_init_cpu() in smp/ipi.c
 *     leave                      what a CPU has to do that goes offline
 *
 * CPUs 0 and 1 change an entry of the page tables each, CPU 2 joins and leaves, and all sleep and run code that
 * uses both entries. What a CPU forgets its hardware loads again at once, whether the CPU runs, sleeps or is gone: later, it
 * could only find something newer. The change is a plain store, and waits in its CPU's store buffer until that drains: the one
 * thing that x86 reorders.
 *
 * One CPU leaves at a time. Of two that do, each may have a call for the other that it has not posted yet.
 */
#define CPUS         3
#define PAGES        2 /* page n is changed by CPU n */
#define LAST_VERSION (3 - me) /* of two changes and one */
#define BIT(n)       (1 << (n))
#define TLB(n, page) tlb[(n) * PAGES + (page)]
#define NONE         0

#define BUSY       0
#define IDLE       1
#define IDLE_STALE 2

/* Versions of an entry. */
byte entry[CPUS] = 1;   /* what a page walk finds; CPU 2 has none */
byte store[CPUS];       /* what is in the changer's store buffer, or NONE */
byte oldest[PAGES] = 1; /* what may still be used */
byte tlb[CPUS * PAGES] = 1;

byte online = BIT(0) | BIT(1);
byte online_count = 2;
byte joined = BIT(0) | BIT(1); /* of those online, who has flushed since */
bool is_gone = true;           /* CPU 2 serves nobody */
byte idleness[CPUS];
byte inbox[CPUS];
byte left[CPUS];

/* ---- the hardware ---- */

inline drain(n)
{
    entry[n] = (store[n] != NONE -> store[n] : entry[n]);
    store[n] = NONE
}

active proctype store_buffers()
{
    do
    :: atomic { store[0] != NONE -> drain(0) }
    :: atomic { store[1] != NONE -> drain(1) }
    od
}

inline flush_all()
{
    TLB(me, 0) = entry[0];
    TLB(me, 1) = entry[1]
}

/* ---- calls ---- */

/* What CPUs 0 and 1 call is a flush of their page; CPU 2's does nothing. */
inline serve()
{
    atomic {
        callers = inbox[me];
        inbox[me] = 0
    }
    do
    :: callers == 0 -> break
    :: callers != 0 ->
        caller = (callers & BIT(0) -> 0 : (callers & BIT(1) -> 1 : 2));
        if
        :: caller < PAGES -> TLB(me, caller) = entry[caller]
        :: else
        fi;
        atomic {
            left[caller]--;
            callers = callers & ~BIT(caller);
            caller = 0
        }
    od
}

inline post(n)
{
    if
    :: wanted & BIT(n) ->
        atomic {
            drain(me);
            assert(n != 2 || !is_gone); /* nobody would ever answer */
            inbox[n] = inbox[n] | BIT(me)
        }
    :: else
    fi
}

inline begin_call()
{
    atomic {
        wanted = wanted & online;
        left[me] = (wanted & 1) + (wanted >> 1 & 1) + (wanted >> 2 & 1)
    }
}

inline wait_for_answers()
{
    wanted = 0;
    do
    :: left[me] == 0 -> break
    :: inbox[me] != 0 -> serve()
    od
}

/* ---- who changes page tables; interrupts are off ---- */

inline change()
{
    store[me] == NONE; /* the buffer keeps the order of its stores */
    store[me] = entry[me] + 1
}

inline flush_own()
{
    atomic {
        drain(me); /* INVLPG and writes to CR4 are serialising */
        TLB(me, me) = entry[me]
    }
}

inline defer(n)
{
    if
    :: wanted & BIT(n) ->
        atomic {
            drain(me);
            if
            :: idleness[n] != BUSY ->
                idleness[n] = IDLE_STALE;
                wanted = wanted & ~BIT(n)
            :: else
            fi
        }
    :: else
    fi
}

inline look()
{
    if
    :: online_count > 1 -> wanted = online & ~BIT(me)
    :: else
    fi;
#ifndef BROKEN_DEFERS_TABLES
    if
    :: is_table
    :: else ->
#endif
        defer(0);
        defer(1);
        defer(2)
#ifndef BROKEN_DEFERS_TABLES
    fi
#endif
}

inline remembers_nothing_old(n)
{
    assert(!(joined & BIT(n)) || TLB(n, me) >= oldest[me])
}

inline shootdown()
{
    if
    :: is_table = true
    :: is_table = false
    fi;
#ifdef BROKEN_LOOKS_FIRST
    look();
    change();
    flush_own();
#else
#ifdef BROKEN_UNFENCED
    change();
    look();
    TLB(me, me) = entry[me];
#else
    change();
    flush_own();
    look();
#endif
#endif
    if
    :: wanted != 0 ->
        begin_call();
        post(0);
        post(1);
        post(2);
        wait_for_answers()
    :: else
    fi;
    atomic {
        oldest[me] = (store[me] != NONE -> store[me] : entry[me]);
        if
        :: is_table ->
            remembers_nothing_old(0);
            remembers_nothing_old(1);
            remembers_nothing_old(2)
        :: else
        fi;
        is_table = false
    }
}

/* ---- what every CPU does ---- */

inline run_code()
{
    atomic {
        assert(TLB(me, 0) >= oldest[0]);
        assert(TLB(me, 1) >= oldest[1])
    }
}

/* Any interrupt wakes it: whether one comes is not asked. */
inline sleep()
{
    idleness[me] = IDLE;
    skip; /* halted */
#ifdef BROKEN_PLAIN_WAKE
    was_stale = (idleness[me] == IDLE_STALE);
    idleness[me] = BUSY;
#else
    atomic {
        was_stale = (idleness[me] == IDLE_STALE);
        idleness[me] = BUSY
    }
#endif
#ifndef BROKEN_NO_FLUSH_ON_WAKE
    if
    :: was_stale -> flush_all()
    :: else
    fi;
#endif
    was_stale = false
}

inline join()
{
#ifdef BROKEN_JOINS_LATE
    flush_all();
#endif
    atomic {
        is_gone = false;
        online = online | BIT(me)
    }
    online_count++;
#ifndef BROKEN_JOINS_LATE
    flush_all();
#endif
    joined = joined | BIT(me)
}

/* From the first line on it is not told what changes, and may use nothing that does. Who copied the set before that has its
   interrupts off until its calls are posted: when all have answered one more call, nobody has such a copy any more. */
inline leave()
{
    atomic {
        joined = joined & ~BIT(me);
        online = online & ~BIT(me)
    }
    online_count--;
#ifdef BROKEN_LEAVER_RUNS_ON
    run_code();
#endif
#ifndef BROKEN_LEAVES_AT_ONCE
    wanted = online;
    begin_call();
    post(0);
    post(1);
    wait_for_answers();
#endif
    serve();
    atomic {
        assert(inbox[me] == 0);
        is_gone = true
    }
}

proctype cpu(byte me)
{
    byte wanted, callers, caller;
    bool is_table, was_stale;
    if
    :: me == 2 -> join()
    :: else
    fi;
    do
    :: run_code()
    :: inbox[me] != 0 -> serve()
    :: me < PAGES && entry[me] < LAST_VERSION && store[me] == NONE -> shootdown()
    :: sleep()
    :: me == 2 -> leave(); join()
    od
}

init
{
    atomic {
        run cpu(0);
        run cpu(1);
        run cpu(2)
    }
}
