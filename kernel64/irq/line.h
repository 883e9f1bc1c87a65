/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A line: one input of an interrupt controller and the handlers that share it. Pure, hosted-tested; which vector it
 * has is irq.c's affair.
 */
#include <ashlar/dev/irqchip.h>
#include <ashlar/sync.h>

/**
 * irq_handler_fn - a device's handler.
 *
 * Return: whether the device had asked for it. On a line that several share each is called every time; one that
 *         claims what is not its own hides a storm.
 * Context: interrupt, interrupts off. Does not sleep, or release a handler of its own line.
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
    struct irq_chip *chip; /* these: constant */
    uint32_t pin;
    struct irq_wiring wiring;

    uint8_t vector; /* these three: irq.c's; 0: none, nobody has asked */
    unsigned int cpu; /* that it interrupts */
    struct irq_line *next;

    struct spinlock lock; /* held while handlers run, so that one that was removed does not run any more */
    /* guarded by lock: */
    struct irq *handlers;       /* in the order in which they came */
    uint64_t unclaimed;         /* interrupts that none of them claimed */
    unsigned int window;        /* interrupts since the count below began */
    unsigned int window_unclaimed;
    bool is_storming;           /* masked, because nobody claims what comes */
};

/*
 * A line is masked when of LINE_WINDOW interrupts at least LINE_STORM went unclaimed. A level that nobody lowers comes
 * back at once, so that takes milliseconds; a shared line on which every other one is unclaimed goes on for ever.
 */
#define LINE_WINDOW 1000
#define LINE_STORM  990

/**
 * line_add() - one more handler.
 * @irq: filled in by the caller, but for line and next.
 *
 * A line that was masked in a storm gets another chance.
 * Return: STATUS_OK; STATUS_BUSY when it has handlers already and cannot be shared: an edge, or wired otherwise.
 * Context: any but the line's handlers.
 */
status_t line_add(struct irq_line *line, struct irq *irq, struct irq_wiring wiring) MUST_CHECK;

/**
 * line_remove() - takes a handler away. When it returns, the handler does not run and will not.
 *
 * Return: whether the line has no handler left; it is masked then.
 * Context: any but the line's handlers.
 */
bool line_remove(struct irq *irq);

/**
 * line_resume() - goes on after the line was masked for a while, from outside.
 *
 * The handler of an edge is called once, for one that came meanwhile and was not heard; it may find nothing to do.
 * Context: as line_add().
 */
void line_resume(struct irq_line *line);

enum line_outcome {
    LINE_CLAIMED,
    LINE_UNCLAIMED,
    LINE_SPURIOUS, /* the chip says that no device asked: nobody was called, nothing is to be ended */
    LINE_STORM_BEGINS /* unclaimed, and masked from now on */
};

/**
 * line_handle() - an interrupt of this line has come: calls the handlers, and ends it at the chip.
 * Context: its interrupt.
 */
enum line_outcome line_handle(struct irq_line *line);
