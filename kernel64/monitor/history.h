/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The lines entered, newest first, in bounded memory: the oldest are dropped when it is full. The line being
 * edited when the walk back begins is restored at its end.
 */
#include <monitor/line.h>

#define HISTORY_BYTES 4096

struct history {
    char lines[HISTORY_BYTES]; /* oldest first, a NUL after each */
    size_t length;
    size_t at;            /* the line shown, as an offset; length: the draft */
    char draft[LINE_MAX]; /* the line being edited when the walk began */
};

/* Stores @text (below LINE_MAX) and ends the walk.
   Not stored: an empty line, and a repetition of the newest. */
void history_add(struct history *history, const char *text);

/**
 * history_previous(), history_next() - go to the next older, newer line.
 * @current: the editor's line; stored as the draft when the walk begins.
 *
 * Return: the line to show, until the next call; NULL when there is none in that direction.
 */
const char *history_previous(struct history *history, const char *current);
const char *history_next(struct history *history);

/* Ends the walk: the line was entered or cancelled. */
void history_end_walk(struct history *history);
