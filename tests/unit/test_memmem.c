/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel64/lib/memmem.c, in place of the C library's, against the definition. */
#include <lib/string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

#include "seed.h"

static const void *first_occurrence(const unsigned char *text, size_t text_size, const unsigned char *pattern,
                                    size_t size)
{
    for (size_t at = 0; at + size <= text_size; at++)
        if (memcmp(text + at, pattern, size) == 0)
            return text + at;
    return NULL;
}

/* Few different bytes, so that a pattern often occurs, in part or as a whole; exact sizes, for the sanitizer.
 */
static void the_first_occurrence_is_found(void **state)
{
    unsigned int found = 0;
    (void)state;
    (void)seed_from_environment();
    for (unsigned int round = 0; round < 200000; round++) {
        size_t size = seed_below(6), text_size = seed_below(40);
        unsigned int letters = 1 + seed_below(4);
        unsigned char *text = malloc(text_size + 1), *pattern = malloc(size + 1);
        assert_true(text && pattern);
        text = realloc(text, text_size ? text_size : 1);
        pattern = realloc(pattern, size ? size : 1);
        for (size_t i = 0; i < text_size; i++)
            text[i] = (unsigned char)(0xfe + seed_below(letters));
        for (size_t i = 0; i < size; i++)
            pattern[i] = (unsigned char)(0xfe + seed_below(letters));
        const void *expected = first_occurrence(text, text_size, pattern, size);
        assert_ptr_equal(memmem(text, text_size, pattern, size), expected);
        found += expected != NULL && size > 1;
        free(text);
        free(pattern);
    }
    assert_true(found > 1000);
}

static void a_pattern_may_have_255_bytes(void **state)
{
    static unsigned char text[1000], pattern[256];
    (void)state;
    for (size_t i = 0; i < sizeof(pattern); i++)
        pattern[i] = (unsigned char)(i * 7);
    memcpy(text + 700, pattern, 255);
    assert_ptr_equal(memmem(text, sizeof(text), pattern, 255), text + 700);
    assert_null(memmem(text, 700 + 254, pattern, 255));
    assert_null(memmem(text, sizeof(text), pattern, 256));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_occurrence_is_found),
        cmocka_unit_test(a_pattern_may_have_255_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
