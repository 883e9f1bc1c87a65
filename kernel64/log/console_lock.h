/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Between log.c, which has the consoles and their lock, and print.c. Not for others: they print.
 */
#include <ashlar/sync/irqflags.h>

struct held {
    irq_flags_t flags; /* from before */
    bool taken;
};

/* Interrupts off, and the consoles ours, unless who holds them cannot go on: see log.c. Context: any. */
struct held console_lock_take(void);
void console_lock_give(struct held held);

/* Text to all consoles. Context: between the two. */
void console_lock_write(const char *text, size_t length);

/* Whether this CPU is in the middle of a report, log_hold(). */
bool console_lock_is_reporter(void);

/* A line of so many bytes, the newline included, was shown again. Return: whether more may be, as the
   observer says. */
bool print_may_go_on(size_t line_length);
