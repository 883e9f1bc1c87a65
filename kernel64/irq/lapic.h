/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The local APIC: each CPU's own interrupt controller, in xAPIC mode (a page of registers) or x2APIC mode
 * (MSRs). Only lapic.c and lapic_mode.c tell the two apart. Not for I/O APICs: drivers/ioapic.c.
 *
 * Source of all: Intel SDM vol. 3A, "Advanced Programmable Interrupt Controller (APIC)", chapter 11;
 * AMD APM vol. 2, "Advanced Programmable Interrupt Controller (APIC)", chapter 16.
 *
 * Context of all, where nothing else is said: interrupts off or the caller's thread bound to this CPU; also
 * from NMI. No lock is taken, nothing sleeps. All but lapic_mode() and lapic_mode_found() need a local APIC:
 * lapic_mode() is not LAPIC_NONE.
 */
#include <ashlar/dev/irqchip.h>
#include <ashlar/status.h>
#include <irq/lapic_mode.h>

/* In xAPIC mode an APIC ID has 8 bits, and 255 is the broadcast. */
#define LAPIC_XAPIC_ID_LAST 254

/**
 * lapic_init() - enable the BSP's local APIC in the chosen mode, with every LVT entry masked.
 * @address:      physical address of the registers in xAPIC mode, as firmware's tables have it; PHYS_INVALID
 *                when they do not say. IA32_APIC_BASE decides; a difference is logged.
 * @wants_x2apic: called once. A mode that firmware entered is left if it is not wanted, where the CPU allows.
 *
 * EOIs are sent for what firmware left in service. LVT entries that firmware delivers as SMI stay as they
 * are.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND for a CPU without a local APIC (the 8259s reach it directly), or whose
 *         registers cannot be mapped.
 * Context: once, BSP, interrupts off; takes the address space's lock to map the registers.
 */
status_t lapic_init(phys_t address, lapic_choose_fn *wants_x2apic) MUST_CHECK;

/**
 * lapic_init_cpu() - the same on an AP, in the BSP's mode.
 *
 * Return: STATUS_OK; STATUS_UNSUPPORTED when this CPU does not enter that mode.
 * Context: each AP as it starts, interrupts off.
 */
status_t lapic_init_cpu(void) MUST_CHECK;

/**
 * lapic_offline_cpu() - software-disable this CPU's local APIC: it takes only NMI, INIT and SIPI from now on.
 *
 * Context: interrupts off, until lapic_init_cpu().
 */
void lapic_offline_cpu(void);

/* The mode of all CPUs; LAPIC_NONE before lapic_init(). Context: any. */
enum lapic_mode lapic_mode(void);

/* The mode that firmware left; LAPIC_NONE where it was disabled. Context: any, after lapic_init(). */
enum lapic_mode lapic_mode_found(void);

/* This CPU's APIC ID. */
uint32_t lapic_id(void);

/* The version register: bits 0 to 7 the version, 16 to 23 the index of the highest LVT entry. */
uint32_t lapic_version(void);

/**
 * lapic_eoi() - signal end of interrupt for the vector in service that has the highest priority.
 *
 * Context: its handler, interrupts off.
 * Cost: one write: uncached memory in xAPIC mode, WRMSR in x2APIC mode.
 */
void lapic_eoi(void);

/**
 * lapic_isr_is_set(), lapic_irr_is_set() - a vector's bit in the in-service and interrupt request registers.
 * @vector: 16 .. 255.
 *
 * Return: ISR: whether @vector was delivered to this CPU and awaits its EOI. IRR: whether it is pending here.
 */
bool lapic_isr_is_set(uint8_t vector);
bool lapic_irr_is_set(uint8_t vector);

/* The delivery mode of a LINT pin. */
enum lapic_lint {
    LAPIC_LINT_MASKED,
    LAPIC_LINT_NMI,
    LAPIC_LINT_EXTINT /* the 8259s supply the vector, outside of TPR, ISR and EOI */
};

/**
 * lapic_set_lint() - program the LVT entry of LINT0 or LINT1.
 * @lint:    0 or 1.
 * @meaning: the delivery mode.
 * @wiring:  polarity and trigger; NMI is edge triggered whatever it says.
 */
void lapic_set_lint(unsigned int lint, enum lapic_lint meaning, struct irq_wiring wiring);

/**
 * lapic_send() - send a fixed IPI to one CPU, which may be this one.
 * @apic_id: below 255 in xAPIC mode, any 32 bits in x2APIC mode.
 * @vector:  16 .. 255.
 *
 * Earlier writes of this CPU are visible to the handler.
 * Return: STATUS_OK; STATUS_TIMEOUT when the previous IPI is still pending: this one was not sent.
 * Context: interrupts off. Not from NMI in xAPIC mode, where it could fall between the two ICR writes.
 */
status_t lapic_send(uint32_t apic_id, uint8_t vector) MUST_CHECK;

/**
 * lapic_send_init(), lapic_send_startup(), lapic_send_nmi() - INIT, SIPI and NMI by the ICR.
 * @apic_id: as for lapic_send().
 * @page:    where the CPU starts in real mode: physical, below 1 MiB, a multiple of 4 KiB.
 *
 * A CPU accepts one SIPI after each INIT and ignores others. An NMI arrives also with interrupts off.
 * Return: as lapic_send().
 * Context: as lapic_send(); an NMI may be sent in any context by a panic, which does not resume what it
 * broke.
 */
status_t lapic_send_init(uint32_t apic_id) MUST_CHECK;
status_t lapic_send_startup(uint32_t apic_id, uint32_t page) MUST_CHECK;
status_t lapic_send_nmi(uint32_t apic_id) MUST_CHECK;

/* ---- the timer: counts down at a rate that the CPU does not tell, or compares the TSC ---- */

enum lapic_timer_mode {
    LAPIC_TIMER_OFF,
    LAPIC_TIMER_MASKED, /* counts down without interrupting, to be calibrated */
    LAPIC_TIMER_ONE_SHOT,
    LAPIC_TIMER_TSC_DEADLINE /* only with CPU_FEATURE_TSC_DEADLINE */
};

/* The divide configuration register's value: the timer counts once in so many cycles of its clock. */
#define LAPIC_TIMER_DIVIDER 16

/**
 * lapic_timer_set_mode() - stop this CPU's timer and program its LVT entry; it raises VECTOR_TIMER.
 * @mode: as above.
 */
void lapic_timer_set_mode(enum lapic_timer_mode mode);

/**
 * lapic_timer_arm() - one-shot: write the initial count.
 * @count: timer counts until the interrupt; 0 stops the timer.
 */
void lapic_timer_arm(uint32_t count);

/* One-shot: the current count; 0 when it has expired. */
uint32_t lapic_timer_current_count(void);

/**
 * lapic_timer_arm_deadline() - TSC-deadline mode: write IA32_TSC_DEADLINE.
 * @tick: of this CPU's TSC; one that has passed interrupts at once; 0 disarms.
 */
void lapic_timer_arm_deadline(uint64_t tick);
