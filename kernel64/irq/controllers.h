/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Which interrupt controllers this machine has, how its ISA interrupts and NMIs are wired, and setting all
 * of it up. Not for requesting interrupts: irq/irq.h.
 */
#include <ashlar/dev/i8259.h>
#include <ashlar/dev/ioapic.h>
#include <ashlar/dev/irqchip.h>
#include <trap/traps.h>

/**
 * controllers_init() - find and initialize local APIC, I/O APICs and 8259s; only NMI inputs are unmasked
 * afterwards.
 * @dispatch: the trap handler of every vector of the 8259s.
 *
 * Interrupts may be enabled after it. Logs what it found. No machine is refused: without an I/O APIC the
 * 8259s are used; without those, irq_request() finds no GSI.
 * Context: once, BSP, interrupts off, memory can be allocated.
 */
void controllers_init(trap_handler_fn *dispatch);

/**
 * controllers_init_cpu() - program this CPU's LINT pins as firmware describes them.
 *
 * Context: interrupts off, once on each AP, after lapic_init_cpu().
 */
void controllers_init_cpu(void);

#define ISA_INTERRUPTS 16

/**
 * controllers_isa_input() - the GSI of an ISA interrupt.
 * @isa:    0 .. 255; none above ISA_INTERRUPTS - 1 is wired.
 * @gsi:    receives it; untouched on failure.
 * @wiring: receives polarity and trigger; untouched on failure.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND when firmware does not wire it.
 * Context: any, after controllers_init().
 */
status_t controllers_isa_input(uint8_t isa, uint32_t *gsi, struct irq_wiring *wiring) MUST_CHECK;

/**
 * controllers_take_8259_spurious() - handle a vector of the 8259s that no line has, with its EOI if it
 * needs one.
 * @vector: 32 .. 255.
 *
 * Return: whether it is one of the 8259s'.
 * Context: its interrupt.
 */
bool controllers_take_8259_spurious(uint8_t vector);

/* The 8259s; NULL when the machine has none. Context: any, after controllers_init(). */
const struct i8259 *controllers_8259(void);

/* Whether ISA interrupts arrive at I/O APICs, not at the 8259s. Context: any, after controllers_init(). */
bool controllers_use_ioapics(void);

/* The I/O APIC that @chip, from irq_next_chip(), is; NULL when it is the 8259 pair. Context: any. */
struct ioapic *controllers_ioapic_of(struct irq_chip *chip);
