/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The history of entered lines.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <lib/string.h>
#include <monitor/history.h>
#include <stdio.h>
#include <string.h>

size_t string_copy(char *to, size_t size, const char *from)
{
    return (size_t)snprintf(to, size, "%s", from);
}

static struct history history;

static int forget(void **state)
{
    (void)state;
    history = (struct history){ .length = 0 };
    return 0;
}

static void an_empty_history_shows_nothing(void **state)
{
    (void)state;
    assert_null(history_previous(&history, "x"));
    assert_null(history_next(&history));
}

static void the_newest_line_is_shown_first_and_the_draft_is_restored(void **state)
{
    (void)state;
    history_add(&history, "one");
    history_add(&history, "two");
    assert_string_equal(history_previous(&history, "dra"), "two");
    assert_string_equal(history_previous(&history, "two"), "one");
    assert_null(history_previous(&history, "one"));
    assert_string_equal(history_next(&history), "two");
    assert_string_equal(history_next(&history), "dra");
    assert_null(history_next(&history));
}

static void empty_lines_and_repeated_lines_are_not_kept(void **state)
{
    (void)state;
    history_add(&history, "");
    assert_null(history_previous(&history, ""));
    history_add(&history, "one");
    history_add(&history, "two");
    history_add(&history, "two");
    history_add(&history, "");
    assert_string_equal(history_previous(&history, ""), "two");
    assert_string_equal(history_previous(&history, ""), "one");
    history_end_walk(&history);
    history_add(&history, "one");
    assert_string_equal(history_previous(&history, ""), "one");
    assert_string_equal(history_previous(&history, ""), "two");
}

static void after_a_walk_the_next_starts_at_the_newest(void **state)
{
    (void)state;
    history_add(&history, "one");
    history_add(&history, "two");
    (void)history_previous(&history, "");
    (void)history_previous(&history, "");
    history_end_walk(&history);
    assert_string_equal(history_previous(&history, ""), "two");
}

static void the_oldest_lines_are_dropped_first(void **state)
{
    char text[LINE_MAX], long_line[LINE_MAX];
    unsigned int kept = 0, number = 2999;
    const char *line;
    (void)state;

    for (unsigned int i = 0; i < 3000; i++) {
        snprintf(text, sizeof(text), "line %u", i);
        history_add(&history, text);
    }
    while ((line = history_previous(&history, "")) != NULL) {
        snprintf(text, sizeof(text), "line %u", number--);
        assert_string_equal(line, text);
        kept++;
    }
    assert_in_range(kept, HISTORY_BYTES / sizeof("line 2999") - 1, HISTORY_BYTES / sizeof("line 2999"));

    memset(long_line, 'x', sizeof(long_line) - 1);
    long_line[sizeof(long_line) - 1] = '\0';
    history_add(&history, long_line);
    assert_string_equal(history_previous(&history, ""), long_line);
    assert_string_equal(history_previous(&history, ""), "line 2999");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_empty_history_shows_nothing, forget),
        cmocka_unit_test_setup(the_newest_line_is_shown_first_and_the_draft_is_restored, forget),
        cmocka_unit_test_setup(empty_lines_and_repeated_lines_are_not_kept, forget),
        cmocka_unit_test_setup(after_a_walk_the_next_starts_at_the_newest, forget),
        cmocka_unit_test_setup(the_oldest_lines_are_dropped_first, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
