/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Completion, and suggestions for mistyped words.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <command/complete.h>
#include <string.h>

static const char *words(unsigned int index)
{
    static const char *const list[] = { "boot", "help", "reboot", "regs", "report", "test" };
    return index < sizeof(list) / sizeof(list[0]) ? list[index] : NULL;
}

static void check(const char *prefix, unsigned int count, const char *first, size_t common)
{
    struct completion found = complete(words, prefix, strlen(prefix));
    assert_int_equal(found.count, count);
    if (count > 0) {
        assert_string_equal(found.first, first);
        assert_int_equal(found.common, common);
    }
}

static void the_common_prefix_of_all_candidates_is_completed(void **state)
{
    (void)state;
    check("h", 1, "help", 4);
    check("help", 1, "help", 4);
    check("r", 3, "reboot", 2);
    check("rep", 1, "report", 6);
    check("", 6, "boot", 0);
    check("x", 0, NULL, 0);
    check("helping", 0, NULL, 0);
}

static void only_matching_candidates_count(void **state)
{
    (void)state;
    assert_int_equal(complete(words, "reXX", 2).count, 3);
}

static void a_misspelling_finds_its_word(void **state)
{
    (void)state;
    assert_string_equal(complete_nearest(words, "hlep"), "help");  /* swapped */
    assert_string_equal(complete_nearest(words, "hep"), "help");   /* left out */
    assert_string_equal(complete_nearest(words, "tesst"), "test"); /* added */
    assert_string_equal(complete_nearest(words, "rags"), "regs");  /* changed */
    assert_string_equal(complete_nearest(words, "rebot"), "reboot");
}

static void an_unrelated_word_finds_nothing(void **state)
{
    (void)state;
    assert_null(complete_nearest(words, "frobnicate"));
    assert_null(complete_nearest(words, "xyz"));
    assert_null(complete_nearest(words, "h"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_common_prefix_of_all_candidates_is_completed),
        cmocka_unit_test(only_matching_candidates_count),
        cmocka_unit_test(a_misspelling_finds_its_word),
        cmocka_unit_test(an_unrelated_word_finds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
