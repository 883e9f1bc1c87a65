/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memcpy() and memset() for the compiler, which may call them for an assignment, also in a freestanding
 * program and with -fno-builtin. String instructions, because GCC would turn a loop into a call of the
 * function itself; by words, because each iteration costs time in an emulator.
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
