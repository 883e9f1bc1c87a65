/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sizes, alignments and contents: what realloc() keeps without a copy, and what calloc() zeroes without a
 * touch.
 */
#include "malloc_cases.h"

static long peak_mib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss >> 10;
}

static void aligned_blocks_may_be_larger_than_1_gib(void)
{
    void *p = NULL;
    REQUIRE(posix_memalign(&p, MIB(2), GIB(3) / 2) == 0 && (uintptr_t)p % MIB(2) == 0);
    ((char *)p)[GIB(3) / 2 - 1] = 1;
    free(p);
    for (size_t alignment = 32; alignment <= GIB(1); alignment *= 2)
        for (size_t size = 1; size <= GIB(2); size = size * 37 + 1) {
            p = hidden(aligned_alloc(alignment, size));
            REQUIRE(p && (uintptr_t)p % alignment == 0 && malloc_usable_size(p) >= size);
            ((char *)p)[0] = ((char *)p)[size - 1] = 1;
            free(p);
        }
}

static void realloc_above_1_gib_copies_nothing(void)
{
    size_t size = MIB(1100);
    char *p = take(size);
    for (size_t at = 0; at < size; at += MIB(100))
        p[at] = (char)(at >> 20);
    for (int i = 0; i < 50; i++) {
        p = hidden(realloc(p, size += MIB(1)));
        REQUIRE(p);
    }
    for (size_t at = 0; at < MIB(1100); at += MIB(100))
        REQUIRE(p[at] == (char)(at >> 20));
    REQUIRE(resident_mib() < 64);
    p = hidden(realloc(p, 100));
    REQUIRE(p && p[0] == 0);
}

/* 1 MiB to 300, an eighth at a time, all of it written: never two copies of the larger part. */
static void realloc_in_steps_has_one_copy(void)
{
    size_t size = MIB(1);
    char *p = take(size);
    memset(p, 1, size);
    while (size < MIB(300)) {
        size_t old = size;
        p = hidden(realloc(p, size += size / 8));
        REQUIRE(p);
        memset(p + old, 1, size - old);
    }
    REQUIRE(peak_mib() < (long)(size >> 20) * 11 / 10 + 8);
    for (size_t at = 0; at < size; at += PAGE)
        REQUIRE(p[at] == 1);
}

static void realloc_keeps_content_across_all_kinds(void)
{
    unsigned char *p = NULL;
    size_t old = 0;
    for (int round = 0; round < 3000; round++) {
        size_t size = (size_t)1 << (round * 7 % 23) | (size_t)round;
        p = hidden(realloc(p, size));
        REQUIRE(p && malloc_usable_size(p) >= size);
        for (size_t at = 0; at < (old < size ? old : size); at += 509)
            REQUIRE(p[at] == (unsigned char)(at / 509));
        for (size_t at = 0; at < size; at += 509)
            p[at] = (unsigned char)(at / 509);
        old = size;
    }
}

static void calloc_does_not_touch_new_memory(void)
{
    long before = resident_mib();
    char *p = hidden(calloc(1, MIB(900)));
    REQUIRE(p && p[MIB(450)] == 0);
    REQUIRE(resident_mib() - before < 8);
}

static void calloc_zeroes_reused_memory(void)
{
    for (int round = 0; round < 40; round++)
        for (size_t size = 24; size < MIB(70); size = size * 5 / 3 + round) {
            unsigned char *p = take(size);
            memset(p, 0xa5, size);
            free(p);
            p = hidden(calloc(size / 8 + 1, 8));
            REQUIRE(p);
            for (size_t at = 0; at < size; at += size < 20000 ? 1 : 1021)
                REQUIRE(p[at] == 0);
            if (size < MIB(1))
                memset(p, 0x5a, size);
            free(p);
            if (round > 3 && size > MIB(1))
                break;
        }
}

const struct malloc_case size_cases[] = {
    CASE(aligned_blocks_may_be_larger_than_1_gib),
    CASE(realloc_above_1_gib_copies_nothing),
    CASE(realloc_in_steps_has_one_copy),
    CASE(realloc_keeps_content_across_all_kinds),
    CASE(calloc_does_not_touch_new_memory),
    CASE(calloc_zeroes_reused_memory),
    { NULL, NULL },
};
