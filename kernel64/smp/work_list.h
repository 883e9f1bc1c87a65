/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Lock-free lists of work: many producers add, one consumer takes all at once. Not for waking the consumer:
 * smp/ipi.c, smp/idle.c.
 */
#include <ashlar/types.h>

typedef void work_fn(void *argument);

/* A function to run on another CPU: the producer's memory, not to be touched until it is done. */
struct work {
    work_fn *run;
    void *argument;
    bool is_done;      /* atomic */
    struct work *next; /* work_list.c's */
};

/* Empty when it is zero. */
struct work_list {
    struct work *newest; /* atomic */
};

enum work_add_result {
    WORK_REFUSED, /* the list is closed */
    WORK_ADDED,
    WORK_ADDED_FIRST /* it was empty: the consumer must be woken */
};

/**
 * work_list_add() - add work.
 * @list: open or closed.
 * @work: run and argument filled in; in no list.
 *
 * Return: as above.
 * Context: any, also where another add was interrupted, and NMI.
 * Cost: one compare-and-exchange without contention.
 */
enum work_add_result work_list_add(struct work_list *list, struct work *work);

/* A hint: work that is added at the same time may be missed; its producer gets WORK_ADDED_FIRST. Context:
   any; of an open list. */
static inline bool work_list_is_empty(const struct work_list *list)
{
    return !__atomic_load_n(&list->newest, __ATOMIC_RELAXED);
}

/**
 * work_list_run() - take all work, and run it in the order in which it was added.
 * @list: open or closed; a closed one has no work.
 *
 * Work that is added meanwhile, also by the work itself, is left for the next call. It may be called from
 * work that it runs, and on several CPUs; each runs what it took.
 * Return: false when there was none.
 * Context: the work's; on a list that is closed at times, the consumer's.
 */
bool work_list_run(struct work_list *list);

/**
 * work_list_close() - refuse further work, if the list is empty.
 * @list: open.
 *
 * Return: false when it is not empty, and stays open.
 * Context: the consumer.
 */
bool work_list_close(struct work_list *list) MUST_CHECK;

/* Opens a list that is closed or new; it is empty, as an all-zero list is. Context: the consumer. */
void work_list_open(struct work_list *list);

/* Whether it has run; if so, what it did is visible, and the memory is the producer's again. Context: any. */
static inline bool work_is_done(const struct work *work)
{
    /* Acquire pairs with the release in work_list_run(). */
    return __atomic_load_n(&work->is_done, __ATOMIC_ACQUIRE);
}
