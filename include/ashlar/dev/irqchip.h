/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The interface of an interrupt controller's driver: pins that are routed to a vector, masked, unmasked. The
 * choice of vectors and the dispatch to handlers are kernel64/irq's.
 *
 * The pins of all controllers together are numbered by GSI (ACPI Specification 6.5, "Global System
 * Interrupts"); a controller has those from gsi_base on.
 */
#include <ashlar/status.h>

/* How a pin is wired. */
struct irq_wiring {
    bool is_level;      /* level triggered; else edge triggered */
    bool is_active_low; /* else active high; of an edge: falling */
};

struct irq_route {
    uint8_t vector;   /* 32 .. 254; a chip with fixed_vector takes only that of the pin */
    uint32_t apic_id; /* of the CPU that is interrupted */
    bool is_nmi;      /* delivered as an NMI; the vector is ignored */
    struct irq_wiring wiring;
};

struct irq_chip {
    const char *name; /* "ioapic", "8259" */
    uint32_t gsi_base;
    uint32_t pin_count;
    uint8_t fixed_vector; /* pin n always raises fixed_vector + n; 0: any vector can be chosen */

    /**
     * route() - set the destination of a pin's interrupts. Masked afterwards.
     * @pin: 0 .. pin_count - 1, here and below.
     *
     * Return: STATUS_OK; STATUS_UNSUPPORTED for a CPU, a vector or an NMI that the chip cannot deliver;
     *         STATUS_BUSY for a pin that belongs to firmware.
     * Context of all: any but NMI; takes a lock of the driver's.
     */
    status_t (*route)(struct irq_chip *self, uint32_t pin, const struct irq_route *route) MUST_CHECK;
    void (*mask)(struct irq_chip *self, uint32_t pin);
    void (*unmask)(struct irq_chip *self, uint32_t pin);

    /* Return: whether an interrupt of this pin was sent and not accepted, or accepted and its EOI is pending.
     * NULL: pins are never rerouted. */
    bool (*is_in_flight)(struct irq_chip *self, uint32_t pin);

    /**
     * begin() - first step of handling an interrupt of this pin. NULL: nothing to do.
     *
     * Return: false for a spurious interrupt, which the chip raised without a request; eoi() is not called
     * then.
     */
    bool (*begin)(struct irq_chip *self, uint32_t pin);

    /* The chip's own EOI, after the handlers. NULL: the local APIC's EOI is the only one. */
    void (*eoi)(struct irq_chip *self, uint32_t pin);

    struct irq_chip *next; /* for the list of kernel64/irq; NULL before */
};
