/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls between CPUs: a target executes each call once, before it returns, or is offline and dropped; and no CPU waits
 * for ever, also when all call all with interrupts off, and some go offline and online again meanwhile.
 *
 * faults: BROKEN_DEAF_CALLER BROKEN_WHOLE_INBOX BROKEN_SPLIT_TAKE BROKEN_SPLIT_POST BROKEN_DONE_BEFORE_CALL BROKEN_POSTS_FIRST
 * faults: BROKEN_CHECKS_BEFORE_POSTING BROKEN_OFFLINE_WITHOUT_LAST_CHECK BROKEN_DROPS_TWICE BROKEN_ONLINE_WITHOUT_CHECK
 *
 * Stands for, in smp/ipi.c and smp/inbox.h
 *     call              ipi_call() with wait_for_answers()
 *     post              post() with inbox_post(), call_drop_target() and interrupt()
 *     serve_inbox       serve_inbox() with inbox_take() and call_serve()
 *     take_interrupt    take_call()
 *     leave, come_back  ipi_offline_cpu() with inbox_close() and inbox_take_ordered(); ipi_init_cpu() with inbox_open()
 *
 * An inbox has two words, as with more than 64 CPUs: one for callers 0 and 1, one for caller 2. A local APIC remembers one
 * interrupt of a vector, until INIT. A CPU calls at any time and takes interrupts at any time, but none while it calls. It calls
 * with the same struct call again; then it only takes interrupts. CPU 2 goes offline once, and may come back online.
 *
 * Interrupts are assumed to arrive: resend() is for machines that lose one. ipi_post() is not modelled.
 */
#define CPUS        3
#define CALLS(n)    (n == 0 -> 2 : 1)
#define BIT(n)      (1 << (n))
#define WORD_OF(n)  ((n) >> 1)
#define INBOX(n, w) inbox[(n) * 2 + (w)]

byte inbox[CPUS * 2];  /* a bit for each caller */
bool is_open[CPUS] = true;
bool is_pending[CPUS]; /* the interrupt */
byte online = BIT(0) | BIT(1) | BIT(2);

/* struct call */
byte to_do[CPUS];      /* its function: the set of CPUs that have still to execute it */
byte left[CPUS];

/* ---- being called ---- */

inline execute()
{
    atomic {
        assert(to_do[caller] & BIT(me));
        to_do[caller] = to_do[caller] & ~BIT(me)
    }
}

inline answer()
{
    left[caller]--
}

inline serve_one()
{
#ifdef BROKEN_DONE_BEFORE_CALL
    answer();
    execute();
    caller = 0
#else
    execute();
    atomic {
        answer();
        caller = 0
    }
#endif
}

inline serve_word(w)
{
#ifdef BROKEN_SPLIT_TAKE
    callers = INBOX(me, w);
    INBOX(me, w) = 0;
#else
    atomic {
        callers = INBOX(me, w);
        INBOX(me, w) = 0
    }
#endif
    do
    :: atomic {
            callers != 0 ->
            caller = (callers & BIT(0) -> 0 : (callers & BIT(1) -> 1 : 2));
            callers = callers & ~BIT(caller)
        }
        serve_one()
    :: else -> break
    od
}

inline serve_inbox()
{
    serve_word(0);
    serve_word(1)
}

inline take_interrupt()
{
    is_pending[me] = false; /* it is in service: from now on another one would be pending */
    serve_inbox()
}

/* ---- calling ---- */

inline set_bit()
{
#ifdef BROKEN_WHOLE_INBOX
    found = INBOX(callee, 1 - WORD_OF(me));
#endif
#ifdef BROKEN_SPLIT_POST
    found = INBOX(callee, WORD_OF(me));
#endif
    atomic {
#ifndef BROKEN_SPLIT_POST
        found = found | INBOX(callee, WORD_OF(me));
#endif
        INBOX(callee, WORD_OF(me)) = INBOX(callee, WORD_OF(me)) | BIT(me)
    }
}

/* A target is dropped if it will not execute the call, neither now nor later. */
inline take_back()
{
    atomic {
#ifdef BROKEN_DROPS_TWICE
        is_dropped = true;
#else
        is_dropped = (INBOX(callee, WORD_OF(me)) & BIT(me)) != 0;
#endif
        INBOX(callee, WORD_OF(me)) = INBOX(callee, WORD_OF(me)) & ~BIT(me)
    }
}

inline interrupt_or_drop()
{
    atomic {
        if
        :: is_dropped ->
            assert(to_do[me] & BIT(callee));
            to_do[me] = to_do[me] & ~BIT(callee);
            left[me]--
        :: !is_dropped && found == 0 -> is_pending[callee] = true
        :: else
        fi;
        is_dropped = false;
        found = 0;
        callee = 0
    }
}

inline post()
{
#ifdef BROKEN_CHECKS_BEFORE_POSTING
    is_dropped = !is_open[callee];
    set_bit();
    if
    :: is_dropped -> take_back()
    :: else
    fi;
#else
    set_bit();
    if
    :: !is_open[callee] -> take_back()
    :: else
    fi;
#endif
    interrupt_or_drop()
}

inline post_all()
{
    do
    :: atomic {
            unposted != 0 ->
            callee = (unposted & BIT(0) -> 0 : (unposted & BIT(1) -> 1 : 2));
            unposted = unposted & ~BIT(callee)
        }
        post()
    :: else -> break
    od
}

inline fill_in(set)
{
    to_do[me] = set;
    left[me] = (set & 1) + (set >> 1 & 1) + (set >> 2 & 1)
}

inline choose(set)
{
    if
    :: set = online & ~BIT(me)
    :: set = online & BIT((me + 1) % CPUS)
    :: set = online & BIT((me + 2) % CPUS)
    fi
}

inline is_in_no_inbox()
{
    assert(!((INBOX(0, WORD_OF(me)) | INBOX(1, WORD_OF(me)) | INBOX(2, WORD_OF(me))) & BIT(me)))
}

inline call()
{
#ifdef BROKEN_POSTS_FIRST
    choose(wanted);
    unposted = wanted;
    post_all();
    fill_in(wanted);
    wanted = 0;
#else
    atomic {
        choose(unposted);
        fill_in(unposted)
    }
    post_all();
#endif
    do
    :: left[me] == 0 -> break
#ifndef BROKEN_DEAF_CALLER
    :: INBOX(me, 0) != 0 || INBOX(me, 1) != 0 -> serve_inbox()
#endif
    od;
    atomic {
        assert(to_do[me] == 0);
        is_in_no_inbox();
        calls++
    }
}

/* ---- going offline and online ---- */

inline leave()
{
    online = online & ~BIT(me);
    is_open[me] = false;
#ifndef BROKEN_OFFLINE_WITHOUT_LAST_CHECK
    serve_inbox()
#endif
}

/* Two may have found it closed, one with the word empty and one not: if only the latter finds it open then, no interrupt is
   sent. */
inline come_back()
{
    is_pending[me] = false;
    is_open[me] = true;
    online = online | BIT(me);
#ifndef BROKEN_ONLINE_WITHOUT_CHECK
    serve_inbox()
#endif
}

proctype cpu(byte me)
{
    byte unposted, callee, found, callers, caller, calls;
    bool is_dropped, has_left;
#ifdef BROKEN_POSTS_FIRST
    byte wanted;
#endif
end:
    do
    :: calls < CALLS(me) -> call()
    :: is_pending[me] -> take_interrupt()
    :: me == 2 && !has_left ->
        has_left = true;
        leave();
        if
        :: come_back()
        :: break /* for good */
        fi
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
