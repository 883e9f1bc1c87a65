/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls between CPUs: who is called executes each call once, before it returns; and nobody waits for ever, also when all call all
 * with interrupts off.
 *
 * faults: BROKEN_DEAF_CALLER BROKEN_WHOLE_INBOX BROKEN_SPLIT_TAKE BROKEN_SPLIT_POST BROKEN_ANSWERS_FIRST BROKEN_POSTS_FIRST
 *
 * Stands for, in smp/ipi.c
 *     call              ipi_call() with wait_for_answers()
 *     post              post() with interrupt()
 *     serve_inbox       serve_inbox() with serve_one()
 *     take_interrupt    take_call()
 *
 * An inbox has two words, as with more than 64 CPUs: one for callers 0 and 1, one for caller 2. A local APIC remembers one
 * interrupt of a vector. A CPU calls when it likes and takes interrupts when it likes, but none while it calls. It calls with the
 * same struct call again, CPU 2 only once; then it only takes interrupts.
 *
 * That interrupts arrive is taken for granted: remind() is for machines that lose one.
 */
#define CPUS        3
#define CALLS(n)    (n == 2 -> 1 : 2)
#define BIT(n)      (1 << (n))
#define WORD_OF(n)  ((n) >> 1)
#define INBOX(n, w) inbox[(n) * 2 + (w)]

byte inbox[CPUS * 2];  /* a bit for each caller */
bool is_pending[CPUS]; /* the interrupt */

/* struct call */
byte to_do[CPUS];      /* its function: the set of those who have still to execute it */
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
    atomic {
        caller = (callers & BIT(0) -> 0 : (callers & BIT(1) -> 1 : 2));
        callers = callers & ~BIT(caller)
    }
#ifdef BROKEN_ANSWERS_FIRST
    answer();
    execute();
#else
    execute();
    answer();
#endif
    caller = 0
}

inline serve_word(w)
{
    if
    :: INBOX(me, w) != 0 ->
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
        :: callers != 0 -> serve_one()
        :: else -> break
        od
    :: else
    fi
}

inline serve_inbox()
{
    serve_word(0);
    serve_word(1)
}

inline take_interrupt()
{
    is_pending[me] = false; /* it is in service: from now on another one would be remembered */
    serve_inbox()
}

/* ---- calling ---- */

inline post(n)
{
    if
    :: wanted & BIT(n) ->
#ifdef BROKEN_WHOLE_INBOX
        found = INBOX(n, 1 - WORD_OF(me));
#endif
#ifdef BROKEN_SPLIT_POST
        found = INBOX(n, WORD_OF(me));
#endif
        atomic {
#ifndef BROKEN_SPLIT_POST
            found = found | INBOX(n, WORD_OF(me));
#endif
            INBOX(n, WORD_OF(me)) = INBOX(n, WORD_OF(me)) | BIT(me)
        }
        atomic {
            is_pending[n] = is_pending[n] || found == 0;
            found = 0
        }
    :: else
    fi
}

inline fill_in()
{
    atomic {
        to_do[me] = wanted;
        left[me] = (wanted & 1) + (wanted >> 1 & 1) + (wanted >> 2 & 1)
    }
}

inline call()
{
    if
    :: wanted = (BIT(0) | BIT(1) | BIT(2)) & ~BIT(me)
    :: wanted = BIT((me + 1) % CPUS)
    :: wanted = BIT((me + 2) % CPUS)
    fi;
#ifdef BROKEN_POSTS_FIRST
    post(0);
    post(1);
    post(2);
    fill_in();
#else
    fill_in();
    post(0);
    post(1);
    post(2);
#endif
    wanted = 0;
    do
    :: left[me] == 0 -> break
#ifndef BROKEN_DEAF_CALLER
    :: INBOX(me, 0) != 0 || INBOX(me, 1) != 0 -> serve_inbox()
#endif
    od;
    atomic {
        assert(to_do[me] == 0);
        calls++
    }
}

proctype cpu(byte me)
{
    byte wanted, found, callers, caller, calls;
end:
    do
    :: calls < CALLS(me) ->
        call()
    :: is_pending[me] -> take_interrupt()
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
