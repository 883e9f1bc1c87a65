/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copy and fill, for the compiler: it may call these two where the source has an assignment, also
 * in a freestanding program and with -fno-builtin. String instructions, because a loop would be
 * recognised and turned into a call to itself; by words, because an emulator counts each turn.
 */
#include <ashlar/types.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *to, int byte, size_t n);

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    void *at = to;
    size_t words = n / 4, rest = n % 4;
    __asm__ volatile("rep movsl" : "+D"(at), "+S"(from), "+c"(words)::"memory");
    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(rest)::"memory");
    return to;
}

void *memset(void *to, int byte, size_t n)
{
    void *at = to;
    size_t words = n / 4, rest = n % 4;
    uint32_t word = (uint8_t)byte * 0x01010101u;
    __asm__ volatile("rep stosl" : "+D"(at), "+c"(words) : "a"(word) : "memory");
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(rest) : "a"(word) : "memory");
    return to;
}
