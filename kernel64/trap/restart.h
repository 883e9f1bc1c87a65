/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Restartable sequences: code that begins again when an interrupt breaks it before its commit.
 *
 * Bershad, Redell and Ellis, "Fast Mutual Exclusion for Uniprocessors" (1992). A sequence is a run of
 * instructions whose last, the commit, makes all of it take effect; those before it only read, or write to
 * memory that is not in use. The addresses of its first instruction and of its commit are in the section
 * .restarts: see vm/port/mm_port.h.
 */
#include <cpu/trap_frame.h>

/* Sorts the sequences. Context: once, before interrupts are on. */
void restart_init(void);

/* The sequences, in ascending order after restart_init(). */
extern uint64_t restart_lowest, restart_highest;
void restart_look_up(struct trap_frame *frame);

/* Makes an interrupt that broke a sequence return to its start. Context: the end of each interrupt. */
static inline void restart_apply(struct trap_frame *frame)
{
    /* Most of the kernel is below, also the code of a halted CPU. */
    if (frame->rip > restart_lowest && frame->rip <= restart_highest)
        restart_look_up(frame);
}
