/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLB shootdown: when it has returned, no CPU that runs code uses a translation from before the change; and a table
 * is freed only when no CPU that may walk page tables can have an entry of it cached, including one that is being started or is
 * about to go offline. While there is such a CPU no table is freed, and no CPU waits for it: the entry is restored.
 *
 * faults: BROKEN_CHECKS_FIRST BROKEN_UNFENCED BROKEN_PLAIN_WAKE BROKEN_NO_FLUSH_ON_WAKE BROKEN_FLUSHES_AFTERWARDS
 * faults: BROKEN_IDLE_WHILE_FLUSHING BROKEN_DEFERS_TABLES BROKEN_IGNORES_BLOCKERS BROKEN_COUNTS_FIRST BROKEN_JOINS_LATE
 * faults: BROKEN_JOINS_IDLE BROKEN_RUNS_ON_OFFLINE BROKEN_OFFLINE_IDLE BROKEN_OFFLINE_UNBLOCKED
 *
 * Stands for
 *     change, look, shootdown    port_flush(), port_flush_table(), flush_on_others() in smp/shootdown.c
 *     defer, sleep, leave_idle   tlb_defer(), tlb_enter_idle(), tlb_leave_idle_slow() in cpu/tlb.c, cpu/lazy_tlb.h
 *     post, wait_for_answers     ipi_call() in smp/ipi.c; calls to a CPU that goes offline are the subject of calls.pml
 *     start, join                wave_start() in smp/wave.c, and ipi_init_cpu() in smp/ipi.c
 *     leave                      go_offline() in smp/hotplug.c: ipi_offline_cpu(), and cpu_park(): tlb_leave_cpu()
 *     holders                    port_block_table_freeing(), port_unblock_table_freeing()
 *
 * CPUs 0 and 1 change an entry of the page tables each, CPU 2 goes online and offline, and all sleep and run code that uses
 * both entries. An invalidated entry is loaded again at once, whether the CPU runs, sleeps or is offline: a later walk could only
 * find a newer one. The change is a plain store, and waits in its CPU's store buffer until that drains: the only reordering on
 * x86.
 *
 * CPU 2 takes an NMI between any two of its steps from its sleep until it is awake, and while it is offline and halted; the
 * handler uses both entries. (A CPU that is not asleep is running code anyway.) A CPU that is offline is not notified: its
 * handler uses no entry that changed before the NMI.
 */
#define CPUS         3
#define PAGES        2 /* page n is changed by CPU n */
#define BIT(n)       (1 << (n))
#define TLB(n, page) tlb[(n) * PAGES + (page)]
#define LOWEST(set)  ((set) & BIT(0) -> 0 : ((set) & BIT(1) -> 1 : 2))
#define NONE         0

#define BUSY     0
#define IDLE     1
#define STALE    2
#define FLUSHING 3

/* Versions of an entry. */
byte entry[CPUS] = 1;   /* what a page walk finds; CPU 2 has none */
byte store[CPUS];       /* what is in the changer's store buffer, or NONE */
byte oldest[PAGES] = 1; /* what may still be used */
byte tlb[CPUS * PAGES] = 1;

byte online = BIT(0) | BIT(1);
bool is_open[CPUS] = true;      /* the inboxes */
byte holders;                   /* CPUs that block page-table freeing: not notified, and walking page tables */
byte told = BIT(0) | BIT(1);    /* CPUs that have flushed since they came online */
byte walking = BIT(0) | BIT(1); /* CPUs that may walk the page tables */
byte lazy_tlb[CPUS];
byte inbox[CPUS];
byte left[CPUS];

bool may_nmi; /* CPU 2 sleeps, or is about to wake, or is offline for good */
byte in_nmi;  /* the process that is interrupted, or 0 */

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

/* ---- lazy_tlb; me is a CPU ---- */

inline leave_idle()
{
#ifdef BROKEN_FLUSHES_AFTERWARDS
    if
    :: atomic { lazy_tlb[me] == STALE -> lazy_tlb[me] = BUSY }
        flush_all()
    :: atomic { lazy_tlb[me] != STALE -> lazy_tlb[me] = BUSY }
    fi
#else
    do
    :: lazy_tlb[me] == BUSY -> break
    :: atomic {
            lazy_tlb[me] == IDLE ->
            lazy_tlb[me] = BUSY;
            break
        }
    :: lazy_tlb[me] != BUSY && lazy_tlb[me] != IDLE ->
#ifdef BROKEN_IDLE_WHILE_FLUSHING
        lazy_tlb[me] = IDLE;
#else
        lazy_tlb[me] = FLUSHING;
#endif
#ifndef BROKEN_NO_FLUSH_ON_WAKE
        flush_all();
#endif
#ifdef BROKEN_PLAIN_WAKE
        lazy_tlb[me] = BUSY
#else
        lazy_tlb[me] = (lazy_tlb[me] == FLUSHING -> BUSY : lazy_tlb[me])
#endif
    od
#endif
}

inline defer()
{
    atomic {
        drain(me);
        callee = LOWEST(others);
        others = others & ~BIT(callee);
        if
        :: lazy_tlb[callee] != BUSY -> lazy_tlb[callee] = STALE
        :: lazy_tlb[callee] == BUSY -> wanted = wanted | BIT(callee)
        fi;
        callee = 0
    }
}

/* ---- calls ---- */

/* What CPUs 0 and 1 call is a flush of their page; CPU 2 makes no call. */
inline serve()
{
    atomic {
        callers = inbox[me];
        inbox[me] = 0
    }
    do
    :: callers == 0 -> break
    :: atomic {
            callers != 0 ->
            caller = LOWEST(callers);
            TLB(me, caller) = entry[caller];
            left[caller]--;
            callers = callers & ~BIT(caller);
            caller = 0
        }
    od
}

inline post_all()
{
    do
    :: wanted == 0 -> break
    :: atomic {
            wanted != 0 ->
            drain(me);
            callee = LOWEST(wanted);
            wanted = wanted & ~BIT(callee);
            if
            :: is_open[callee] -> inbox[callee] = inbox[callee] | BIT(me)
            :: else -> left[me]--
            fi;
            callee = 0
        }
    od
}

inline wait_for_answers()
{
    do
    :: left[me] == 0 -> break
    :: inbox[me] != 0 -> serve()
    od
}

inline call()
{
    atomic {
        wanted = wanted & online;
        left[me] = (wanted & 1) + (wanted >> 1 & 1) + (wanted >> 2 & 1)
    }
    post_all();
    wait_for_answers()
}

/* ---- changes of page tables; interrupts are off ---- */

inline change()
{
    store[me] = entry[me] + 1
}

inline flush_own()
{
    atomic {
        drain(me); /* INVLPG and writes to CR4 are serialising */
        TLB(me, me) = entry[me]
    }
}

inline look()
{
    if
#ifndef BROKEN_DEFERS_TABLES
    :: is_table -> wanted = online & ~BIT(me)
    :: !is_table ->
#else
    :: true ->
#endif
        others = online & ~BIT(me);
        do
        :: others != 0 -> defer()
        :: others == 0 -> break
        od
    fi
}

inline count_holders()
{
#ifdef BROKEN_IGNORES_BLOCKERS
    may_free = is_table
#else
    may_free = is_table && holders == 0
#endif
}

inline remembers_nothing_old(n)
{
    assert(!(walking & BIT(n)) || TLB(n, me) >= oldest[me])
}

inline shootdown()
{
#ifdef BROKEN_CHECKS_FIRST
    if
    :: is_table = true
    :: skip
    fi;
    look();
    change();
    flush_own();
#else
    atomic {
        if
        :: is_table = true
        :: skip
        fi;
        change()
    }
#ifdef BROKEN_COUNTS_FIRST
    atomic {
        drain(me);
        count_holders()
    }
#endif
#ifdef BROKEN_UNFENCED
    look();
    TLB(me, me) = entry[me];
#else
    flush_own();
    look();
#endif
#endif
    call();
#ifndef BROKEN_COUNTS_FIRST
    count_holders();
#endif
    atomic {
        if
        :: is_table && !may_free
        :: else -> oldest[me] = (store[me] != NONE -> store[me] : entry[me])
        fi;
        if
        :: may_free ->
            remembers_nothing_old(0);
            remembers_nothing_old(1);
            remembers_nothing_old(2)
        :: else
        fi;
        is_table = false;
        may_free = false
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
    atomic {
        lazy_tlb[me] = IDLE;
        may_nmi = may_nmi || me == 2
    }
    leave_idle();
    may_nmi = may_nmi && me != 2
}

/* INIT invalidates everything. */
inline start()
{
    holders++;
    atomic {
        may_nmi = false;
        walking = walking | BIT(me);
        flush_all()
    }
}

inline join()
{
#ifdef BROKEN_JOINS_LATE
    flush_all();
#endif
#ifndef BROKEN_JOINS_IDLE
    leave_idle();
#endif
    is_open[me] = true;
    online = online | BIT(me);
#ifndef BROKEN_JOINS_LATE
    flush_all();
#endif
    told = told | BIT(me);
    holders--
}

/* After its inbox is closed it is not notified of changes, and may use no entry that changes. */
inline leave()
{
#ifndef BROKEN_OFFLINE_UNBLOCKED
    holders++;
#endif
    online = online & ~BIT(me);
    atomic {
        told = told & ~BIT(me);
        is_open[me] = false
    }
    serve();
#ifdef BROKEN_RUNS_ON_OFFLINE
    run_code();
#endif
    atomic {
        walking = walking & ~BIT(me); /* from here to its halt it stays on a few pages */
#ifndef BROKEN_OFFLINE_UNBLOCKED
        holders--
#endif
    }
    atomic {
#ifdef BROKEN_OFFLINE_IDLE
        lazy_tlb[me] = IDLE;
#else
        lazy_tlb[me] = STALE;
#endif
        may_nmi = true
    }
}

#define CPU_PID(n) ((n) + 2) /* after store_buffers and init */

proctype cpu(byte me) provided (in_nmi != _pid)
{
    byte wanted, others, callee, callers, caller;
    bool is_table, may_free;
    assert(_pid == CPU_PID(me));
    if
    :: me == 2 -> start(); join()
    :: else
    fi;
    do
    :: run_code()
    :: inbox[me] != 0 -> serve()
    :: me < PAGES && entry[me] == 1 && store[me] == NONE -> shootdown()
    :: sleep()
    :: me == 2 ->
        leave();
        start();
        join()
    od
}

/* CPU 2's handler. */
proctype nmi(byte me)
{
    byte least[PAGES];
    do
    :: atomic {
            may_nmi && lazy_tlb[me] == BUSY && told & BIT(me) ->
            run_code()
        }
    :: atomic {
            may_nmi && lazy_tlb[me] != BUSY ->
            in_nmi = CPU_PID(me);
            least[0] = oldest[0];
            least[1] = oldest[1]
        }
        leave_idle();
        atomic {
            if
            :: told & BIT(me) -> run_code()
            :: else ->
                assert(TLB(me, 0) >= least[0]);
                assert(TLB(me, 1) >= least[1]);
                lazy_tlb[me] = STALE /* tlb_leave_cpu() again */
            fi;
            least[0] = 0;
            least[1] = 0;
            in_nmi = 0
        }
    od
}

init
{
    atomic {
        run cpu(0);
        run cpu(1);
        run cpu(2);
        run nmi(2)
    }
}
