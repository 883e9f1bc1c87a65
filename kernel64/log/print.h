/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * print(): text as it is, without a prefix, to every console, for the monitor and for reports. It does not
 * enter the log's ring.
 *
 * Context of all, unless a function says otherwise: any, interrupts on or off, also NMI and panic, as
 * output.h's. Never sleeps, but where there is an observer, and never allocates.
 */
#include <ashlar/types.h>

#include <stdarg.h>

/**
 * print_observer_fn - asked before each row that print() writes, with no lock held: a pager.
 * @rows: begun since it was last asked; a line wider than the screen takes several.
 *
 * Return: false to drop everything that print() is given until print_set_observer() is called again.
 */
typedef bool print_observer_fn(size_t rows);

/**
 * print_set_observer() - set the pager.
 * @observer: NULL, as at the start: none.
 * @columns:  of a row.
 *
 * New log lines are neither counted nor dropped; replayed ones are.
 * Context: thread, or panic.
 */
void print_set_observer(print_observer_fn *observer, size_t columns);

/* Text as it is, to every console. */
void print(const char *format, ...) PRINTF_LIKE(1, 2);
void print_v(const char *format, va_list arguments);
void print_text(const char *text, size_t length);

/* print_text() as a callback. @context: ignored. */
void print_sink(void *context, const char *text, size_t length);

/* A line of @line_length bytes, the newline included, was shown again. Return: whether more may be, as the
   observer says. Context: thread, without the lock: the observer may wait. */
bool print_may_go_on(size_t line_length);
