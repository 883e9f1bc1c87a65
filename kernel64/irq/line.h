/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A line: one input of an interrupt controller and the handlers that share it. Pure, hosted-tested; which
 * vector it has is irq.c's affair.
 */
#include <ashlar/dev/irqchip.h>
#include <ashlar/sync/spinlock.h>

/**
 * irq_handler_fn - a device's handler.
 *
 * Return: whether the device had asked for it. On a line that several share each is called every time; one
 *         that claims what is not its own hides a storm.
 * Context: interrupts off, the line's lock held: an interrupt of the line, or, for an edge that may have come
 *          while the line was masked, whoever calls line_resume(). It may allocate, unmap and call other
 *          CPUs, because who waits for the lock serves meanwhile. It does not sleep, and neither requests nor
 *          releases: those take their locks before a line's.
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

    uint8_t vector;   /* these three: irq.c's; 0: none, nobody has asked */
    unsigned int cpu; /* that it interrupts */
    struct irq_line *next;

    struct spinlock lock; /* held while handlers run, so that one that was removed does not run any more */
    /* guarded by lock: */
    struct irq *handlers; /* in the order in which they came */
    uint64_t unhandled;   /* interrupts that none of them claimed */
    unsigned int window;  /* interrupts since the count below began */
    unsigned int window_unhandled;
    bool is_storming; /* masked, because nobody claims what comes */
};

/* Whether two chips claim the same GSI; whether all GSIs of a chip are below 2^32. */
bool line_gsis_overlap(const struct irq_chip *one, const struct irq_chip *other);
bool line_gsis_are_numbers(const struct irq_chip *chip);

/* The slow path of line_lock(): interrupts off, and returns with the lock. */
NOINLINE void line_wait(struct spinlock *lock);

/**
 * line_lock() - spin_lock() for the locks of this room, under which handlers run.
 *
 * A handler may call other CPUs, also by allocating when memory is short, and waits for the one that waits
 * here. So what others want of this CPU is done meanwhile.
 * Return: for spin_unlock(). Context: any but NMI, a handler, and a function that another CPU called.
 */
static ALWAYS_INLINE irq_flags_t line_lock(struct spinlock *lock)
{
    irq_flags_t state = local_irq_save();
    if (UNLIKELY(!spin_take_free(lock)))
        line_wait(lock);
    return state;
}

/**
 * line_serve_by() - how to serve other CPUs.
 * @serve: as for spin_wait_serving(). What is served requests and releases nothing.
 *
 * Context: before there is a second CPU.
 */
void line_serve_by(void (*serve)(void));

/*
 * A line is masked when of LINE_WINDOW interrupts at least LINE_STORM went unhandled. A level that nobody
 * lowers comes back at once, so that takes milliseconds; a shared line on which every other one is unhandled
 * goes on for ever.
 */
#define LINE_WINDOW 1000
#define LINE_STORM  990

/**
 * line_add() - one more handler.
 * @irq: filled in by the caller, but for line and next.
 *
 * A line that was masked in a storm gets another chance.
 * Return: STATUS_OK; STATUS_BUSY when it has handlers already and cannot be shared: an edge, or wired
 * otherwise.
 * Context: as line_lock().
 */
status_t line_add(struct irq_line *line, struct irq *irq, struct irq_wiring wiring) MUST_CHECK;

/**
 * line_remove() - takes a handler away. When it returns, the handler does not run and will not.
 *
 * Return: whether the line has no handler left; it is masked then.
 * Context: as line_lock().
 */
bool line_remove(struct irq *irq);

/**
 * line_resume() - goes on after the line was masked for a while, from outside.
 *
 * The handler of an edge is called once, for one that came meanwhile and was not heard; it may find nothing
 * to do.
 * Context: as line_lock(); the handler runs in it, with interrupts off.
 */
void line_resume(struct irq_line *line);

enum line_outcome {
    LINE_HANDLED,
    LINE_UNHANDLED,
    LINE_SPURIOUS,    /* the chip says that no device asked: nobody was called, nothing is to be ended */
    LINE_STORM_MASKED /* unhandled, and masked from now on */
};

/**
 * line_handle() - an interrupt of this line has come: calls the handlers, and ends it at the chip.
 * Context: its interrupt.
 */
enum line_outcome line_handle(struct irq_line *line);
