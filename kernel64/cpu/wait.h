/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Waiting for an interrupt without missing a pending one.
 *
 * A CPU checks, with interrupts off, whether there is anything to do, and then executes STI and HLT back to
 * back: STI inhibits interrupts until the next instruction has been executed, so a pending one ends the halt.
 * But STI does not inhibit NMI, machine checks and debug exceptions, and the IRETQ of their handlers ends the
 * inhibition: the pending interrupt is then taken before the HLT, and the CPU halts with nothing to wake it.
 * So the two instructions are a kind of restartable sequence (trap/restart.h): a trap between them returns
 * after the HLT, as if it had ended the halt, and the CPU checks again.
 *
 * Source: Intel SDM vol. 2B, "STI"; AMD APM vol. 3, "STI".
 */
#include <cpu/trap_frame.h>

/**
 * cpu_interrupts_on_and_halt() - switch interrupts on and halt until an interrupt, an NMI or another trap has
 * been taken.
 *
 * May return early: the caller checks its condition again, with interrupts off.
 * Context: interrupts off; on when it returns.
 */
void cpu_interrupts_on_and_halt(void);

/**
 * cpu_interrupts_on_and_mwait() - the same in C1, also until the line of cpu_monitor() is written to.
 *
 * Context: interrupts off, after cpu_monitor(); on when it returns.
 */
void cpu_interrupts_on_and_mwait(void);

/* wait.asm: the HLT, the MWAIT, and the instruction after each. */
extern const uint8_t wait_at_hlt[], wait_after_hlt[], wait_at_mwait[], wait_after_mwait[];

/* A trap between STI and the wait returns after the wait. Context: the end of each trap. */
static inline void wait_skip(struct trap_frame *frame)
{
    if (frame->rip == (uintptr_t)wait_at_hlt)
        frame->rip = (uintptr_t)wait_after_hlt;
    else if (frame->rip == (uintptr_t)wait_at_mwait)
        frame->rip = (uintptr_t)wait_after_mwait;
}
