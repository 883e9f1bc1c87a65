/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The list of consoles, and the lock that serialises writes to them. log.c writes lines and print.c text;
 * other rooms use those two, and only the last part of this file. The row of a prompt is in prompt.c.
 *
 * Context of all: any, interrupts on or off, also NMI and panic: the wait for the lock is bounded.
 */
#include <ashlar/dev/console.h>
#include <ashlar/sync/spinlock.h>

/* ---- for log.c and print.c ---- */

/* Guards the list of consoles, and log.c's ring, because lines have the same order in both. */
extern struct spinlock output_lock;

struct output_held {
    irq_flags_t flags; /* before output_take() */
    bool taken;        /* false: its holder cannot go on */
};

/**
 * output_take(), output_give() - disable interrupts and take the lock; undo it.
 * @held: of output_take().
 *
 * Return: whether the lock was taken. If not, text is still written, perhaps in the middle of another line,
 *          and other data that the lock guards is at most read.
 */
struct output_held output_take(void);
void output_give(struct output_held held);

/**
 * output_write() - write text to a console, or to all.
 * @only:   NULL: to all.
 * @text:   @length bytes.
 * @length: more than 0.
 *
 * Context: between output_take() and output_give().
 */
void output_write(struct console *only, const char *text, size_t length);

/* As output_write(), in a style on the consoles that have colours: screens, and terminals that have sent an
   escape sequence. */
void output_write_styled(struct console *only, enum text_style style, const char *text, size_t length);

/**
 * output_write_line() - write a whole log line to a console, or to all.
 * @only:   as output_write().
 * @style:  on screens; elsewhere a log line is plain, because a program may read it.
 * @text:   @length bytes, with its newline. Changed: blanks become newlines, so that on screens rows end
 *          between words. A terminal gets the line as it was.
 * @length: more than 0.
 *
 * A prompt is erased for it, and shown again after it.
 * Context: between output_take() and output_give().
 */
void output_write_line(struct console *only, enum text_style style, char *text, size_t length);

/* Return: how many of the @length bytes of @text go into a row of @width columns: whole words; of a word that
   is wider than the row, as much as fits. */
static inline size_t output_row_length(const char *text, size_t length, size_t width)
{
    size_t end = width;
    if (length <= width)
        return length;
    while (end > 0 && text[end] != ' ')
        end--;
    return end > 0 ? end : width;
}

/* Erases the row of a prompt from the consoles, for other text. Return: whether it was there. Context:
   between output_take() and output_give(). */
bool prompt_hide(void);

/* Shows it again. Without a prompt, or while it is there, nothing is done. Context: as prompt_hide(). */
void prompt_show(void);

/* Lines and reports that may have begun in the middle of a row of print(): their number so far. They end in
   column 1 of another row. */
uint32_t output_line_count(void);

/* Add a console to the list, remove it. Context: between output_take() and output_give(). */
void output_add(struct console *console);
void output_remove(struct console *console);

/* Flushes every console and makes it poll its device: interrupts stay off from now on. Context: between
   output_take() and output_give(). */
void output_settle(void);

/* Whether this CPU holds the consoles: between output_take() and output_give(), and in a report
   (output_hold()), also in one that another CPU's later report did not wait for. */
bool output_is_mine(void);

/* ---- for all ---- */

/**
 * output_hold(), output_release() - keep other CPUs from printing, for a report of many lines.
 *
 * @held: receives how the lock was taken. Kept by the reporter, because a CPU whose wait for the reporter
 * timed out holds the output, too.
 *
 * The pager is not called meanwhile, and no output is dropped.
 * Return: false when this CPU holds the consoles for a report already; @held is untouched. Interrupts are off
 * until output_release().
 */
bool output_hold(struct output_held *held);
void output_release(struct output_held held);

/* Return: whether any CPU holds the output for a report. */
bool output_is_held(void);

/* Characters of a prompt's row. */
#define OUTPUT_PROMPT_MAX 272

/**
 * output_show_prompt(), output_edit_prompt(), output_erase_prompt() - a prompt in the row that print() has
 * begun last, what a user types after it, and its end.
 * @text:   of a prompt: printable. Of an edit: printable, or '\b', or '\n' or '\f', which end the prompt
 *          without erasing it. Text after OUTPUT_PROMPT_MAX characters is not shown again.
 * @length: of an edit, in bytes.
 *
 * The cursor is in column 1 before a prompt; its row is not wider than the narrowest console.
 * Log lines and reports go before a prompt: its row is erased for them, and shown again after them, with the
 * cursor where it was. There is one prompt at a time; without one output_edit_prompt() writes text, and
 * output_erase_prompt() does nothing. Edits during a report are shown after it.
 */
void output_show_prompt(const char *text);
void output_edit_prompt(const char *text, size_t length);
void output_erase_prompt(void);

/**
 * output_set_screens() - set whether screens get text, if there is a console that is no screen.
 * @on: initially true. False is for a record for programs in a report that a user reads on the screen.
 *
 * Context: a report, with the output held; also in NMI and panic.
 */
void output_set_screens(bool on);

/* Sets whether any console gets styles. Initially on. */
void output_set_colours(bool is_on);

/**
 * output_screen() - get the size of the smallest screen among the consoles that a user may be at.
 * @rows, @columns: of it.
 *
 * A console of unknown size, such as a serial port, counts as 24 rows of 80 once a key was typed at it, or if
 * no console has a known size: the size may change with a key.
 */
void output_screen(size_t *rows, size_t *columns);
