/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Editing one line: keys in, text for a dumb terminal out. Pure; history, completion and commands are left to
 * the caller, which gets an event.
 */
#include <ashlar/dev/input.h>

#define LINE_MAX 1024 /* bytes of a line, with its NUL */

enum line_event {
    LINE_EDITING,  /* nothing to do */
    LINE_ENTERED,  /* the line is complete; the cursor is on a new line of the screen */
    LINE_CANCELED, /* Ctrl-C: the line is empty again, the screen as for LINE_ENTERED */
    LINE_PREVIOUS, /* Up or Ctrl-P */
    LINE_NEXT,     /* Down or Ctrl-N */
    LINE_COMPLETE, /* Tab */
};

/* Takes printable ASCII, '\b', '\n' and '\f' only. */
typedef void line_put_fn(void *context, const char *text, size_t length);

struct line {
    char text[LINE_MAX]; /* the line; ends in NUL */
    size_t length, cursor;

    line_put_fn *put, *put_prompt;
    void *context;
    const char *prompt;
    size_t width; /* columns after the prompt */
    size_t view;  /* first byte of the line that is on the screen */

    /* The terminal's contents after the prompt. */
    char shown[256];
    size_t shown_length, shown_cursor;
};

/**
 * line_init() - set up an editor for a terminal.
 * @put, @put_prompt, @context: output functions, of the line and of the prompt.
 * @prompt:  constant; shorter than @columns.
 * @columns: of the terminal; the last one is not used, because terminals differ in their behaviour there.
 */
void line_init(struct line *line, line_put_fn *put, line_put_fn *put_prompt, void *context,
               const char *prompt, size_t columns);

/* Sets the width of the terminal from now on. @columns: as line_init(). */
void line_set_columns(struct line *line, size_t columns);

/* Shows the prompt and an empty line. */
void line_start(struct line *line);

/* Handles one key. Return: its effect. Unknown keys have none. */
enum line_event line_feed(struct line *line, int key);

/* Replaces the line, with the cursor at its end; truncates a text that is too long. */
void line_set(struct line *line, const char *text);

/* Inserts @text before the cursor. Return: false if it does not fit. */
bool line_insert(struct line *line, const char *text, size_t length);

/* Shows prompt and line again after other output. The terminal's cursor is in column 0. */
void line_show_again(struct line *line);
