/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pager, with the real print() of log/print.c, which reports rows to it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ashlar/dev/input.h>
#include <log/output.h>
#include <log/print.h>
#include <monitor/pager.h>
#include <string.h>

#define COLUMNS 10

static char output[4096];
static size_t length_written;
static bool is_reporting;
static const int *keys;

struct output_held output_take(void)
{
    return (struct output_held){ .taken = true };
}

void output_give(struct output_held held)
{
    assert_true(held.taken);
}

void output_write(struct console *only, const char *text, size_t length)
{
    assert_null(only);
    memcpy(output + length_written, text, length);
    length_written += length;
    output[length_written] = '\0';
}

bool output_is_mine(void)
{
    return is_reporting;
}

static void begin(size_t rows, const int *typed, pager_key_fn *key)
{
    length_written = 0;
    output[0] = '\0';
    keys = typed;
    pager_begin(rows, COLUMNS, key);
}

static int next_key(void)
{
    assert_int_not_equal(*keys, 0);
    return *keys++;
}

/* Prints lines 1 to @lines to a screen of 4 rows while @typed is typed. */
static void check(unsigned int lines, const int *typed, const char *wanted)
{
    begin(4, typed, next_key);
    for (unsigned int i = 1; i <= lines; i++)
        print("%u\n", i);
    pager_end();
    print(".");
    assert_string_equal(output, wanted);
    assert_int_equal(*keys, 0);
}

#define MORE "--More--\r        \r"

static void short_output_is_not_paused(void **state)
{
    (void)state;
    check(3, (const int[]){ 0 }, "1\n2\n3\n.");
}

static void space_shows_a_screen_and_enter_a_line(void **state)
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

static void several_lines_in_one_write_are_counted(void **state)
{
    (void)state;
    begin(4, (const int[]){ ' ', 0 }, next_key);
    print("a\nb\nc\nd\ne\n");
    print("f\n");
    pager_end();
    assert_string_equal(output, "a\nb\nc\n" MORE "d\ne\nf\n");
}

/* A terminal shows the prompt in a separate row, and its blanks in the first columns of that. */
static void a_line_wider_than_the_screen_counts_as_several_rows(void **state)
{
    (void)state;
    begin(4, (const int[]){ '\r', ' ', 0 }, next_key);
    print("one\n%s\n", "0123456789abcdefghijABCDEFGHIJ!");
    print("last\n");
    pager_end();
    assert_string_equal(output, "one\n0123456789abcdefghij" MORE "ABCDEFGHIJ" MORE "!\nlast\n");
}

static void rows_are_counted_however_the_text_is_split(void **state)
{
    (void)state;
    begin(3, (const int[]){ ' ', ' ', 0 }, next_key);
    for (const char *c = "012345678\t.\bx\r0123456789ab\n\n\f."; *c; c++)
        print_text(c, 1);
    pager_end();
    assert_string_equal(output, "012345678\t.\bx\r0123456789" MORE "ab\n\n" MORE "\f.");
}

/* A program reads it, whatever the source of the command. */
static void output_is_not_paused_inside_a_record(void **state)
{
    (void)state;
#define RECORD "@ashlar {\"v\":1,\"type\":\"memory\",\"usable\":[{\"start\":0}]}\n"
    begin(3, (const int[]){ ' ', ' ', 0 }, next_key);
    print("a\n");
    print("b\n");
    print(RECORD);
    print("last\n");
    pager_end();
    assert_string_equal(output, "a\nb\n" MORE RECORD MORE "last\n");
}

static void a_report_is_neither_paused_nor_dropped(void **state)
{
    (void)state;
    begin(2, (const int[]){ 'q', 0 }, next_key);
    print("a\n");
    is_reporting = true;
    print("1\n2\n3\n");
    is_reporting = false;
    print("b\n");
    is_reporting = true;
    print("4\n");
    is_reporting = false;
    print("c\n");
    pager_end();
    assert_string_equal(output, "a\n1\n2\n3\n" MORE "4\n");
}

static void the_smallest_screen_works(void **state)
{
    (void)state;
    for (size_t rows = 0; rows < 3; rows++) {
        begin(rows, (const int[]){ ' ', 0 }, next_key);
        print("a\nb\n");
        pager_end();
        assert_string_equal(output, "a\n" MORE "b\n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_output_is_not_paused),
        cmocka_unit_test(space_shows_a_screen_and_enter_a_line),
        cmocka_unit_test(q_drops_the_rest_and_only_that),
        cmocka_unit_test(other_keys_do_nothing),
        cmocka_unit_test(several_lines_in_one_write_are_counted),
        cmocka_unit_test(a_line_wider_than_the_screen_counts_as_several_rows),
        cmocka_unit_test(rows_are_counted_however_the_text_is_split),
        cmocka_unit_test(output_is_not_paused_inside_a_record),
        cmocka_unit_test(a_report_is_neither_paused_nor_dropped),
        cmocka_unit_test(the_smallest_screen_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
