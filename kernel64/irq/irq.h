/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Device interrupts: request a GSI or an ISA interrupt with a handler. Not for IPIs and the CPU's own
 * vectors: irq/lapic.h, trap/traps.h.
 *
 * Message-signalled interrupts (MSI, MSI-X) come with PCI: they take a vector as a line does, and no chip.
 */
#include <irq/line.h>

/**
 * irq_request() - have a handler called for a GSI.
 * @gsi:     0 .. 2^32 - 1.
 * @wiring:  polarity and trigger, as the device has them or as firmware says.
 * @handler: see irq_handler_fn.
 * @context: passed to @handler.
 * @name:    the device's; the string is kept by reference.
 * @result:  receives what irq_release() takes; untouched on failure.
 *
 * The first interrupt may arrive before this returns. A new line is routed to the calling CPU.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND when no controller has that GSI; STATUS_BUSY when it is in use and
 *         cannot be shared, or firmware has routed it as an SMI; STATUS_UNSUPPORTED when the controller
 *         cannot interrupt this CPU, or not by that pin, as the 8259s' cascade; STATUS_NO_MEMORY, also when
 *         no vector is free.
 * Context: thread, or an interrupt handler that is no line's; not in a cross-call. Takes the lock of the list
 *          of lines, then the line's. Allocates.
 */
status_t irq_request(uint32_t gsi, struct irq_wiring wiring, irq_handler_fn *handler, void *context,
                     const char *name, struct irq **result) MUST_CHECK;

/**
 * irq_request_isa() - the same for an ISA interrupt, which firmware may have wired to any GSI.
 * @isa:     0 .. 15.
 * @handler, @context, @name, @result: as for irq_request().
 *
 * Return: as irq_request(); STATUS_NOT_FOUND also when firmware does not wire it.
 * Context: as irq_request().
 */
status_t irq_request_isa(uint8_t isa, irq_handler_fn *handler, void *context, const char *name,
                         struct irq **result) MUST_CHECK;

/**
 * irq_release() - remove a handler. When this returns, it does not run and will not run again.
 * @irq: from irq_request(); freed.
 *
 * Context: thread; not from a handler or a cross-call. Takes the locks that irq_request() takes.
 */
void irq_release(struct irq *irq);

/**
 * irq_is_storming() - whether the line of a handler is masked, because too many of its interrupts were
 * unhandled: the device raises none until another handler is added to the line.
 * @irq: from irq_request().
 *
 * Context: any, before irq_release().
 */
bool irq_is_storming(const struct irq *irq);

/* A CPU that lines may be routed to. */
struct irq_target {
    unsigned int cpu;
    uint32_t apic_id;
};

/**
 * irq_offline_cpu() - route this CPU's lines to another CPU.
 * @to: an online CPU.
 *
 * No interrupt is lost: a pending one is taken here first, and the handler of an edge-triggered line is
 * called once more for an edge that arrived while the pin was masked; its device may have nothing to
 * report.
 *
 * Return: STATUS_OK; otherwise as irq_request(), or STATUS_TIMEOUT when a pending interrupt does not arrive:
 *         lines that were not moved go on interrupting this CPU.
 * Context: thread, interrupts on; no line is requested on this CPU meanwhile. Takes the locks that
 *          irq_request() takes.
 */
status_t irq_offline_cpu(const struct irq_target *to) MUST_CHECK;

/* ---- setting up, and showing ---- */

/**
 * irq_init() - set up the interrupt controllers: controllers_init().
 *
 * Context: as controllers_init().
 */
void irq_init(void);

/**
 * irq_visit_lines() - call @visit(@context, line) for every line that has a handler.
 *
 * Context: thread. Takes the lock of the list of lines and holds it meanwhile: @visit does not request or
 *          release.
 */
typedef void irq_visit_fn(void *context, const struct irq_line *line);
void irq_visit_lines(irq_visit_fn *visit, void *context);
