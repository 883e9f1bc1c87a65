/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Completion and correction of words.
 */
#include <command/complete.h>

#include <lib/string.h>

struct completion complete(complete_words_fn *words, const char *prefix, size_t length)
{
    struct completion found = { .count = 0 };
    const char *word;

    for (unsigned int i = 0; (word = words(i)) != NULL; i++) {
        if (strncmp(word, prefix, length) != 0)
            continue;
        if (found.count++ == 0) {
            found.first = word;
            found.common = strlen(word);
        }
        size_t same = length;
        while (same < found.common && word[same] == found.first[same])
            same++;
        found.common = same;
    }
    return found;
}

#define WORD_MAX 32

static unsigned int least(unsigned int a, unsigned int b)
{
    return a < b ? a : b;
}

/* Edits from @a to @b (optimal string alignment), three rows of the table at a time. */
static unsigned int distance(const char *a, const char *b, size_t b_length)
{
    unsigned int rows[3][WORD_MAX + 1];
    unsigned int *before = rows[0], *above = rows[1], *row = rows[2];

    for (unsigned int j = 0; j <= b_length; j++)
        row[j] = j;
    for (unsigned int i = 1; a[i - 1]; i++) {
        unsigned int *oldest = before;
        before = above;
        above = row;
        row = oldest;
        row[0] = i;
        for (unsigned int j = 1; j <= b_length; j++) {
            row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return row[b_length];
}

const char *complete_nearest(complete_words_fn *words, const char *typed)
{
    const char *nearest = NULL, *word;
    unsigned int best = (unsigned int)(strlen(typed) + 2) / 3 + 1;

    for (unsigned int i = 0; (word = words(i)) != NULL; i++) {
        size_t length = strlen(word);
        unsigned int edits = length <= WORD_MAX ? distance(typed, word, length) : best;
        if (edits < best) {
            best = edits;
            nearest = word;
        }
    }
    return nearest;
}
