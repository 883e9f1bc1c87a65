/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The known stacks: the memory that a backtrace may read, and the guard pages, by which a report recognises
 * an overflow. The page below each stack is its guard and not mapped.
 */
#include <ashlar/addr.h>

struct stack {
    const char *name;   /* "boot", "double fault": for reports */
    virt_t bottom, top; /* [bottom, top); both multiples of 16 */
    struct stack *next; /* for the list; NULL before stacks_add() */
};

/**
 * stacks_add() - register a stack.
 * @stack: must persist.
 *
 * Context: boot or CPU start, one caller at a time.
 */
void stacks_add(struct stack *stack);

/**
 * stacks_find() - find the stack of an address.
 * @address: any number.
 *
 * Return: NULL when there is none.
 * Context: any, also NMI and panic.
 */
const struct stack *stacks_find(virt_t address);

/**
 * stacks_find_guard() - find the stack of an address in its guard page.
 * @address: any number.
 *
 * Return: NULL when there is none.
 * Context: any, also NMI and panic.
 */
const struct stack *stacks_find_guard(virt_t address);

/**
 * stacks_first() - get the newest stack; the others follow by next.
 *
 * Context: any.
 */
const struct stack *stacks_first(void);
