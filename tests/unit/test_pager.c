/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pager, with a print() that keeps the contract of diag/log.h.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ashlar/dev/input.h>
#include <diag/log.h>
#include <monitor/pager.h>
#include <stdio.h>
#include <string.h>

static char output[4096];
static print_observer_fn *observer;
static bool is_dropped;
static size_t printed_lines;
static const int *keys;

void print_set_observer(print_observer_fn *new_observer)
{
    observer = new_observer;
    is_dropped = false;
    printed_lines = 0;
}

void print(const char *format, ...)
{
    va_list arguments;
    char text[256];
    size_t lines = printed_lines;

    if (!is_dropped && observer) {
        printed_lines = 0;
        is_dropped = !observer(lines);
    }
    if (is_dropped)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    strcat(output, text);
    for (const char *c = text; *c; c++)
        printed_lines += *c == '\n';
}

static int next_key(void)
{
    assert_int_not_equal(*keys, 0);
    return *keys++;
}

/* Prints lines 1 to @lines to a screen of 4 rows while @typed is typed. */
static void check(unsigned lines, const int *typed, const char *wanted)
{
    output[0] = '\0';
    keys = typed;
    pager_begin(4, next_key);
    for (unsigned i = 1; i <= lines; i++)
        print("%u\n", i);
    pager_end();
    print(".");
    assert_string_equal(output, wanted);
    assert_int_equal(*keys, 0);
}

#define MORE "--More--\r        \r"

static void a_short_text_is_not_stopped(void **state)
{
    (void)state;
    check(3, (const int[]){ 0 }, "1\n2\n3\n.");
}

static void space_gives_a_screen_and_enter_a_line(void **state)
{
    (void)state;
    check(8, (const int[]){ ' ', '\r', '\r', 0 }, "1\n2\n3\n" MORE "4\n5\n6\n" MORE "7\n" MORE "8\n.");
    check(5, (const int[]){ KEY_DOWN, KEY_PAGE_DOWN, 0 }, "1\n2\n3\n" MORE "4\n" MORE "5\n.");
}

static void q_drops_the_rest_and_only_that(void **state)
{
    (void)state;
    check(9, (const int[]){ 'q', 0 }, "1\n2\n3\n" MORE ".");
    check(9, (const int[]){ 3, 0 }, "1\n2\n3\n" MORE ".");
}

static void other_keys_do_nothing(void **state)
{
    (void)state;
    check(4, (const int[]){ 'x', KEY_LEFT, ' ', 0 }, "1\n2\n3\n" MORE "4\n.");
}

static void several_lines_at_once_count(void **state)
{
    (void)state;
    output[0] = '\0';
    keys = (const int[]){ ' ', 0 };
    pager_begin(4, next_key);
    print("a\nb\nc\nd\ne\n");
    print("f\n");
    pager_end();
    assert_string_equal(output, "a\nb\nc\nd\ne\n" MORE "f\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_text_is_not_stopped),
        cmocka_unit_test(space_gives_a_screen_and_enter_a_line),
        cmocka_unit_test(q_drops_the_rest_and_only_that),
        cmocka_unit_test(other_keys_do_nothing),
        cmocka_unit_test(several_lines_at_once_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
