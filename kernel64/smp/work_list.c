/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of work: add by compare and exchange, take all by exchange.
 *
 * No single node is ever taken, so there is no ABA problem. A list that was taken is reversed, so that it
 * runs in the order in which it was added.
 *
 * The orders, none of which can be weaker:
 *
 *     add: release               the work and its next are filled in. Each add is a read-modify-write, so an
 *                                acquire of the newest node has acquired all nodes below it. An add does
 *                                not read the node that it finds: relaxed when it fails.
 *     take: acquire              pairs with it. No release: it publishes nothing.
 *     is_done = true: release    what was done, and that next was read before: the memory may be freed.
 *     work_is_done(): acquire    pairs with it.
 *
 * A closed list holds a static sentinel node, so closing is one compare-and-exchange against an empty list.
 * It takes and publishes nothing: relaxed, as opening is.
 *
 * Whether the list was empty needs no order of its own: in the modification order of `newest` exactly the
 * first add after a take finds it empty.
 */
#include <smp/work_list.h>

static struct work closed;

enum work_add_result work_list_add(struct work_list *list, struct work *work)
{
    struct work *newest = __atomic_load_n(&list->newest, __ATOMIC_RELAXED);
    work->is_done = false;
    do {
        if (newest == &closed)
            return WORK_REFUSED;
        work->next = newest;
    } while (
        !__atomic_compare_exchange_n(&list->newest, &newest, work, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
    return newest ? WORK_ADDED : WORK_ADDED_FIRST;
}

static struct work *take_all(struct work_list *list)
{
    struct work *newest = __atomic_exchange_n(&list->newest, NULL, __ATOMIC_ACQUIRE), *oldest = NULL;
    while (newest) {
        struct work *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

bool work_list_run(struct work_list *list)
{
    /* A polling loop must not take the cache line away from those that add. Only the consumer closes the
       list, so that it is not closed before the exchange. */
    const struct work *newest = __atomic_load_n(&list->newest, __ATOMIC_RELAXED);
    if (!newest || newest == &closed)
        return false;
    struct work *work = take_all(list);
    while (work) {
        struct work *next = work->next;
        work->run(work->argument);
        __atomic_store_n(&work->is_done, true, __ATOMIC_RELEASE);
        work = next;
    }
    return true;
}

bool work_list_close(struct work_list *list)
{
    struct work *none = NULL;
    return __atomic_compare_exchange_n(&list->newest, &none, &closed, false, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED);
}

void work_list_open(struct work_list *list)
{
    __atomic_store_n(&list->newest, NULL, __ATOMIC_RELAXED);
}
