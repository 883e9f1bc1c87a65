/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The lines that were entered, newest first, in bounded memory: the oldest go when room is needed.
 * The line that was being typed when the walk back began comes back at its end.
 */
#include <monitor/line.h>

#define HISTORY_BYTES 4096

struct history {
    char lines[HISTORY_BYTES]; /* oldest first, a NUL behind each */
    size_t length;
    size_t at;            /* the line shown, as an offset; length: the draft */
    char draft[LINE_MAX]; /* what was typed when the walk began */
};

/* Keeps @text (below LINE_MAX) and ends the walk. Not kept: an empty line, and the newest again. */
void history_add(struct history *history, const char *text);

/**
 * history_previous(), history_next() - one line older, one line newer.
 * @current: what the editor holds; kept as the draft when the walk begins.
 *
 * Return: the line to show, until the next call; NULL when there is none in that direction.
 */
const char *history_previous(struct history *history, const char *current);
const char *history_next(struct history *history);

/* Ends the walk: the line was entered or given up. */
void history_end_walk(struct history *history);
