/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The known stacks, so that a backtrace knows where it may read, and a report which stack overflowed. Below
 * each stack lies one unmapped page, its guard.
 */
#include <ashlar/types.h>

struct stack {
    const char *name;     /* "boot", "double fault": for reports */
    uint64_t bottom, top; /* [bottom, top); both multiples of 16 */
    struct stack *next;   /* for the list; NULL before stacks_add() */
};

/**
 * stacks_add() - make a stack known.
 * @stack: stays for good.
 *
 * Context: boot or CPU start, one caller at a time.
 */
void stacks_add(struct stack *stack);

/**
 * stacks_find() - the stack that an address lies in.
 * @address: any number.
 *
 * Return: NULL when it lies in none. Context: any, also NMI and panic.
 */
const struct stack *stacks_find(uint64_t address);

/**
 * stacks_find_guard() - the stack in whose guard page an address lies.
 * @address: any number.
 *
 * Return: NULL when it lies in none. Context: any, also NMI and panic.
 */
const struct stack *stacks_find_guard(uint64_t address);

/**
 * stacks_first() - the newest stack; the others follow by next.
 *
 * Context: any.
 */
const struct stack *stacks_first(void);
