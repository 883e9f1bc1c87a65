/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The consoles, and the lock that keeps what is written to them whole. log.c writes lines here and print.c
 * text; other rooms use those two, and of this the end of the file.
 *
 * Context of all: any, interrupts on or off, also NMI and panic: the lock is waited for only for a limited
 * time.
 */
#include <ashlar/dev/console.h>
#include <ashlar/sync/spinlock.h>

/* ---- for log.c and print.c ---- */

/* Guards the list of consoles, and log.c's ring, because lines have the same order in both. */
extern struct spinlock output_lock;

struct output_held {
    irq_flags_t flags; /* from before */
    bool taken;        /* false: its holder cannot go on */
};

/**
 * output_take(), output_give() - interrupts off, and the consoles ours; and back.
 * @held: of output_take().
 *
 * Return: whether the lock was taken. If not, text is written all the same, perhaps in the middle of another
 *         line, and what else the lock guards is only read, if at all.
 */
struct output_held output_take(void);
void output_give(struct output_held held);

/**
 * output_write() - text to a console, or to all.
 * @only:   NULL: to all.
 * @text:   @length bytes.
 * @length: more than 0.
 *
 * Context: between output_take() and output_give().
 */
void output_write(struct console *only, const char *text, size_t length);

/* Adds a console to the list, and takes it off. Context: between output_take() and output_give(). */
void output_add(struct console *console);
void output_remove(struct console *console);

/* Interrupts stay off from now on: every console sends what it still holds, and then polls its device.
   Context: between output_take() and output_give(). */
void output_settle(void);

/* Whether this CPU is in the middle of a report: output_hold(). */
bool output_is_reporter(void);

/* ---- for all ---- */

/**
 * output_hold(), output_release() - only this CPU prints in between, for a report of many lines; others wait.
 *
 * @held: receives how the lock was taken. The reporter's own, because a CPU that has waited in vain for the
 *        reporter holds the output, too.
 *
 * The pager is not asked meanwhile, and nothing is dropped.
 * Return: false when this CPU prints a report already, which goes on; @held is untouched.
 * Interrupts are off until output_release().
 */
bool output_hold(struct output_held *held);
void output_release(struct output_held held);

/**
 * output_screen() - the smallest screen among the consoles.
 * @rows, @columns: of it. A console that does not know its size counts as 24 rows of 80.
 */
void output_screen(size_t *rows, size_t *columns);
