/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Interrupts for those who want one: ask for a GSI or an ISA interrupt, give a handler.
 *
 * Interrupts that are messages (MSI, MSI-X) come with PCI: they take a vector as a line does, and no chip.
 */
#include <irq/line.h>

/**
 * irq_request() - have a handler called for an input of the machine.
 * @gsi:     which.
 * @wiring:  as the device has it, or as firmware says.
 * @name:    of the device; stays where it is.
 * @result:  receives what irq_release() takes; untouched on failure.
 *
 * The first interrupt may come before this returns.
 * Return: STATUS_OK; STATUS_NOT_FOUND when no controller has that input; STATUS_BUSY when somebody has it and
 *         it cannot be shared; STATUS_UNSUPPORTED when the controller cannot interrupt this CPU;
 *         STATUS_NO_MEMORY, also when all vectors are taken.
 * Context: thread, or an interrupt that is no line's; not in a function that another CPU called.
 */
status_t irq_request(uint32_t gsi, struct irq_wiring wiring, irq_handler_fn *handler, void *context,
                     const char *name, struct irq **result) MUST_CHECK;

/**
 * irq_request_isa() - the same for an ISA interrupt, which firmware may have wired to any GSI.
 * @isa: 0 .. 15.
 */
status_t irq_request_isa(uint8_t isa, irq_handler_fn *handler, void *context, const char *name,
                         struct irq **result) MUST_CHECK;

/**
 * irq_release() - ends it. When this returns, the handler does not run and will not.
 * Context: thread; not from a handler.
 */
void irq_release(struct irq *irq);

/* A CPU that lines may interrupt. */
struct irq_target {
    unsigned int cpu;
    uint32_t apic_id;
};

/**
 * irq_offline_cpu() - the lines that interrupt this CPU interrupt another from now on.
 * @to: online.
 *
 * Nothing is lost: what is on its way is taken here first, and the handler of an edge is called once more for
 * what came while the input was masked; it may find nothing to do.
 * Return: STATUS_OK; otherwise as irq_request(), or STATUS_TIMEOUT when what is on its way does not arrive:
 *         lines that were not moved go on interrupting this CPU.
 * Context: thread, interrupts on; no line is requested on this CPU meanwhile.
 */
status_t irq_offline_cpu(const struct irq_target *to) MUST_CHECK;

/* ---- for who sets up the machine, and who shows it ---- */

/**
 * irq_add_chip() - lines of @chip can be requested from now on. Its gsi_base and pin_count are constant.
 *
 * Return: STATUS_OK; STATUS_EXISTS when a chip that was added before has one of its GSIs; STATUS_INVALID when
 * they pass 2^32.
 * Context: irq_init().
 */
status_t irq_add_chip(struct irq_chip *chip) MUST_CHECK;

/* The trap handler of every vector that a line may have. */
struct trap_frame;
void irq_dispatch(struct trap_frame *frame);

/* An interrupt that nobody handles has come: ends it where it came from, if it came from a controller. */
void irq_take_unexpected(uint8_t vector);

/* The chips, in the order in which they were added. @chip: NULL to begin with. */
struct irq_chip *irq_next_chip(struct irq_chip *chip);

/* Return: the chip that has this input, with its pin there; NULL when none has. */
struct irq_chip *irq_chip_of(uint32_t gsi, uint32_t *pin);

/**
 * irq_visit_lines() - every line that has a handler.
 * Context: thread. @visit must not request or release.
 */
typedef void irq_visit_fn(void *context, const struct irq_line *line);
void irq_visit_lines(irq_visit_fn *visit, void *context);
