/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Doubly linked circular list, with the links inside the linked structures. A list's head is a link of its
 * own.
 *
 * Context of all: any; the caller holds the lock that guards the list, if it needs one; unchecked,
 * because a list does not know its lock.
 */
#include <ashlar/types.h>

struct list {
    struct list *next, *previous;
};

/* Initialises an empty list, or a link that is in no list. */
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

/* Afterwards @link is in no list, as after list_init(). */
static inline void list_remove(struct list *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    list_init(link);
}

/* Walks from the first link; the body must not remove @at. */
#define list_for_each(at, head) for (struct list *at = (head)->next; at != (head); at = at->next)
