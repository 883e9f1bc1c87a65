/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Restartable sequences: code that an interrupt may cut anywhere, and that then begins again.
 *
 * Bershad, Redell and Ellis, "Fast Mutual Exclusion for Uniprocessors" (1992). A sequence is a run of
 * instructions whose last, the commit, makes all of it take effect; those before it only read, or write where
 * nobody looks. Whoever writes one puts the addresses of its first instruction and of its commit into the
 * section .restarts: vm/port/mm_port.h does.
 */
#include <cpu/trap_frame.h>

/* Sorts the sequences. Context: once, before interrupts are on. */
void restart_init(void);

/* Of what .restarts holds, in ascending order after restart_init(). */
extern uint64_t restart_lowest, restart_highest;
void restart_look_up(struct trap_frame *frame);

/* An interrupt returns to the start of the sequence that it has cut, if it has. Context: the end of each
   interrupt. */
static inline void restart_apply(struct trap_frame *frame)
{
    /* Most of the kernel lies below, the halted CPU too. */
    if (frame->rip > restart_lowest && frame->rip <= restart_highest)
        restart_look_up(frame);
}
