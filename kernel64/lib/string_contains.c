/* SPDX-License-Identifier: BSD-2-Clause */
/* Comparisons in either case. Apart from string.c, so that hosted tests of its users need not replace
 * the C library's functions. */
#include <lib/string.h>

bool string_contains(const char *text, size_t length, const char *word)
{
    size_t size = strlen(word);
    for (size_t at = 0; at + size <= length; at++) {
        size_t same = 0;
        while (same < size && char_lower(text[at + same]) == char_lower(word[same]))
            same++;
        if (same == size)
            return true;
    }
    return false;
}

bool string_is_same(const char *a, const char *b)
{
    while (*a && char_lower(*a) == char_lower(*b))
        a++, b++;
    return char_lower(*a) == char_lower(*b);
}
