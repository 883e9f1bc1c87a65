/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Which interrupt controllers this machine has, how its inputs are wired, and setting all of it up.
 */
#include <ashlar/dev/i8259.h>
#include <ashlar/dev/ioapic.h>
#include <ashlar/dev/irqchip.h>

/**
 * irq_init() - find and set up LAPIC, I/O APICs and 8259s; everything is masked afterwards but NMIs.
 *
 * After it, interrupts may be switched on. Says in the log what there is. No machine is refused: without an
 * I/O APIC the 8259s are used, without those nothing can be requested.
 * Context: once, first CPU, interrupts off, memory can be allocated.
 */
void irq_init(void);

/* The local APIC's inputs of this CPU, as firmware wires them. Context: interrupts off, once on each CPU but
   the first. */
void controllers_init_cpu(void);

#define ISA_INTERRUPTS 16

/**
 * controllers_isa_input() - where an ISA interrupt arrives.
 * @isa: 0 .. ISA_INTERRUPTS - 1; nobody has a larger one.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND when firmware does not wire it.
 */
status_t controllers_isa_input(uint8_t isa, uint32_t *gsi, struct irq_wiring *wiring) MUST_CHECK;

/* An interrupt of a vector that no line has. Return: whether it was one of the 8259s', which has been
   ended. */
bool controllers_take_8259_spurious(uint8_t vector);

/* The 8259s; NULL when the machine has none. */
const struct i8259 *controllers_8259(void);

/* Whether interrupts come through I/O APICs; else through the 8259s, if there are any. */
bool controllers_use_ioapics(void);

/* @chip: one of those that irq_next_chip() gives. NULL when it is no I/O APIC. */
struct ioapic *controllers_ioapic_of(struct irq_chip *chip);
