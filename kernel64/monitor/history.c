/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * History: consecutive strings. memmove() is fast enough at typing speed.
 */
#include <monitor/history.h>

#include <ashlar/check.h>
#include <lib/string.h>

STATIC_ASSERT(HISTORY_BYTES >= LINE_MAX, "the longest line fits after all others are dropped");

/* Return: where the line before offset @at begins; 0 when there is none. */
static size_t line_before(const struct history *history, size_t at)
{
    if (at > 0)
        at--;
    while (at > 0 && history->lines[at - 1] != '\0')
        at--;
    return at;
}

void history_end_walk(struct history *history)
{
    history->at = history->length;
}

void history_add(struct history *history, const char *text)
{
    size_t size = strlen(text) + 1;
    const char *newest = history->lines + line_before(history, history->length);

    if (size > 1 && (history->length == 0 || strcmp(newest, text) != 0)) {
        while (history->length + size > HISTORY_BYTES) {
            size_t oldest = strlen(history->lines) + 1;
            history->length -= oldest;
            memmove(history->lines, history->lines + oldest, history->length);
        }
        memcpy(history->lines + history->length, text, size);
        history->length += size;
    }
    history_end_walk(history);
}

const char *history_previous(struct history *history, const char *current)
{
    if (history->at == 0)
        return NULL;
    if (history->at == history->length)
        (void)string_copy(history->draft, sizeof(history->draft), current);
    history->at = line_before(history, history->at);
    return history->lines + history->at;
}

const char *history_next(struct history *history)
{
    if (history->at == history->length)
        return NULL;
    history->at += strlen(history->lines + history->at) + 1;
    return history->at == history->length ? history->draft : history->lines + history->at;
}
