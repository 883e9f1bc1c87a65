/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Lists of work that anybody adds to and one takes, all at once, without a lock.
 *
 * How the taker learns that there is something is not here.
 */
#include <ashlar/types.h>

typedef void work_fn(void *argument);

/* Something to be done elsewhere: the giver's memory, not to be touched until it is done. */
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
    WORK_ADDED_FIRST /* it was empty: nobody has told the taker yet */
};

/**
 * work_list_add() - add work that is to be done.
 * @work: run and argument filled in; in no list.
 *
 * Context: any, also where another add was interrupted, and NMI.
 */
enum work_add_result work_list_add(struct work_list *list, struct work *work);

/* Context: any, of an open list. What is added at the same time may not be seen; whoever adds to an empty
   list is told so. */
static inline bool work_list_is_empty(const struct work_list *list)
{
    return !__atomic_load_n(&list->newest, __ATOMIC_RELAXED);
}

/**
 * work_list_run() - take all that there is, and do it in the order in which it was added.
 *
 * Return: false when there was nothing.
 * Context: the work's. What is added meanwhile, also by the work itself, waits for the next time. It may be
 *          run from within work that it runs, and on several CPUs; each does what it took.
 */
bool work_list_run(struct work_list *list);

/**
 * work_list_close() - from now on nothing is added, unless there is something to be done.
 *
 * Return: false when there is; the list is as it was. Context: the taker.
 */
bool work_list_close(struct work_list *list) MUST_CHECK;

/* Empty, and open: what it also is when it is zero. Context: the taker, of a list that is closed or new. */
void work_list_open(struct work_list *list);

/* Whether it has been done; if so, what it did is seen, and its memory is the giver's again. Context: any. */
static inline bool work_is_done(const struct work *work)
{
    /* Acquire pairs with the release in work_list_run(). */
    return __atomic_load_n(&work->is_done, __ATOMIC_ACQUIRE);
}
