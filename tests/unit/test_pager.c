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

void output_write_styled(struct console *only, enum text_style style, const char *text, size_t length)
{
    assert_int_equal(style, STYLE_PLAIN);
    assert_null(only);
    memcpy(output + length_written, text, length);
    length_written += length;
    output[length_written] = '\0';
}

void output_write(struct console *only, const char *text, size_t length)
{
    output_write_styled(only, STYLE_PLAIN, text, length);
}

bool output_is_mine(void)
{
    return is_reporting;
}

static uint32_t log_lines;

uint32_t output_line_count(void)
{
    return log_lines;
}

static bool is_prompt_shown;

void output_show_prompt(const char *text)
{
    assert_false(is_prompt_shown);
    is_prompt_shown = true;
    output_write(NULL, text, strlen(text));
}

void output_erase_prompt(void)
{
    if (is_prompt_shown)
        output_write(NULL, "\r        \r", 10);
    is_prompt_shown = false;
}

static size_t screen_columns;

void output_screen(size_t *rows, size_t *columns)
{
    *rows = 24;
    *columns = screen_columns;
}

static bool is_stop_typed;

static bool is_stopped(void)
{
    return is_stop_typed;
}

static void begin(size_t rows, const int *typed, int (*key)(void))
{
    static struct pager_keys source = { .is_stopped = is_stopped };
    source.wait = key;
    is_stop_typed = false;

    length_written = 0;
    output[0] = '\0';
    keys = typed;
    pager_begin(rows, COLUMNS, &source);
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
}

static void ctrl_c_stops_at_the_prompt_and_between_prompts(void **state)
{
    (void)state;
    check(9, (const int[]){ 3, 0 }, "1\n2\n3\n" MORE "^C\n.");
    begin(4, (const int[]){ 0 }, next_key);
    print("1\n");
    assert_false(print_is_stopped());
    is_stop_typed = true;
    print("2\n");
    assert_true(print_is_stopped());
    print("3\n");
    pager_end();
    assert_string_equal(output, "1\n^C\n");
    /* The key is left for the command that a report interrupts. */
    begin(4, (const int[]){ 0 }, next_key);
    is_stop_typed = is_reporting = true;
    assert_false(print_is_stopped());
    is_reporting = false;
    assert_true(print_is_stopped());
    pager_end();
}

/* The rows that a command has printed are not given twice. */
static void asking_whether_to_stop_counts_no_rows(void **state)
{
    (void)state;
    begin(4, (const int[]){ 0 }, next_key);
    print("1\n2\n3\n");
    for (int i = 0; i < 10; i++)
        assert_false(print_is_stopped());
    pager_end();
    assert_string_equal(output, "1\n2\n3\n");
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

static void log_a_line(void)
{
    output_write(NULL, "log\n", 4);
    log_lines++;
}

/* It ends the row, and the text goes on in another: the next prompt is in column 1,
   and the rows are counted. */
static void a_log_line_in_the_middle_of_a_row_begins_another(void **state)
{
    (void)state;
    begin(3, (const int[]){ ' ', 0 }, next_key);
    print("0123456");
    log_a_line();
    print("78\n");
    print("c\n");
    pager_end();
    assert_string_equal(output, "0123456log\n78\n" MORE "c\n");
}

static void the_prompt_is_erased_when_paging_ends_in_it(void **state)
{
    (void)state;
    begin(2, (const int[]){ 0 }, next_key);
    output_show_prompt("--More--");
    pager_end();
    assert_string_equal(output, MORE);
}

/* On a screen of @columns. */
static void check_wrapped(size_t columns, const char *text, size_t column, size_t indent, const char *wanted)
{
    length_written = 0;
    screen_columns = columns;
    print_wrapped(text, column, indent);
    assert_string_equal(output, wanted);
}

static void text_is_wrapped_between_words(void **state)
{
    (void)state;
    check_wrapped(11, "one two", 0, 0, "one two\n");
    check_wrapped(11, "one two three four", 0, 2, "one two\n  three\n  four\n");
    check_wrapped(11, "one two three", 4, 4, "one\n    two\n    three\n");
    /* A row of ten characters fits, one of eleven does not. */
    check_wrapped(11, "1234567890 1", 0, 0, "1234567890\n1\n");
    check_wrapped(11, "1 3456789 1", 0, 0, "1 3456789\n1\n");
    check_wrapped(11, "123456789012345 1", 0, 1, "1234567890\n 12345 1\n");
    check_wrapped(4, "ab cd", 20, 2, "a\n  b\n  c\n  d\n");
    check_wrapped(11, "one two", 10, 0, "o\nne two\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_output_is_not_paused),
        cmocka_unit_test(space_shows_a_screen_and_enter_a_line),
        cmocka_unit_test(q_drops_the_rest_and_only_that),
        cmocka_unit_test(ctrl_c_stops_at_the_prompt_and_between_prompts),
        cmocka_unit_test(asking_whether_to_stop_counts_no_rows),
        cmocka_unit_test(other_keys_do_nothing),
        cmocka_unit_test(several_lines_in_one_write_are_counted),
        cmocka_unit_test(a_line_wider_than_the_screen_counts_as_several_rows),
        cmocka_unit_test(rows_are_counted_however_the_text_is_split),
        cmocka_unit_test(output_is_not_paused_inside_a_record),
        cmocka_unit_test(a_report_is_neither_paused_nor_dropped),
        cmocka_unit_test(the_smallest_screen_works),
        cmocka_unit_test(a_log_line_in_the_middle_of_a_row_begins_another),
        cmocka_unit_test(the_prompt_is_erased_when_paging_ends_in_it),
        cmocka_unit_test(text_is_wrapped_between_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
