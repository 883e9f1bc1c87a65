/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Completion of words, and correction of mistyped ones. Pure.
 *
 * Context of all: any.
 */
#include <ashlar/types.h>

/* Return: the word at @index, or NULL after the last. */
typedef const char *complete_words_fn(unsigned int index);

struct completion {
    unsigned int count; /* words with the typed prefix */
    const char *first;  /* the first of them; NULL when there is none */
    size_t common;      /* length of their common prefix */
};

/**
 * complete() - find the words that begin with @prefix.
 * @words:  the words to choose from.
 * @prefix, @length: the text typed; may be empty.
 *
 * Return: how many match, the first, and what they have in common.
 */
struct completion complete(complete_words_fn *words, const char *prefix, size_t length);

/**
 * complete_nearest() - find the word most similar to @typed.
 * @words: the words to choose from.
 * @typed: any text.
 *
 * Return: the first word with the fewest characters changed, omitted, added or swapped with their neighbour;
 *          NULL when that is more than a third of them.
 */
const char *complete_nearest(complete_words_fn *words, const char *typed);
