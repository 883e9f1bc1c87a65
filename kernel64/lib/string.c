/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Strings and memory, in plain C.
 *
 * Blocks are processed by words of 8 bytes, four in each iteration. A tail shorter than a word is one more
 * unaligned word that ends at the block's end and overlaps the previous one, so there is no byte loop and no
 * access outside the block. Strings are processed byte by byte, because a word that contains the NUL may
 * extend into an unmapped page.
 *
 * Refused: `rep movsb`. It is fast on CPUs with ERMS, for blocks of a few hundred bytes and more; under TCG
 * each iteration counts as an instruction, and it is several times slower than this.
 *
 * The compiler would recognise these loops and replace them by calls of memcpy, memset and strlen, which
 * would recurse without end: freestanding code is compiled with -fno-tree-loop-distribute-patterns
 * (meson.build).
 */
#include <lib/string.h>

/* Of any alignment, and may alias any type. */
typedef uint64_t ALIGNED(1) __attribute__((may_alias)) word_t;
typedef uint32_t ALIGNED(1) __attribute__((may_alias)) half_t;
typedef uint16_t ALIGNED(1) __attribute__((may_alias)) quarter_t;

#define WORD sizeof(word_t)
#define TURN (4 * WORD)

/* Less than a word: all bytes are read before any is written, so the blocks may overlap. */
static inline void copy_below_a_word(unsigned char *to, const unsigned char *from, size_t n)
{
    if (n >= 4) {
        uint32_t first = *(const half_t *)from, last = *(const half_t *)(from + n - 4);
        *(half_t *)to = first;
        *(half_t *)(to + n - 4) = last;
    } else if (n >= 2) {
        uint16_t first = *(const quarter_t *)from, last = *(const quarter_t *)(from + n - 2);
        *(quarter_t *)to = first;
        *(quarter_t *)(to + n - 2) = last;
    } else if (n == 1) {
        *to = *from;
    }
}

/*
 * A word or more. Correct for disjoint blocks and for @to below @from: each store writes only bytes that have
 * been loaded, and the last word is loaded before the first store.
 */
static inline void copy_up(unsigned char *to, const unsigned char *from, size_t n)
{
    uint64_t last = *(const word_t *)(from + n - WORD);
    unsigned char *to_last = to + n - WORD;

    for (; n >= TURN; n -= TURN, to += TURN, from += TURN) {
        ((word_t *)to)[0] = ((const word_t *)from)[0];
        ((word_t *)to)[1] = ((const word_t *)from)[1];
        ((word_t *)to)[2] = ((const word_t *)from)[2];
        ((word_t *)to)[3] = ((const word_t *)from)[3];
    }
    for (; n > WORD; n -= WORD, to += WORD, from += WORD)
        *(word_t *)to = *(const word_t *)from;
    *(word_t *)to_last = last;
}

/* The same from the end, for @to above @from. */
static inline void copy_down(unsigned char *to, const unsigned char *from, size_t n)
{
    uint64_t first = *(const word_t *)from;

    for (; n >= TURN; n -= TURN) {
        word_t *t = (word_t *)(to + n);
        const word_t *f = (const word_t *)(from + n);
        t[-1] = f[-1];
        t[-2] = f[-2];
        t[-3] = f[-3];
        t[-4] = f[-4];
    }
    for (; n > WORD; n -= WORD)
        *(word_t *)(to + n - WORD) = *(const word_t *)(from + n - WORD);
    *(word_t *)to = first;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    if (n < WORD)
        copy_below_a_word(to, from, n);
    else
        copy_up(to, from, n);
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    if (n < WORD)
        copy_below_a_word(to, from, n);
    else if ((uintptr_t)to - (uintptr_t)from >= n)
        /* Disjoint, or @to below @from: then the difference wraps to a large number. */
        copy_up(to, from, n);
    else
        copy_down(to, from, n);
    return to;
}

void *memset(void *to, int byte, size_t n)
{
    unsigned char *t = to;
    uint64_t word = (unsigned char)byte * 0x0101010101010101ULL;

    if (n < WORD) {
        while (n > 0)
            t[--n] = (unsigned char)byte;
        return to;
    }
    *(word_t *)(t + n - WORD) = word;
    for (; n >= TURN; n -= TURN, t += TURN) {
        ((word_t *)t)[0] = word;
        ((word_t *)t)[1] = word;
        ((word_t *)t)[2] = word;
        ((word_t *)t)[3] = word;
    }
    for (; n > WORD; n -= WORD, t += WORD)
        *(word_t *)t = word;
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;

    for (; n >= WORD && *(const word_t *)x == *(const word_t *)y; n -= WORD)
        x += WORD, y += WORD;
    /* At most a word is left: the tail, or the word with the difference. */
    for (; n > 0; n--, x++, y++)
        if (*x != *y)
            return *x < *y ? -1 : 1;
    return 0;
}

void *memchr(const void *s, int byte, size_t n)
{
    for (const unsigned char *p = s; n > 0; n--, p++)
        if (*p == (unsigned char)byte)
            return (void *)p;
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
    size_t length = 0;
    while (length < limit && s[length])
        length++;
    return length;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n > 0; n--, a++, b++) {
        unsigned char x = (unsigned char)*a, y = (unsigned char)*b;
        if (x != y)
            return x < y ? -1 : 1;
        if (x == 0)
            break;
    }
    return 0;
}

char *strchr(const char *s, int c)
{
    for (; *s != (char)c; s++)
        if (*s == 0)
            return NULL;
    return (char *)s;
}

size_t strspn(const char *s, const char *accept)
{
    size_t length = 0;
    while (s[length] && strchr(accept, s[length]))
        length++;
    return length;
}

size_t strcspn(const char *s, const char *reject)
{
    size_t length = 0;
    while (s[length] && !strchr(reject, s[length]))
        length++;
    return length;
}

size_t string_copy(char *to, size_t size, const char *from)
{
    size_t length = strlen(from);
    size_t copied = length < size ? length : size - 1;

    memcpy(to, from, copied);
    to[copied] = 0;
    return length;
}

/*
 * On a mismatch only the last '*' is extended by a byte: a match with an earlier one extended would also be
 * found with the last one. So the time is at most the product of the lengths, without recursion.
 */
bool string_matches(const char *pattern, const char *text)
{
    const char *star = NULL, *star_text = NULL;

    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            star_text = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++star_text;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == 0;
}
