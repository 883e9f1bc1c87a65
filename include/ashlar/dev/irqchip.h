/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What a driver of an interrupt controller offers: inputs that are routed to a vector, masked, unmasked.
 * Which vector, and who is called: kernel64/irq decides.
 *
 * Inputs of all controllers together are numbered by GSI (ACPI Specification, "Global System Interrupts"); a
 * controller has those from gsi_base on.
 */
#include <ashlar/status.h>

/* How an input is wired. */
struct irq_wiring {
    bool is_level;      /* asserted as long as the device wants something; else an edge */
    bool is_active_low; /* else active high; of an edge: the falling one */
};

struct irq_route {
    uint8_t vector;   /* 32 .. 254; a chip with fixed_vector takes only that of the pin */
    uint32_t apic_id; /* of the CPU that is interrupted */
    bool is_nmi;      /* not by the vector, but as an NMI */
    struct irq_wiring wiring;
};

struct irq_chip {
    const char *name; /* "ioapic", "8259" */
    uint32_t gsi_base;
    uint32_t pin_count;
    uint8_t fixed_vector; /* pin n always raises fixed_vector + n; 0: any vector can be chosen */

    /**
     * route() - where the interrupts of an input go. Masked afterwards.
     * @pin: 0 .. pin_count - 1, here and below.
     *
     * Return: STATUS_OK; STATUS_UNSUPPORTED when the chip cannot: a CPU it does not reach, a vector, an NMI.
     * Context of all: any but NMI; takes a lock of the driver's.
     */
    status_t (*route)(struct irq_chip *self, uint32_t pin, const struct irq_route *route) MUST_CHECK;
    void (*mask)(struct irq_chip *self, uint32_t pin);
    void (*unmask)(struct irq_chip *self, uint32_t pin);

    /* Return: whether an interrupt of this pin was sent and not taken, or taken and not ended. NULL: it never
       moves. */
    bool (*is_in_flight)(struct irq_chip *self, uint32_t pin);

    /**
     * begin() - an interrupt of this pin has come. NULL: nothing to do.
     *
     * Return: false when it is none: the chip raised the vector and no device asked for it. end() is not
     * called then.
     */
    bool (*begin)(struct irq_chip *self, uint32_t pin);

    /* It has been handled: the chip's own acknowledgement. NULL: the CPU's (LAPIC) is the only one. */
    void (*eoi)(struct irq_chip *self, uint32_t pin);

    struct irq_chip *next; /* for the list of kernel64/irq; NULL before */
};
