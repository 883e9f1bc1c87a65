/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The interrupt flag of this CPU, RFLAGS.IF. This is the only place that reads or writes it in C, but for the
 * pairs STI+HLT and STI+MWAIT, which are one step (cpu/wait.h).
 *
 * Compiled hosted (ASHLAR_HOSTED), each thread has its own flag, which only local_irq_is_enabled() and tests
 * read.
 * Source: Intel SDM vol. 2A, "CLI"; vol. 2B, "PUSHF", "STI".
 */
#include <ashlar/check.h>
#include <ashlar/hw/cpu.h>
#include <ashlar/types.h>

/* RFLAGS as local_irq_save() found it; RFLAGS_IF is the bit that counts. */
typedef struct {
    uint64_t rflags;
} irq_flags_t;

#ifdef ASHLAR_HOSTED
/* This thread's flag, inverted, so that interrupts are enabled at first. A test that plays the interrupt
   controller defines the function; it is called each time that the flag is set.
   Context: the thread whose flag it is. */
extern __thread bool hosted_irqs_disabled;
__attribute__((weak)) __thread bool hosted_irqs_disabled;
__attribute__((weak)) void hosted_irqs_enabled(void);
#endif

/**
 * local_irq_disable() - mask maskable interrupts on this CPU.
 *
 * Context: any.
 */
static inline void local_irq_disable(void)
{
#ifndef ASHLAR_HOSTED
    __asm__ volatile("cli" ::: "memory");
#else
    hosted_irqs_disabled = true;
#endif
}

/**
 * local_irq_enable() - unmask them. A pending one is taken after the next instruction.
 *
 * Context: the IDT is loaded, no spinlock is held, not in an interrupt handler.
 */
static inline void local_irq_enable(void)
{
#ifndef ASHLAR_HOSTED
    __asm__ volatile("sti" ::: "memory");
#else
    hosted_irqs_disabled = false;
    if (hosted_irqs_enabled)
        hosted_irqs_enabled();
#endif
}

/**
 * local_irq_save() - mask interrupts and return the previous state.
 *
 * Return: for local_irq_restore(). Pairs nest.
 * Context: any.
 */
static inline irq_flags_t local_irq_save(void)
{
    irq_flags_t flags;
#ifndef ASHLAR_HOSTED
    __asm__ volatile("pushfq; popq %0; cli" : "=r"(flags.rflags)::"memory");
#else
    flags.rflags = RFLAGS_FIXED | (hosted_irqs_disabled ? 0 : RFLAGS_IF);
    hosted_irqs_disabled = true;
#endif
    return flags;
}

/**
 * local_irq_restore() - unmask interrupts if they were unmasked at the local_irq_save() that gave @flags.
 *
 * Context: interrupts masked.
 */
static inline void local_irq_restore(irq_flags_t flags)
{
    if (flags.rflags & RFLAGS_IF)
        local_irq_enable();
}

/**
 * local_irq_is_enabled() - whether maskable interrupts are taken now.
 *
 * Context: any.
 */
static inline bool local_irq_is_enabled(void)
{
#ifndef ASHLAR_HOSTED
    uint64_t rflags;
    __asm__ volatile("pushfq; popq %0" : "=r"(rflags));
    return rflags & RFLAGS_IF;
#else
    return !hosted_irqs_disabled;
#endif
}

/* The entry of a function whose Context is "interrupts off". Only in checked builds. Context: any. */
#define CHECK_IRQS_OFF() CHECK(!local_irq_is_enabled(), "context: interrupts are off")
