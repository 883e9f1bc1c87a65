/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The stacks that exist, so that a backtrace knows where it may read, and a report which stack
 * overflowed. Below each stack lies one page that is not mapped, its guard.
 */
#include <ashlar/types.h>

struct stack {
    const char *name;     /* "boot", "double fault": what a report calls it */
    uint64_t bottom, top; /* [bottom, top); both multiples of 16 */
    struct stack *next;   /* for the list; NULL before stacks_add() */
};

/* Context: early boot, one CPU. @stack stays for good. */
void stacks_add(struct stack *stack);

/* Return: the stack that holds @address, or NULL. Context: any, also NMI and panic. */
const struct stack *stacks_find(uint64_t address);

/* Return: the stack in whose guard page @address lies, or NULL. Context: any, also NMI and panic. */
const struct stack *stacks_find_guard(uint64_t address);

/* Return: the stacks, the newest first; follow next. */
const struct stack *stacks_first(void);
