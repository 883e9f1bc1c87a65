/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's string functions against the C library's. Blocks and strings end, or begin, at a
 * page that is not there: a byte too far is a crash, in each build and not only under ASan.
 */
#include "ashlar_string.h"
#include "seed.h"

#include <fnmatch.h>
#include <string.h>
#include <sys/mman.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define BUFFER_SIZE 4096

/* One page each, between pages that are not there. */
static unsigned char *page_a, *page_b;

static unsigned char *guarded_page(void)
{
    unsigned char *pages = mmap(NULL, 3 * BUFFER_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages + BUFFER_SIZE, BUFFER_SIZE, PROT_READ | PROT_WRITE) != 0)
        abort();
    return pages + BUFFER_SIZE;
}

static int set_up(void **state)
{
    (void)state;
    seed_from_environment();
    page_a = guarded_page();
    page_b = guarded_page();
    return 0;
}

static void fill_randomly(unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)seed_next();
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

/* Copies n bytes between these two addresses and checks every byte around the target. */
static void check_copy(unsigned char *to, const unsigned char *from, size_t n,
                       void *(*copy)(void *, const void *, size_t))
{
    unsigned char before[BUFFER_SIZE];
    memcpy(before, page_a, BUFFER_SIZE);
    assert_ptr_equal(copy(to, from, n), to);
    memcpy(before + (to - page_a), from, n);
    assert_memory_equal(page_a, before, BUFFER_SIZE);
}

static void *ashlar_memcpy_unrestricted(void *to, const void *from, size_t n)
{
    return ashlar_memcpy(to, from, n);
}

static void memcpy_copies_exactly_n_bytes_at_each_alignment(void **state)
{
    (void)state;
    fill_randomly(page_a, BUFFER_SIZE);
    fill_randomly(page_b, BUFFER_SIZE);
    for (size_t n = 0; n <= 100; n++) {
        for (size_t shift = 0; shift < 9; shift++) {
            check_copy(page_a + shift, page_b, n, ashlar_memcpy_unrestricted);
            check_copy(page_a, page_b + shift, n, ashlar_memcpy_unrestricted);
            check_copy(page_a + BUFFER_SIZE - n - shift, page_b + BUFFER_SIZE - n, n,
                       ashlar_memcpy_unrestricted);
            check_copy(page_a + BUFFER_SIZE - n, page_b + BUFFER_SIZE - n - shift, n, ashlar_memmove);
        }
    }
    check_copy(page_a, page_b, BUFFER_SIZE, ashlar_memcpy_unrestricted);
}

static void memmove_copies_as_if_through_a_temporary_buffer(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 90; n++) {
        for (size_t to = 0; to <= 100; to++) {
            unsigned char expected[200], bytes[200];
            const size_t from = 50;
            fill_randomly(bytes, sizeof(bytes));
            memcpy(expected, bytes, sizeof(bytes));
            memmove(expected + to, expected + from, n);
            assert_ptr_equal(ashlar_memmove(bytes + to, bytes + from, n), bytes + to);
            assert_memory_equal(bytes, expected, sizeof(bytes));
        }
    }
}

static void memset_sets_exactly_n_bytes(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 100; n++) {
        for (size_t shift = 0; shift < 9; shift++) {
            unsigned char expected[BUFFER_SIZE];
            size_t at = shift & 1 ? BUFFER_SIZE - n - shift : shift;
            int byte = (int)seed_next();
            fill_randomly(page_a, BUFFER_SIZE);
            memcpy(expected, page_a, BUFFER_SIZE);
            memset(expected + at, byte, n);
            assert_ptr_equal(ashlar_memset(page_a + at, byte, n), page_a + at);
            assert_memory_equal(page_a, expected, BUFFER_SIZE);
        }
    }
    ashlar_memset(page_a, 0x5a, BUFFER_SIZE);
    for (size_t i = 0; i < BUFFER_SIZE; i++)
        assert_int_equal(page_a[i], 0x5a);
}

static void memcmp_orders_by_the_first_difference_as_unsigned_bytes(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 40; n++) {
        for (size_t shift = 0; shift < 8; shift++) {
            unsigned char *a = page_a + BUFFER_SIZE - n, *b = page_b + BUFFER_SIZE - n - shift;
            fill_randomly(a, n);
            memcpy(b, a, n);
            assert_int_equal(ashlar_memcmp(a, b, n), 0);
            for (size_t i = 0; i < n; i++) {
                /* A later difference the other way must not count. */
                a[i] = 0x80, b[i] = 0x7f;
                if (i + 1 < n)
                    a[n - 1] = 0, b[n - 1] = 0xff;
                assert_int_equal(sign(ashlar_memcmp(a, b, n)), 1);
                assert_int_equal(sign(ashlar_memcmp(b, a, n)), -1);
                assert_int_equal(ashlar_memcmp(a, b, i), 0);
                memcpy(b, a, n);
            }
        }
    }
}

static void memchr_finds_the_first_within_n(void **state)
{
    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t n = seed_below(30);
        unsigned char *s = page_a + BUFFER_SIZE - n;
        for (size_t i = 0; i < n; i++)
            s[i] = (unsigned char)(254 + seed_below(4));
        int byte = (int)(254 + seed_below(4)) - (int)(256 * seed_below(2));
        assert_ptr_equal(ashlar_memchr(s, byte, n), memchr(s, byte, n));
    }
}

/* A string of a few letters that repeat, flush with the end of a page. */
static char *random_string(unsigned char *page, unsigned int longest, const char *letters)
{
    size_t length = seed_below(longest + 1);
    char *s = (char *)page + BUFFER_SIZE - length - 1;
    for (size_t i = 0; i < length; i++)
        s[i] = letters[seed_below((unsigned int)strlen(letters))];
    s[length] = 0;
    return s;
}

static void string_functions_agree_with_the_c_library(void **state)
{
    (void)state;
    for (int round = 0; round < 60000; round++) {
        const char *letters = round & 1 ? "ab" : "a\xff\x7f\x80z";
        char *a = random_string(page_a, 20, letters);
        char *b = random_string(page_b, round & 2 ? 3 : 20, letters);
        size_t n = seed_below(24);
        int c = seed_below(8) == 0 ? 0 : letters[seed_below((unsigned int)strlen(letters))];
        assert_int_equal(ashlar_strlen(a), strlen(a));
        assert_int_equal(ashlar_strnlen(a, n), strnlen(a, n));
        assert_int_equal(sign(ashlar_strcmp(a, b)), sign(strcmp(a, b)));
        assert_int_equal(ashlar_strcmp(a, a), 0);
        assert_int_equal(sign(ashlar_strncmp(a, b, n)), sign(strncmp(a, b, n)));
        assert_ptr_equal(ashlar_strchr(a, c), strchr(a, c));
        assert_int_equal(ashlar_strspn(a, b), strspn(a, b));
        assert_int_equal(ashlar_strcspn(a, b), strcspn(a, b));
    }
}

/* The compared bytes are right before the guard page, and there is no NUL. */
static void limits_stop_before_a_missing_nul(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 40; n++) {
        char *a = (char *)page_a + BUFFER_SIZE - n, *b = (char *)page_b + BUFFER_SIZE - n;
        memset(a, 'x', n);
        memset(b, 'x', n);
        assert_int_equal(ashlar_strnlen(a, n), n);
        assert_int_equal(ashlar_strncmp(a, b, n), 0);
    }
}

static void string_copy_truncates_and_always_terminates(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 24; size++) {
        for (size_t length = 0; length <= 24; length++) {
            char *to = (char *)page_a + BUFFER_SIZE - size, *from = (char *)page_b + BUFFER_SIZE - length - 1;
            size_t copied = length < size ? length : size - 1;
            memset(page_a, '#', BUFFER_SIZE);
            memset(from, 'x', length);
            from[length] = 0;
            assert_int_equal(string_copy(to, size, from), length);
            assert_memory_equal(to, from, copied);
            assert_int_equal(to[copied], 0);
            assert_int_equal(to[-1], '#');
            if (copied + 1 < size)
                assert_int_equal(to[copied + 1], '#');
        }
    }
}

static void string_matches_agrees_with_fnmatch(void **state)
{
    (void)state;
    unsigned int matched = 0;
    for (int round = 0; round < 100000; round++) {
        char *text = random_string(page_a, 12, "ab");
        char *pattern = random_string(page_b, 8, "ab?**");
        bool expected = fnmatch(pattern, text, FNM_NOESCAPE) == 0;
        if (string_matches(pattern, text) != expected)
            fail_msg("'%s' on '%s': expected %d", pattern, text, expected);
        matched += expected;
    }
    assert_in_range(matched, 1000, 99000);
}

/* 2^30 ways to distribute the text over the stars: only a search of all of them finds a match. */
static void string_matches_does_not_backtrack_exponentially(void **state)
{
    (void)state;
    char text[4001];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    assert_false(string_matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memcpy_copies_exactly_n_bytes_at_each_alignment),
        cmocka_unit_test(memmove_copies_as_if_through_a_temporary_buffer),
        cmocka_unit_test(memset_sets_exactly_n_bytes),
        cmocka_unit_test(memcmp_orders_by_the_first_difference_as_unsigned_bytes),
        cmocka_unit_test(memchr_finds_the_first_within_n),
        cmocka_unit_test(string_functions_agree_with_the_c_library),
        cmocka_unit_test(limits_stop_before_a_missing_nul),
        cmocka_unit_test(string_copy_truncates_and_always_terminates),
        cmocka_unit_test(string_matches_agrees_with_fnmatch),
        cmocka_unit_test(string_matches_does_not_backtrack_exponentially),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
