/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clockevent changes, on one CPU, while another one arms it, comes online, goes offline and comes online again: a
 * timer that is armed is armed with the new one in the end, or an interrupt is on its way that arms it again.
 *
 * faults: BROKEN_NO_FENCE_AFTER_CHANGE BROKEN_NO_FENCE_ONLINE BROKEN_INTERRUPTS_FIRST BROKEN_ID_LAST BROKEN_STALE_SOURCE
 *
 * Stands for, in time/clockevent.c
 *     change               clockevent_init() with interrupt_others()
 *     come_online          clockevent_init_cpu()
 *     source_here, arm     source_here(), clockevent_arm()
 *     go_offline           clockevent_offline_cpu(), and the INIT before the CPU comes online again
 *
 * Stores wait in the CPU's store buffer and become visible in their order, at any time: x86's TSO. A fence waits until
 * the buffer is empty. No word is written by more than one CPU. CPU 0 changes the clockevent, twice; CPU 1 arms at any
 * time, and in the interrupt, with interrupts off. More CPUs would be alike: CPU 0 treats them one after the other, and
 * they share nothing. An interrupt is not lost, except by INIT.
 */
#define NONE    0
#define FIRST   1
#define LAST    3
#define ARMINGS 2

#define SOURCE  0 /* what a buffered store is to */
#define HERE    1
#define ID      2

byte source = FIRST;

/* Of CPU 1. */
byte here;       /* event_source_here, as CPU 0 sees it */
bool has_id;     /* event_apic_id has been written, likewise */
bool is_pending; /* the IPI */
byte timer_mode; /* of the local APIC: the source that it is set up for */
byte armed;      /* with which source; NONE: not at all */
bool is_busy;

bool is_changed; /* CPU 0 has come to its end */

chan buffer[2] = [3] of { byte, byte };

inline store(where, value)
{
    buffer[me] ! where, value
}

inline fence()
{
    empty(buffer[me])
}

/* Makes the stores of a CPU visible. */
proctype store_buffer(byte me)
{
    byte where, value;
end:
    do
    :: atomic {
            buffer[me] ? where, value ->
            if
            :: where == SOURCE -> source = value
            :: where == HERE -> here = value
            :: where == ID -> has_id = value
            fi;
            where = 0;
            value = 0
        }
    od
}

/* ---- a CPU that arms ---- */

inline source_here()
{
    wanted = source;
    if
    :: mine != wanted ->
        mine = wanted;
        store(HERE, wanted);
        timer_mode = wanted;
        armed = NONE
    :: else
    fi
}

inline arm()
{
    source_here();
    atomic {
        assert(timer_mode == wanted);
        armed = wanted;
        wanted = NONE
    }
}

inline come_online()
{
    is_pending = false;
#ifndef BROKEN_STALE_SOURCE
    mine = NONE;
    store(HERE, NONE);
#endif
#ifdef BROKEN_ID_LAST
    source_here();
    store(ID, true);
#else
    store(ID, true);
    source_here();
#endif
#ifndef BROKEN_NO_FENCE_ONLINE
    fence();
#endif
    is_online = true
}

inline go_offline()
{
#ifndef BROKEN_STALE_SOURCE
    mine = NONE;
    store(HERE, NONE);
#endif
    atomic {
        timer_mode = NONE;
        armed = NONE;
        is_online = false
    }
}

proctype cpu(byte me)
{
    byte mine, wanted, armings;
    bool is_online, was_offline;
end:
    do
    :: !is_online ->
        is_busy = true;
        come_online();
        is_busy = false
    :: is_online && armings < ARMINGS ->
        is_busy = true;
        armings++;
        arm();
        is_busy = false
    :: is_online && is_pending ->
        is_busy = true;
        is_pending = false;
        arm();
        is_busy = false
    :: is_online && !was_offline ->
        is_busy = true;
        was_offline = true;
        go_offline();
        is_busy = false
    od
}

/* ---- the change ---- */

inline interrupt_others()
{
    old = here;
    atomic {
        if
        :: old != NONE && old != chosen ->
            assert(has_id);
            is_pending = true
        :: else
        fi;
        old = NONE
    }
}

inline change()
{
#ifdef BROKEN_INTERRUPTS_FIRST
    interrupt_others();
    store(SOURCE, chosen);
#else
    store(SOURCE, chosen);
#ifndef BROKEN_NO_FENCE_AFTER_CHANGE
    fence();
#endif
    interrupt_others();
#endif
}

proctype bsp()
{
    byte me, old, chosen = FIRST;
    do
    :: chosen < LAST ->
        chosen++;
        change()
    :: else -> break
    od;
    is_changed = true
}

/* Whenever nothing is under way. */
proctype judge()
{
end:
    atomic {
        is_changed && empty(buffer[0]) && !is_busy && !is_pending && empty(buffer[1]) ->
        assert(armed == NONE || armed == LAST)
    }
}

init
{
    atomic {
        run store_buffer(0);
        run store_buffer(1);
        run bsp();
        run cpu(1);
        run judge()
    }
}
