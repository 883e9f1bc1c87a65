/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copy and fill, for the compiler: it may call these two where the source has an assignment, also
 * in a freestanding program and with -fno-builtin. One instruction each, because a loop would be
 * recognised and turned into a call to itself.
 */
#include <ashlar/types.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *to, int byte, size_t n);

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    void *at = to;
    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(n)::"memory");
    return to;
}

void *memset(void *to, int byte, size_t n)
{
    void *at = to;
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(byte) : "memory");
    return to;
}
