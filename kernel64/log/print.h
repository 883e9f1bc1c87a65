/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * print(): text without a prefix to every console, for the monitor and for reports. It is not stored in the
 * log's ring.
 *
 * Context of all, unless a function says otherwise: any, interrupts on or off, also NMI and panic, as
 * output.h's. Never sleeps, except with an observer, and never allocates.
 */
#include <ashlar/types.h>

#include <stdarg.h>

/**
 * print_observer_fn - called before each row that print() writes, with no lock held: a pager.
 * @rows: rows begun since the last call; a line wider than the screen takes several.
 *
 * Return: false to drop all output of print() until print_set_observer() is called again.
 */
typedef bool print_observer_fn(size_t rows);

/**
 * print_set_observer() - set the pager.
 * @observer: NULL, the initial state: none.
 * @columns:  of a row.
 *
 * New log lines are neither counted nor dropped; replayed ones are.
 * Context: thread, or panic.
 */
void print_set_observer(print_observer_fn *observer, size_t columns);

/* Writes text to every console. */
void print(const char *format, ...) PRINTF_LIKE(1, 2);
void print_v(const char *format, va_list arguments);
void print_text(const char *text, size_t length);

/**
 * print_wrapped() - write a text, broken between words so that no row fills the narrowest console, and a
 * newline.
 * @text:   words, separated by single blanks. A word wider than a row is broken like any text.
 * @column: of the cursor, from 0.
 * @indent: columns of blanks before each further row.
 */
void print_wrapped(const char *text, size_t column, size_t indent);

/* print_text() as a callback. @context: ignored. */
void print_sink(void *context, const char *text, size_t length);

/* Reports to the observer a replayed line of @line_length bytes, newline included. Return: false to stop the
   replay. Context: thread, without the lock: the observer may wait. */
bool print_may_go_on(size_t line_length);
