/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * How the memory test reads and writes a word. In the kernel a write is MOVNTI, which goes to the RAM and
 * evicts the line from the caches, so the next read of the line comes from the RAM, too; it uses general
 * registers only. In a hosted test both are functions of a memory that has faults.
 *
 * Context of all: any, by the owner of the memory.
 * Source: Intel SDM vol. 1, "Cacheability Control Instructions", "Caching of Temporal vs. Non-Temporal Data";
 *         vol. 2A, "MFENCE - Memory Fence".
 */
#include <ashlar/types.h>

#ifdef ASHLAR_HOSTED

uint64_t memtest_read(const uint64_t *word);
void memtest_write(uint64_t *word, uint64_t value);

static inline void memtest_forget(void)
{
}

static inline void memtest_fence(void)
{
}

/* Copies @count words; the areas do not overlap. */
static inline void memtest_copy(uint64_t *to, const uint64_t *from, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        memtest_write(&to[i], memtest_read(&from[i]));
}

#else

static ALWAYS_INLINE uint64_t memtest_read(const uint64_t *word)
{
    return *word;
}

static ALWAYS_INLINE void memtest_write(uint64_t *word, uint64_t value)
{
    __asm__("movnti %1, %0" : "=m"(*word) : "r"(value));
}

/* What was read before does not count: the compiler loads again. */
static ALWAYS_INLINE void memtest_forget(void)
{
    __asm__ volatile("" ::: "memory");
}

/* Writes so far are in the RAM before any later access. MFENCE and not SFENCE, which orders no reads: one
   could be served before the write that it has to see. */
static ALWAYS_INLINE void memtest_fence(void)
{
    __asm__ volatile("mfence" ::: "memory");
}

static ALWAYS_INLINE void memtest_copy(uint64_t *to, const uint64_t *from, uint64_t count)
{
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

#endif
