/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * print(): text without a prefix to every console, for the monitor and for reports. It is not stored in the
 * log's ring.
 *
 * Context of all, unless a function says otherwise: any, interrupts on or off, also NMI and panic, as
 * output.h's. Never sleeps, except with an observer, and never allocates.
 */
#include <ashlar/dev/console.h>

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

/**
 * print_is_stopped() - whether the observer wants no more output: for a command that runs long, to end early.
 *
 * The observer is called with 0 rows.
 * Context: thread, without locks.
 */
bool print_is_stopped(void);

/**
 * print_set_filter() - from now on print only lines that contain a word, in either case.
 * @word: NULL, the initial state: all lines. Kept, not copied.
 *
 * A line is held back until its end; of a longer one PRINT_LINE_MAX bytes at a time are compared. Text of
 * STYLE_ERROR, new log lines, and a report (output_hold()) are not filtered. print_set_observer() ends the
 * filter.
 * Return: the word so far.
 * Context: thread, one caller at a time.
 */
const char *print_set_filter(const char *word);
#define PRINT_LINE_MAX 4096

/**
 * print_capture_fn - takes text that print() would have written, with no lock held.
 * @style, @text, @length: of it.
 */
typedef void print_capture_fn(enum text_style style, const char *text, size_t length);

/**
 * print_set_capture() - from now on give all text to a function, which prints it later.
 * @capture: NULL, the initial state: none.
 * @columns: of a row, for print_wrapped().
 *
 * New log lines, and a report (output_hold()), are written all the same. print_set_observer() ends it.
 * Return: false, and nothing is changed, while there is a filter or a search: they decide about single lines.
 * Context: thread, one caller at a time; also @capture, which sets NULL before it prints.
 */
bool print_set_capture(print_capture_fn *capture, size_t columns);

/**
 * print_search() - drop lines until one that contains a word, in either case, and print from there on.
 * @word: kept, not copied. NULL: end a search that has not found its word.
 *
 * Context: thread; also the observer.
 */
void print_search(const char *word);

/* Return: whether a search has not found its word yet. Context: thread. */
bool print_is_searching(void);

/* Return: whether a filter and a search, which may end with it, let a line through. Context: thread,
   in or out of output_take(). */
bool print_wants_line(const char *text, size_t length);

/* Writes text to every console. */
void print(const char *format, ...) PRINTF_LIKE(1, 2);
void print_v(const char *format, va_list arguments);

/* As print(), in a style on consoles that have colours. */
void print_styled(enum text_style style, const char *format, ...) PRINTF_LIKE(2, 3);

/* Return: how many texts were printed in STYLE_ERROR so far: whether a command has said why it failed.
   Context: thread. */
uint32_t print_error_count(void);

void print_text(const char *text, size_t length);
void print_text_styled(enum text_style style, const char *text, size_t length);

/**
 * print_wrapped() - write a text, broken between words so that no row fills the narrowest console, or
 * the row of print_set_capture(), and a newline.
 * @text:   words, separated by single blanks. A word wider than a row is broken like any text.
 * @column: of the cursor, from 0.
 * @indent: columns of blanks before each further row.
 */
void print_wrapped(const char *text, size_t column, size_t indent);

/* print_text() as a callback. @context: ignored. */
void print_sink(void *context, const char *text, size_t length);

/* Reports to the observer a replayed line of @length bytes, as output_write_line() has broken it into rows.
   Return: false to stop the replay. Context: thread, without the lock: the observer may wait. */
bool print_may_go_on(const char *text, size_t length);
