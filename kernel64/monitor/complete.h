/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Words: what could one begin to be, and what was a mistyped one meant to be? Pure.
 */
#include <ashlar/types.h>

/* Return: the word at @index, or NULL behind the last. */
typedef const char *complete_words_fn(unsigned index);

struct completion {
    unsigned count;    /* words that begin with what was typed */
    const char *first; /* the first of them; NULL when there is none */
    size_t common;     /* bytes that all of them begin with */
};

/**
 * complete() - which words begin with @prefix.
 * @prefix, @length: what was typed; may be empty.
 */
struct completion complete(complete_words_fn *words, const char *prefix, size_t length);

/**
 * complete_nearest() - the word that @typed is most likely a slip of.
 *
 * Return: the first of the words with the fewest characters changed, left out, added or swapped
 *         with their neighbour; NULL when that takes more than a third of them.
 */
const char *complete_nearest(complete_words_fn *words, const char *typed);
