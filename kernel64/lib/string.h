/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * String and memory functions of ISO C. The compiler generates calls of the first four. Hosted tests compare
 * them with the C library's, under other names and by LD_PRELOAD.
 *
 * Defined in string.c; memmem.c and string_contains.c are apart, so that hosted tests link them with the C
 * library's functions.
 *
 * Context of all: any, also NMI and panic.
 */
#include <ashlar/types.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int byte, size_t n);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t limit);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
size_t strspn(const char *s, const char *accept);
size_t strcspn(const char *s, const char *reject);

/**
 * string_copy() - copy as much as fits, always ending in NUL.
 * @to, @size: the buffer; @size at least 1.
 * @from:      NUL-terminated.
 *
 * Return: strlen(from); when that is not below @size, the copy was truncated.
 */
size_t string_copy(char *to, size_t size, const char *from);

/* Return: @c in lower case, if it is a letter of ASCII. */
static inline char char_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* Return: the first place in @text_size bytes of @text that has the @size bytes of @pattern; NULL when there
   is none, or @size is above 255. As GNU's. Cost: in most texts, a step for each @size bytes, and 300
   instructions. */
void *memmem(const void *text, size_t text_size, const void *pattern, size_t size);

/* Return: whether @text matches @pattern, in which '*' stands for any run and '?' for any one. */
bool string_matches(const char *pattern, const char *text);

/* Return: whether two texts are equal, but for the case of ASCII's letters. */
bool string_is_same(const char *a, const char *b);

/* Return: whether the @length bytes of @text contain @word, in either case. */
bool string_contains(const char *text, size_t length, const char *word);
