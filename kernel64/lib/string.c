/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * String and memory functions. Plain loops, a machine word at a time where that pays: an 8-byte
 * store loop is the cheapest way to move memory under an emulator that translates, and within a
 * small factor of `rep movsb` on hardware for the sizes a kernel moves. No byte outside the
 * arguments is ever touched, not even read.
 *
 * Compiled with -fno-tree-loop-distribute-patterns: the compiler recognises these loops and would
 * replace each by a call to the function it stands in.
 */
#include <lib/string.h>

/* May alias anything and lie at any address. */
typedef uint64_t word_t __attribute__((may_alias, aligned(1)));

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    for (; n >= sizeof(word_t); n -= sizeof(word_t), t += sizeof(word_t), f += sizeof(word_t))
        *(word_t *)t = *(const word_t *)f;
    for (; n > 0; n--)
        *t++ = *f++;
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    /* Forwards is right unless the destination starts inside the source. A word is read whole before
       it is written, so overlap by less than a word does no harm in either direction. */
    if ((uintptr_t)t - (uintptr_t)f >= n) {
        for (; n >= sizeof(word_t); n -= sizeof(word_t), t += sizeof(word_t), f += sizeof(word_t))
            *(word_t *)t = *(const word_t *)f;
        for (; n > 0; n--)
            *t++ = *f++;
        return to;
    }
    for (; n >= sizeof(word_t); n -= sizeof(word_t))
        *(word_t *)(t + n - sizeof(word_t)) = *(const word_t *)(f + n - sizeof(word_t));
    for (; n > 0; n--)
        t[n - 1] = f[n - 1];
    return to;
}

void *memset(void *to, int byte, size_t n)
{
    uint8_t *t = to;
    const word_t pattern = (uint8_t)byte * 0x0101010101010101ULL;
    for (; n >= sizeof(word_t); n -= sizeof(word_t), t += sizeof(word_t))
        *(word_t *)t = pattern;
    for (; n > 0; n--)
        *t++ = (uint8_t)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;
    for (; n >= sizeof(word_t) && *(const word_t *)x == *(const word_t *)y; n -= sizeof(word_t))
        x += sizeof(word_t), y += sizeof(word_t);
    for (; n > 0; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *memchr(const void *s, int byte, size_t n)
{
    const uint8_t *p = s;
    for (; n > 0; n--, p++)
        if (*p == (uint8_t)byte)
            return (void *)(uintptr_t)p;
    return NULL;
}

size_t strlen(const char *s)
{
    const char *end = s;
    while (*end)
        end++;
    return (size_t)(end - s);
}

size_t strnlen(const char *s, size_t limit)
{
    size_t n = 0;
    while (n < limit && s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n > 0; n--, a++, b++)
        if (*a != *b || !*a)
            return (unsigned char)*a - (unsigned char)*b;
    return 0;
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c)
            return (char *)(uintptr_t)s;
        if (!*s)
            return NULL;
    }
}

char *strrchr(const char *s, int c)
{
    const char *found = NULL;
    do
        if (*s == (char)c)
            found = s;
    while (*s++);
    return (char *)(uintptr_t)found;
}

char *strstr(const char *haystack, const char *needle)
{
    size_t length = strlen(needle);
    if (length == 0)
        return (char *)(uintptr_t)haystack;
    for (; (haystack = strchr(haystack, needle[0])); haystack++)
        if (strncmp(haystack, needle, length) == 0)
            return (char *)(uintptr_t)haystack;
    return NULL;
}

size_t strspn(const char *s, const char *accept)
{
    size_t n = 0;
    while (s[n] && strchr(accept, s[n]))
        n++;
    return n;
}

size_t strcspn(const char *s, const char *reject)
{
    size_t n = 0;
    while (s[n] && !strchr(reject, s[n]))
        n++;
    return n;
}

size_t string_copy(char *to, size_t size, const char *from)
{
    size_t length = strlen(from);
    size_t fits = length < size ? length : size - 1;
    memcpy(to, from, fits);
    to[fits] = '\0';
    return length;
}

/*
 * One star is remembered: when what follows it does not match, the star takes one more character
 * and what follows is tried again. An earlier star never needs another try, because whatever it
 * could still give up, the later star can take.
 */
bool string_matches(const char *pattern, const char *text)
{
    const char *behind_star = NULL, *star_took_to = NULL;
    while (*text) {
        if (*pattern == '*') {
            behind_star = ++pattern;
            star_took_to = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (behind_star) {
            pattern = behind_star;
            text = ++star_took_to;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}
