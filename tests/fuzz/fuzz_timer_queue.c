/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sequences of arming, cancelling, running and moving, on three queues; each three bytes of the input are
 * an operation, in a handler too. Which timers run, and in which order, is compared with an array of the
 * same deadlines.
 */
#include <ashlar/check.h>
#include <time/timer_queue.h>

#include "fuzz.h"

#define QUEUES 3
#define TIMERS 64

NORETURN void verify_failed(const char *expression, const char *file, int line)
{
    (void)expression;
    (void)file;
    (void)line;
    abort();
}

static struct timer_queue queues[QUEUES];

static void init_queues(void)
{
    for (unsigned int i = 0; i < QUEUES; i++)
        timer_queue_init(&queues[i]);
}
static struct modelled {
    struct timer timer;
    bool is_armed, is_late;
    unsigned int queue;
    uint64_t deadline_ns, order;
} all[TIMERS];
static uint64_t next_order, running_now;
static unsigned int running; /* QUEUES: none */
static const uint8_t *input, *input_end;

static unsigned int byte(void)
{
    return input < input_end ? *input++ : 0;
}

static struct modelled *first_of(unsigned int queue, bool with_late)
{
    struct modelled *first = NULL;
    for (struct modelled *at = all; at < all + TIMERS; at++)
        if (at->is_armed && at->queue == queue && (with_late || !at->is_late) &&
            (!first || at->deadline_ns < first->deadline_ns ||
             (at->deadline_ns == first->deadline_ns && at->order < first->order)))
            first = at;
    return first;
}

static void note(struct modelled *one, unsigned int queue, uint64_t deadline_ns)
{
    one->is_armed = true;
    one->is_late = queue == running;
    one->queue = queue;
    one->deadline_ns = deadline_ns;
    one->order = next_order++;
}

static void arm(struct modelled *one, unsigned int queue, uint64_t deadline_ns)
{
    struct modelled *first = first_of(queue, true);
    struct timer_arming got = timer_queue_arm(&queues[queue], &one->timer, deadline_ns);
    insist(got.was_armed == one->is_armed);
    insist(got.is_earliest == (queue != running && (!first || deadline_ns < first->deadline_ns)));
    note(one, queue, deadline_ns);
}

static void cancel(struct modelled *one)
{
    insist(timer_cancel(&one->timer).was_armed == one->is_armed);
    one->is_armed = false;
}

/* Oldest first, so that the order among them stays. */
static void move_all(unsigned int from, unsigned int to)
{
    (void)timer_queue_move_all(&queues[from], &queues[to]);
    uint64_t limit = next_order;
    while (from != to) {
        struct modelled *oldest = NULL;
        for (struct modelled *at = all; at < all + TIMERS; at++)
            if (at->is_armed && at->queue == from && at->order < limit &&
                (!oldest || at->order < oldest->order))
                oldest = at;
        if (!oldest)
            return;
        note(oldest, to, oldest->deadline_ns);
    }
}

static void run(unsigned int queue, uint64_t now_ns)
{
    running = queue;
    running_now = now_ns;
    (void)timer_queue_run(&queues[queue], now_ns);
    struct modelled *left = first_of(queue, false);
    insist(!left || left->deadline_ns > now_ns);
    running = QUEUES;
    for (unsigned int i = 0; i < TIMERS; i++)
        all[i].is_late = false;
}

static void operation(void)
{
    unsigned int what = byte(), which = byte(), when = byte();
    unsigned int queue = what / 8 % QUEUES;
    struct modelled *one = &all[which % TIMERS];
    switch (what % 8) {
    case 0:
        if (running == QUEUES)
            run(queue, when);
        break;
    case 1:
        cancel(one);
        break;
    case 2:
        move_all(queue, which % QUEUES);
        break;
    default:
        arm(one, queue, when == 255 ? UINT64_MAX : when);
    }
    uint64_t next_ns;
    struct modelled *first = first_of(queue, true);
    insist(timer_queue_next(&queues[queue], &next_ns) == (first != NULL) &&
           (!first || next_ns == first->deadline_ns));
}

static void called(struct timer *timer, void *context)
{
    struct modelled *one = context;
    insist(timer == &one->timer && one == first_of(running, false) && one->deadline_ns <= running_now);
    one->is_armed = false;
    for (unsigned int i = byte() % 4; i > 0; i--)
        operation();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input = data;
    input_end = data + size;
    running = QUEUES;
    init_queues();
    memset(all, 0, sizeof(all));
    for (unsigned int i = 0; i < TIMERS; i++)
        timer_init(&all[i].timer, called, &all[i]);
    while (input < input_end)
        operation();
    /* All that is armed still runs, and runs once. */
    for (unsigned int i = 0; i < QUEUES; i++)
        run(i, UINT64_MAX);
    for (unsigned int i = 0; i < TIMERS; i++)
        insist(!all[i].is_armed && !all[i].timer.is_armed);
    return 0;
}
