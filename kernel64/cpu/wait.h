/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Waiting for an interrupt without missing the one that is pending already.
 *
 * A waiter looks, with interrupts off, whether there is anything to do, and then executes STI and HLT side by
 * side: interrupts are inhibited until the instruction behind STI has been executed, so a pending one ends
 * the halt. But STI does not inhibit NMI, a machine check or a debug exception (Intel SDM vol. 2B, "STI"; AMD
 * APM vol. 3, "STI"), and the IRETQ of their handlers ends the inhibition: the pending interrupt is then
 * taken in front of the HLT, and the halt comes behind it. So the two instructions are a restartable sequence
 * (trap/restart.h) of a kind: every trap that has come between them returns behind the HLT, as if it had
 * ended the halt, and the waiter looks again.
 */
#include <cpu/trap_frame.h>

/**
 * cpu_interrupts_on_and_halt() - switch interrupts on and halt until an interrupt, an NMI or another trap has
 * been taken.
 *
 * May return early: the caller looks again, with interrupts off, at what it waits for.
 * Context: interrupts off; on when it returns.
 */
void cpu_interrupts_on_and_halt(void);

/**
 * cpu_interrupts_on_and_mwait() - the same, and until the line of cpu_monitor() is written to. In C1.
 */
void cpu_interrupts_on_and_mwait(void);

/* wait.asm: the HLT, the MWAIT, and what follows each. */
extern const uint8_t wait_at_hlt[], wait_after_hlt[], wait_at_mwait[], wait_after_mwait[];

/* A trap that has come between STI and the wait returns behind the wait. Context: the end of each trap. */
static inline void wait_skip(struct trap_frame *frame)
{
    if (frame->rip == (uintptr_t)wait_at_hlt)
        frame->rip = (uintptr_t)wait_after_hlt;
    else if (frame->rip == (uintptr_t)wait_at_mwait)
        frame->rip = (uintptr_t)wait_after_mwait;
}
