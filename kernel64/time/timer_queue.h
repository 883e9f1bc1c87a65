/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Timers: a function that is to be called at a moment, and one queue of them a CPU. Not a clock and not a
 * chip: moments are nanoseconds since boot that the caller read, and the caller programs the hardware for the
 * earliest of them.
 *
 * How a CPU uses its queue, from its timer interrupt:
 *
 *     timer_queue_run(queue, clock_now_ns());
 *     if (timer_queue_next(queue, &deadline_ns))
 *         (program the hardware for deadline_ns; at once if that has passed)
 *
 * and who arms a timer does the second half too, on the CPU of the queue, where timer_queue_arm() says so.
 */
#include <ashlar/sync/spinlock.h>
#include <ashlar/types.h>

struct timer;
struct timer_queue;

/**
 * timer_fn - what is called at the deadline, or as soon after it as the CPU can: the timer's handler.
 * @timer:   what it was armed as; it is not armed any more, unless somebody armed it again since.
 * @context: what timer_init() got.
 *
 * May arm and cancel any timer on any queue, its own too. May free the memory of its own timer, or make it
 * another timer by timer_init(), if nobody else can still arm or cancel it: a queue does not touch a timer
 * after its handler was called. Two CPUs never run the handler of one timer at a time.
 * Context: interrupts off and to be left so, on the CPU whose queue it was armed on; no lock of the queue
 * held.
 */
typedef void timer_fn(struct timer *timer, void *context);

/* Belongs to whoever armed it; the fields are the queue's. */
struct timer {
    timer_fn *run; /* constant after timer_init() */
    void *context; /* constant after timer_init() */

    /* The queue it was last armed on; NULL before the first time. Written under the locks of the queue it
       names and of the one it is going to name, read by anyone: who needs it to stay reads it again under
       that queue's lock. */
    struct timer_queue *queue;

    /* guarded by the lock of @queue: */
    struct timer_queue
        *ran_on; /* the queue that last called the handler, and may still be at it; NULL: none */
    uint64_t deadline_ns;
    uint64_t sequence;    /* among equal deadlines the lower is first */
    struct timer *parent; /* NULL at the top */
    struct timer *left, *right;
    uint32_t rank; /* timers on the way down right links, this one counted */
    bool is_armed; /* it is in one of the heaps of @queue */
};

/*
 * Made by timer_queue_init(). It stays where it is, and exists for as long as any timer that was ever armed
 * on it. The locks of two queues nest by address (ashlar/sync/lock_class.h).
 */
struct timer_queue {
    struct spinlock lock;

    /* guarded by lock: */
    bool is_running;     /* timer_queue_run() is at work */
    struct timer *first; /* the earliest, and the top of the heap of all that may run */
    struct timer *late; /* the heap of what waits for timer_queue_run() to end: armed since, or passed over */
    uint64_t next_sequence;

    /* The timer whose handler is being called, else NULL. Written by the CPU that runs the queue, read by
       anyone. */
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
 * @timer:   not armed, its handler not running, unless it is that handler which calls.
 *
 * Context: any.
 */
void timer_init(struct timer *timer, timer_fn *run, void *context);

/* What timer_queue_arm() found and what it asks for. */
struct timer_arming {
    bool was_armed;   /* it was armed, here or elsewhere, and that deadline no longer stands */
    bool is_earliest; /* the queue's earliest deadline is an earlier one now: the hardware must know */
};

/**
 * timer_queue_arm() - have a timer's handler called at a moment, on the CPU of this queue.
 * @timer:       by timer_init(); armed or not, on this queue or another, its handler running or not.
 * @deadline_ns: since boot; any value, also one that has passed.
 *
 * Equal deadlines run in the order of their arming. Armed while timer_queue_run() is at work on this queue it
 * waits for the next time, even if due: so a handler that always arms itself in the past cannot keep a CPU
 * for ever.
 *
 * Return: is_earliest asks for the hardware to be programmed on the queue's CPU: with interrupts off, for
 *         what timer_queue_next() says then, since something earlier may have come in between. Always false
 *         while timer_queue_run() is at work: its caller asks timer_queue_next() anyway.
 * Context: any but NMI. Takes the locks of this queue and of the one it was armed on.
 * Cost: O(log armed), in the worst case.
 */
struct timer_arming timer_queue_arm(struct timer_queue *queue, struct timer *timer, uint64_t deadline_ns);

/* What timer_cancel() found. Both may be true, of a timer that was armed again while its handler runs. */
struct timer_cancelling {
    bool was_armed;  /* and is not any more: that deadline will not be run */
    bool is_running; /* its handler is running; also where it is the handler that asks */
};

/**
 * timer_cancel() - have a timer not armed; never waits for its handler.
 * @timer: by timer_init().
 *
 * Return: neither: the timer is at rest. Nobody else touches it until somebody arms it.
 * Context: any but NMI. Takes the lock of the queue it was armed on.
 * Cost: O(log armed), in the worst case. The hardware may stay programmed for it: that interrupt finds
 * nothing due.
 */
struct timer_cancelling timer_cancel(struct timer *timer);

/**
 * timer_cancel_wait() - have a timer at rest: not armed, its handler not running, whatever it did seen here.
 * @timer: by timer_init(); its handler must not free it.
 *
 * Cancels again what a running handler arms. What others arm meanwhile they must know.
 *
 * Return: how many armings it cancelled.
 * Context: interrupts on, which is verified: so it is never the handler that waits for itself, and what the
 *          handler may be waiting for from this CPU can come. No lock held that the handler takes. Spins
 *          while the handler runs on another CPU.
 */
unsigned timer_cancel_wait(struct timer *timer);

/**
 * timer_queue_run() - call the handlers of all timers whose deadline is not after a moment.
 * @now_ns: since boot.
 *
 * In the order of their deadlines. Those armed since the call began wait for the next one, and so does one
 * whose handler is still running on another CPU: timer_queue_next() then says a moment that has passed.
 *
 * Return: how many were called; no more than were armed when the call began.
 * Context: the queue's CPU, interrupts off; not from a handler. Takes the queue's lock, not held while a
 * handler runs.
 */
unsigned timer_queue_run(struct timer_queue *queue, uint64_t now_ns);

/**
 * timer_queue_next() - the earliest deadline in a queue.
 * @deadline_ns: it; untouched when nothing is armed.
 *
 * Return: whether anything is armed.
 * Context: any but NMI. Takes the queue's lock. Cost: O(1).
 */
bool timer_queue_next(struct timer_queue *queue, uint64_t *deadline_ns);

/**
 * timer_queue_move_all() - arm on another queue all that is armed on this one: its CPU goes away.
 * @from: empty afterwards. That nobody arms a timer on it any more is for the caller to see to.
 *
 * As if each were armed there now with its own deadline, in the order in which they were armed here.
 *
 * Return: as timer_queue_arm()'s is_earliest, for @to.
 * Context: any but NMI. Takes the locks of both. Cost: O(armed on @from), with interrupts off.
 */
bool timer_queue_move_all(struct timer_queue *from, struct timer_queue *to);
