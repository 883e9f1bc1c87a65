/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The local APIC: each CPU's own interrupt controller, in xAPIC mode (a page of registers) or x2APIC mode
 * (MSRs), which nobody but lapic.c needs to tell apart.
 *
 * Source of all: Intel SDM vol. 3A, "Advanced Programmable Interrupt Controller (APIC)"; AMD APM vol. 2,
 * "Advanced Programmable Interrupt Controller (APIC)".
 */
#include <ashlar/addr.h>
#include <ashlar/dev/irqchip.h>
#include <ashlar/status.h>

/* In xAPIC mode an APIC ID has 8 bits, and 255 is the broadcast. */
#define LAPIC_XAPIC_ID_LAST 254

enum lapic_mode { LAPIC_NONE, LAPIC_XAPIC, LAPIC_X2APIC };

/* How firmware left it. */
struct lapic_found {
    enum lapic_mode mode; /* xAPIC also where it was off */
    bool is_locked;       /* x2APIC mode cannot be left: IA32_XAPIC_DISABLE_STATUS */
    bool has_registers;   /* false: in xAPIC mode, and its registers cannot be mapped */
    uint32_t apic_id;     /* of xAPIC mode */
};

/* Return: whether it is to be in x2APIC mode: irq/x2apic_rule.h. */
typedef bool lapic_choose_fn(const struct lapic_found *found);

/**
 * lapic_init() - the first CPU's LAPIC, in the mode that is chosen: sets it up with all local inputs masked.
 * @address:       physical, of the registers in xAPIC mode, as firmware's tables say; PHYS_INVALID when they
 *                 say nothing.
 * @wants_x2apic:  asked once. A mode that firmware has entered is left, where that works.
 *
 * What firmware left in service is ended.
 * Return: STATUS_OK; STATUS_NOT_FOUND for a CPU without one (the 8259s reach it directly); STATUS_NO_MEMORY.
 * Context: once, interrupts off.
 */
status_t lapic_init(phys_t address, lapic_choose_fn *wants_x2apic) MUST_CHECK;

/**
 * lapic_init_cpu() - the same on another CPU, which takes the first one's mode.
 *
 * Return: STATUS_OK; STATUS_UNSUPPORTED when this CPU does not take that mode.
 * Context: each CPU but the first when it comes, interrupts off.
 */
status_t lapic_init_cpu(void) MUST_CHECK;

/* Nothing reaches this CPU any more but NMI, INIT and a startup. Context: interrupts off, until
   lapic_init_cpu(). */
void lapic_offline_cpu(void);

/* The mode of all CPUs; LAPIC_NONE before lapic_init(). */
enum lapic_mode lapic_mode(void);

/* As firmware left it. */
enum lapic_mode lapic_mode_found(void);

/* This CPU's identity. Context: any. */
uint32_t lapic_id(void);

/* The version register: bits 0 to 7 the version, 16 to 23 the highest local vector. */
uint32_t lapic_version(void);

/* The interrupt in service with the highest vector has been handled. Context: its handler. */
void lapic_eoi(void);

/* Return: whether @vector was delivered to this CPU and not ended yet; whether it waits to be delivered. */
bool lapic_isr_is_set(uint8_t vector);
bool lapic_irr_is_set(uint8_t vector);

enum lapic_lint {
    LAPIC_LINT_MASKED,
    LAPIC_LINT_NMI,
    LAPIC_LINT_EXTINT /* "ExtINT": the vector comes from the 8259s, past priorities and acknowledgement */
};

/**
 * lapic_set_lint() - what one of this CPU's two local inputs means.
 * @lint: 0 or 1.
 */
void lapic_set_lint(unsigned int lint, enum lapic_lint meaning, struct irq_wiring wiring);

/**
 * lapic_send() - raise a vector on one CPU, also on this.
 * @apic_id: below 255 in xAPIC mode, any in x2APIC mode.
 * @vector:  16 .. 255.
 *
 * Return: STATUS_OK; STATUS_TIMEOUT when the one before is still on its way: nothing was sent then.
 * Context: interrupts off. Not from NMI in xAPIC mode, where it could fall between the two halves of a write.
 */
status_t lapic_send(uint32_t apic_id, uint8_t vector) MUST_CHECK;

/**
 * lapic_send_init(), lapic_send_startup(), lapic_send_nmi() - the same for what is no vector.
 * @page: physical, below 1 MiB and a multiple of 4 KiB: where the CPU begins, in real mode.
 *
 * A startup is heard only by a CPU that waits for it: after INIT, and once. Return, context: as lapic_send();
 * an NMI may be sent from anywhere, and comes also to a CPU with interrupts off.
 */
status_t lapic_send_init(uint32_t apic_id) MUST_CHECK;
status_t lapic_send_startup(uint32_t apic_id, uint32_t page) MUST_CHECK;
status_t lapic_send_nmi(uint32_t apic_id) MUST_CHECK;

/* ---- the timer: counts down at a rate that nobody tells, or compares the time-stamp counter ---- */

enum lapic_timer_mode {
    LAPIC_TIMER_OFF,
    LAPIC_TIMER_MASKED, /* counts down and interrupts nobody */
    LAPIC_TIMER_ONE_SHOT,
    LAPIC_TIMER_TSC_DEADLINE /* only with CPU_FEATURE_TSC_DEADLINE */
};

/* The timer counts a step in this many of its rate. */
#define LAPIC_TIMER_DIVIDER 16

/* Raises VECTOR_TIMER from now on, when it is armed. This CPU's. */
void lapic_timer_set_mode(enum lapic_timer_mode kind);

/* One-shot: interrupts when @count steps have passed; 0 stops it. */
void lapic_timer_arm(uint32_t count);

/* One-shot: steps that are left; 0 when it has stopped. */
uint32_t lapic_timer_current_count(void);

/* Deadline: interrupts when the time-stamp counter reaches @tick, at once when it has; 0 disarms. */
void lapic_timer_arm_deadline(uint64_t tick);

/* ---- counts ---- */

/* How many spurious interrupts this CPU took. */
uint64_t lapic_spurious_count(void);
