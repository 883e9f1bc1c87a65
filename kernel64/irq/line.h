/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A line: one pin of an interrupt controller and the handlers that share it. Free of hardware, hosted-tested.
 * Not for vectors: irq.c.
 */
#include <ashlar/dev/irqchip.h>
#include <ashlar/sync/spinlock.h>

/**
 * irq_handler_fn - a device's handler.
 *
 * Return: whether its device had raised the interrupt. Every handler of a shared line is called each time;
 *         one that returns true for another device's interrupt hides a storm.
 * Context: interrupts off, the line's lock held: in an interrupt of the line or, for an edge that may have
 *          arrived while the line was masked, in line_resume(). It may allocate, unmap and make cross-calls,
 *          because a waiter for the line's lock polls them. It does not sleep, and neither requests nor
 *          releases a line: those take their locks before a line's.
 */
typedef bool irq_handler_fn(void *context);

/* One handler of a line. */
struct irq {
    irq_handler_fn *handler;
    void *context;
    const char *name; /* of the device */
    struct irq_line *line;
    struct irq *next;
};

struct irq_line {
    /* constant: */
    struct irq_chip *chip;
    uint32_t pin;
    struct irq_wiring wiring;

    /* guarded by irq.c's lines_lock: */
    uint8_t vector;   /* 0: none, not requested */
    unsigned int cpu; /* to which it is routed */
    struct irq_line *next;

    struct spinlock lock; /* held while handlers run, so that one that was removed does not run any more */
    /* guarded by lock: */
    struct irq *handlers;          /* in the order of line_add() */
    uint64_t unhandled;            /* interrupts that every handler declined */
    unsigned int window;           /* interrupts in the current window of LINE_WINDOW */
    unsigned int window_unhandled; /* of those, the unhandled ones */
    bool is_storming; /* masked, because too many interrupts were unhandled; atomic: read without the lock */
};

/* Whether two chips have a GSI in common; whether all GSIs of a chip are below 2^32. Context of both: any. */
bool line_gsis_overlap(const struct irq_chip *one, const struct irq_chip *other);
bool line_gsis_are_numbers(const struct irq_chip *chip);

/* The waiting policy of this room's locks. A handler may make a cross-call, also by allocating when memory is
   short, and so wait for a CPU that waits here: the waiter polls cross-calls. Unfair, because few CPUs ever
   wait, and one that a hypervisor has halted must not delay the others. */
#define LINE_LOCK_POLICY .fairness = LOCK_UNFAIR, .polls_calls = true

/**
 * irq_line_init() - make a line without a handler.
 * @pin: of @chip.
 *
 * Context: any; no other CPU knows the line yet.
 */
void irq_line_init(struct irq_line *line, struct irq_chip *chip, uint32_t pin);

/*
 * A line is masked when at least LINE_STORM of LINE_WINDOW interrupts were unhandled. A level-triggered
 * input that stays asserted interrupts again at once, so a storm is found within milliseconds; a shared
 * line of which every other interrupt is unhandled is never masked.
 */
#define LINE_WINDOW 1000
#define LINE_STORM  990

/**
 * line_add() - add a handler to a line, and unmask it.
 * @line:   initialized: chip, pin and wiring.
 * @irq:    handler, context and name filled in by the caller; in the line's list from now on.
 * @wiring: polarity and trigger of the device.
 *
 * A line that was masked in a storm is unmasked again.
 * Return: STATUS_OK; STATUS_BUSY when it has handlers and cannot be shared: edge triggered, or another
 *         polarity or trigger.
 * Context: any but NMI, a line's handler and a cross-call. Takes the line's lock.
 */
status_t line_add(struct irq_line *line, struct irq *irq, struct irq_wiring wiring) MUST_CHECK;

/**
 * line_remove() - remove a handler. When this returns, it does not run and will not run again.
 * @irq: in a line's list.
 *
 * Return: whether the line has no handler left; it is masked then.
 * Context: any but NMI, a line's handler and a cross-call; not from a handler. Takes the line's lock.
 */
bool line_remove(struct irq *irq);

/**
 * line_resume() - unmask a line that a caller outside of this file had masked for a while.
 * @line: with handlers or without.
 *
 * The handlers of an edge-triggered line are called once, because an edge that arrived while the pin was
 * masked is lost; their device may have nothing to report.
 * Context: any but NMI, a line's handler and a cross-call; handlers run in it with interrupts off. Takes the
 * line's lock.
 */
void line_resume(struct irq_line *line);

enum line_outcome {
    LINE_HANDLED,
    LINE_UNHANDLED,
    LINE_SPURIOUS,    /* the chip had no cause for it: no handler was called, and no EOI is due */
    LINE_STORM_MASKED /* unhandled, and masked from now on */
};

/**
 * line_handle() - handle an interrupt of a line: call its handlers, and end it at the chip.
 * @line: whose vector was raised.
 *
 * Return: as above.
 * Context: its interrupt. Takes the line's lock.
 */
enum line_outcome line_handle(struct irq_line *line);
