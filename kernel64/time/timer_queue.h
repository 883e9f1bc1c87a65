/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Timers: a function to be called at a time, and one queue of them for each CPU. Not a clock and not a
 * device: the caller reads the time, in nanoseconds since boot, and programs the clockevent for the earliest
 * deadline.
 *
 * How a CPU uses its queue, from its timer interrupt:
 *
 *     timer_queue_run(queue, clock_now_ns());
 *     if (timer_queue_next(queue, &deadline_ns))
 *         (program the hardware for deadline_ns; at once if that has passed)
 *
 * and a caller of timer_queue_arm() does the second half too, on the queue's CPU, when that returns
 * is_earliest.
 */
#include <ashlar/sync/spinlock.h>
#include <ashlar/types.h>

struct timer;
struct timer_queue;

/**
 * timer_fn - a timer's handler, called at the deadline or as soon after it as the CPU can.
 * @timer:   not armed any more, unless it was armed again since.
 * @context: of timer_init().
 *
 * It may arm and cancel any timer on any queue, also its own. It may free its own timer, or make it another
 * timer by timer_init(), if no other code can still arm or cancel it: a queue does not access a timer after
 * its handler was called. Two CPUs never run the handler of one timer at a time.
 * Context: interrupts off and to be left so, on the CPU whose queue it was armed on; no lock of the queue
 *          held.
 */
typedef void timer_fn(struct timer *timer, void *context);

/* Allocated by the caller; the fields are private to the queue. */
struct timer {
    timer_fn *run; /* constant after timer_init() */
    void *context; /* constant after timer_init() */

    /* The queue it was last armed on; NULL before the first time. Written under the locks of the old queue
       and of the new one; read without: a reader that needs it to stay reads it again under that queue's
       lock. */
    struct timer_queue *queue;

    /* guarded by the lock of @queue: */
    /* The queue that last called the handler, which may still be running; NULL: none. */
    struct timer_queue *ran_on;
    uint64_t deadline_ns;
    uint64_t sequence;    /* among equal deadlines the lower is first */
    struct timer *parent; /* NULL at the top */
    struct timer *left, *right;
    uint32_t rank; /* timers on the right spine, this one included */
    bool is_armed; /* it is in one of the heaps of @queue */
};

/*
 * Made by timer_queue_init(). It does not move, and exists for as long as any timer that was ever armed on
 * it. The locks of two queues nest by address (ashlar/sync/lock_class.h).
 */
struct timer_queue {
    struct spinlock lock;
    /* guarded by lock, like the fields of struct timer marked so: */
    bool is_running;     /* timer_queue_run() is active */
    struct timer *first; /* the earliest: top of the heap of all that may run */
    struct timer *late;  /* top of the heap of those left for the next run: armed since, or skipped */
    uint64_t next_sequence;

    /* The timer whose handler is running, else NULL. Written by the CPU that runs the queue, read by any. */
    struct timer *running;
};

/**
 * timer_queue_init() - make an empty queue.
 *
 * Context: any; no other CPU uses the queue.
 */
void timer_queue_init(struct timer_queue *queue);

/**
 * timer_init() - make a timer that is not armed.
 * @timer:   not armed, its handler not running, unless called by that handler.
 * @run:     its handler.
 * @context: passed to it.
 *
 * Context: any.
 */
void timer_init(struct timer *timer, timer_fn *run, void *context);

/* The result of timer_queue_arm(). */
struct timer_arming {
    bool was_armed;   /* it was armed, on this queue or another; that deadline is void */
    bool is_earliest; /* the queue's earliest deadline is an earlier one now: program the clockevent */
};

/**
 * timer_queue_arm() - have a timer's handler called at a time, on the CPU of a queue.
 * @queue:       of the CPU.
 * @timer:       by timer_init(); armed or not, on this queue or another, its handler running or not.
 * @deadline_ns: since boot; any value, also one that has passed.
 *
 * Equal deadlines run in the order of arming. A timer that is armed while timer_queue_run() is active on this
 * queue is left for the next run, even if due: so a handler that always arms its timer in the past cannot
 * occupy a CPU for ever.
 *
 * Return: is_earliest: the caller must program the clockevent of the queue's CPU, with interrupts off, for
 *         the result of timer_queue_next() at that time, since an earlier timer may have been armed in
 *         between. Always false while timer_queue_run() is active: its caller calls timer_queue_next()
 *         anyway.
 * Context: any but NMI. Takes the locks of this queue and of the one it was armed on.
 * Cost: O(log armed), in the worst case.
 */
struct timer_arming timer_queue_arm(struct timer_queue *queue, struct timer *timer, uint64_t deadline_ns);

/* The result of timer_cancel(). Both are true if it was armed again while its handler was running. */
struct timer_cancelling {
    bool was_armed;  /* and is not any more: the handler will not be called for that deadline */
    bool is_running; /* its handler is running; also when called by that handler */
};

/**
 * timer_cancel() - disarm a timer, without waiting for its handler.
 * @timer: by timer_init().
 *
 * Return: both false: the timer is idle, and is not accessed until it is armed.
 * Context: any but NMI. Takes the lock of the queue it was armed on.
 * Cost: O(log armed), in the worst case. The clockevent may stay programmed for it: that interrupt finds no
 *       timer due.
 */
struct timer_cancelling timer_cancel(struct timer *timer);

/**
 * timer_cancel_wait() - disarm a timer, and wait for its handler: its effects are visible on return.
 * @timer: by timer_init(); its handler must not free it.
 *
 * Cancels it again if a running handler has armed it. The caller ensures that no other code arms it
 * meanwhile.
 *
 * Return: how many times it was armed and cancelled.
 * Context: thread, interrupts on, which is verified: so a handler never waits for itself, and what the
 *          handler may wait for from this CPU can arrive. No lock held that the handler takes. Spins while
 *          the handler runs on another CPU.
 */
unsigned int timer_cancel_wait(struct timer *timer);

/**
 * timer_queue_run() - call the handlers of all timers that are due, in the order of their deadlines.
 * @queue:  this CPU's.
 * @now_ns: since boot; a timer is due when its deadline is not after it.
 *
 * Timers armed since the call began are left for the next one, and so is one whose handler is still running
 * on another CPU: timer_queue_next() then gives a time that has passed.
 *
 * Return: how many were called; no more than were armed when the call began.
 * Context: the queue's CPU, interrupts off; not from a handler. Takes the queue's lock, not held while a
 * handler runs.
 */
unsigned int timer_queue_run(struct timer_queue *queue, uint64_t now_ns);

/**
 * timer_queue_next() - the earliest deadline in a queue.
 * @queue:       any CPU's.
 * @deadline_ns: receives it; untouched when no timer is armed.
 *
 * Return: whether a timer is armed.
 * Context: any but NMI. Takes the queue's lock.
 * Cost: O(1).
 */
bool timer_queue_next(struct timer_queue *queue, uint64_t *deadline_ns);

/* A timer that is armed, for a display. */
struct timer_armed {
    uint64_t deadline_ns;
    timer_fn *run;
};

/**
 * timer_queue_list() - copy the earliest timers that are armed on a queue.
 * @queue:    any CPU's.
 * @armed:    receives them, the earliest first; equal deadlines in any order.
 * @capacity: of @armed, in timers.
 *
 * Return: how many are armed; if more than @capacity, the latest are not copied.
 * Context: any but NMI. Takes the queue's lock.
 * Cost: O(armed * capacity), with interrupts off: for the monitor.
 */
size_t timer_queue_list(struct timer_queue *queue, struct timer_armed *armed, size_t capacity);

/**
 * timer_queue_move_all() - move all timers that are armed to another queue, because the CPU goes offline.
 * @from: empty afterwards. The caller ensures that no timer is armed on it from then on.
 * @to:   another queue, or the same: then nothing is done.
 *
 * As if each were armed there now with its own deadline, in the order in which they were armed on @from.
 *
 * Return: as timer_queue_arm()'s is_earliest, for @to.
 * Context: any but NMI. Takes the locks of both.
 * Cost: O(armed on @from), with interrupts off.
 */
bool timer_queue_move_all(struct timer_queue *from, struct timer_queue *to);
