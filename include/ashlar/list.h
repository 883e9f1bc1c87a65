/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The one list: doubly linked, circular, the links inside what they link. A list's head is a link
 * of its own. No locks: whoever owns the list has them.
 */
#include <ashlar/types.h>

struct list {
    struct list *next, *previous;
};

/* An empty list, or a link that is in none. */
static inline void list_init(struct list *list)
{
    list->next = list->previous = list;
}

static inline bool list_is_empty(const struct list *list)
{
    return list->next == list;
}

/* @link must be in no list. */
static inline void list_add_first(struct list *list, struct list *link)
{
    link->next = list->next;
    link->previous = list;
    list->next->previous = link;
    list->next = link;
}

static inline void list_add_last(struct list *list, struct list *link)
{
    list_add_first(list->previous, link);
}

/* Leaves @link as one that is in no list. */
static inline void list_remove(struct list *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    list_init(link);
}

/* Walks from the first link; the body must not remove @at. */
#define list_for_each(at, head) for (struct list *at = (head)->next; at != (head); at = at->next)
