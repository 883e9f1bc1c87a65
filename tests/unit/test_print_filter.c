/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The filter of print(), and the pager's search, on a console of 4 rows of 40 columns.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <log/output.h>
#include <log/print.h>
#include <monitor/pager.h>
#include <string.h>

#define MORE "--More--\r        \r"

static char output[20000];
static size_t length_written;
static const char *keys;

struct output_held output_take(void)
{
    return (struct output_held){ .taken = true };
}

void output_give(struct output_held held)
{
    (void)held;
}

void output_write_styled(struct console *only, enum text_style style, const char *text, size_t length)
{
    (void)only, (void)style;
    assert_true(length_written + length < sizeof(output));
    memcpy(output + length_written, text, length);
    length_written += length;
    output[length_written] = '\0';
}

void output_write(struct console *only, const char *text, size_t length)
{
    output_write_styled(only, STYLE_PLAIN, text, length);
}

static bool is_reporting;

bool output_is_mine(void)
{
    return is_reporting;
}

uint32_t output_line_count(void)
{
    return 0;
}

static bool is_prompt_shown;

void output_show_prompt(const char *text)
{
    is_prompt_shown = true;
    output_write(NULL, text, strlen(text));
}

void output_erase_prompt(void)
{
    if (is_prompt_shown)
        output_write(NULL, "\r        \r", 10);
    is_prompt_shown = false;
}

void output_screen(size_t *rows, size_t *columns)
{
    *rows = 4;
    *columns = 40;
}

static int next_key(void)
{
    assert_int_not_equal(*keys, 0);
    return (unsigned char)*keys++;
}

static bool is_stopped(void)
{
    return false;
}

static int begin(void **state)
{
    (void)state;
    length_written = 0;
    output[0] = '\0';
    keys = "";
    is_reporting = false;
    print_set_filter(NULL);
    pager_end();
    length_written = 0;
    output[0] = '\0';
    return 0;
}

static void page(const char *typed)
{
    static const struct pager_keys source = { next_key, is_stopped };
    keys = typed;
    pager_begin(4, 40, &source);
}

/* What is left after the keys: all of them were taken. */
static void expect(const char *wanted)
{
    pager_end();
    assert_string_equal(output, wanted);
    assert_int_equal(*keys, 0);
}

static void only_lines_with_the_word_are_printed(void **state)
{
    (void)state;
    print_set_filter("Two");
    print("one\ntwo\nthree\n");
    print("twenty-");
    print("TWO");
    print(" and more\n");
    assert_string_equal(output, "two\ntwenty-TWO and more\n");
    print_set_filter(NULL);
    print("one\n");
    assert_string_equal(output, "two\ntwenty-TWO and more\none\n");
}

static void a_last_line_without_a_newline_is_filtered_too(void **state)
{
    (void)state;
    print_set_filter("C");
    print("abc");
    print_set_filter(NULL);
    print_set_filter("x");
    print("abc");
    print_set_filter(NULL);
    assert_string_equal(output, "abc");
}

static void a_record_longer_than_a_row_is_one_line(void **state)
{
    (void)state;
    static char record[3000];
    memset(record, 'r', sizeof(record) - 1);
    print_set_filter("end");
    print("%s", record);
    print(" end\n");
    assert_int_equal(length_written, sizeof(record) - 1 + 5);
}

static void a_line_longer_than_the_memory_is_compared_in_parts(void **state)
{
    (void)state;
    static char long_line[PRINT_LINE_MAX + 1];
    memset(long_line, 'l', PRINT_LINE_MAX);
    print_set_filter("end");
    print("%s", long_line);
    print("end\n");
    assert_string_equal(output, "end\n");
}

static void a_report_is_not_filtered(void **state)
{
    (void)state;
    print_set_filter("word");
    is_reporting = true;
    print("report\n");
    assert_string_equal(output, "report\n");
}

static void an_error_is_not_filtered(void **state)
{
    (void)state;
    print_set_filter("word");
    print("a half ");
    print_styled(STYLE_ERROR, "usage\n");
    print("word\n");
    assert_string_equal(output, "usage\na half word\n");
}

static void an_observer_that_is_set_ends_the_filter(void **state)
{
    (void)state;
    print_set_filter("word");
    print("a half ");
    print_set_observer(NULL, 0);
    print("panic\n");
    assert_string_equal(output, "panic\n");
    assert_null(print_set_filter(NULL));
    assert_string_equal(output, "panic\n");
}

static void lines_that_are_filtered_out_take_no_rows(void **state)
{
    (void)state;
    page("");
    print_set_filter("yes");
    for (int i = 0; i < 50; i++)
        print("no\n");
    print("yes\nyes\nyes\n");
    expect("yes\nyes\nyes\n");
}

static void a_search_goes_on_at_the_next_line_with_the_word(void **state)
{
    (void)state;
    page("/7\r ");
    for (int i = 1; i <= 9; i++)
        print("%d\n", i);
    print("10\n");
    expect("1\n2\n3\n" MORE "/7\b \b\b \b"
           "7\n8\n9\n" MORE "10\n");
}

static void the_search_is_of_lines_in_one_write_too(void **state)
{
    (void)state;
    page("/b7\rnq");
    print("b1\nb2\nb3\nb4\nb5\nb6\nb7\nc8\nc9\nd1\nd2\nb7 again\nx\ny\nz\n");
    expect("b1\nb2\nb3\n" MORE "/b7\b \b\b \b\b \b"
           "b7\nc8\nc9\n" MORE "b7 again\nx\ny\n" MORE);
}

#define WIDE_ROW "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"

/* The search begins in the middle of a line that has the filter's word. */
static void a_line_that_has_begun_is_written_to_its_end(void **state)
{
    (void)state;
    static char wide[100 + 2];
    memset(wide, 'w', 100);
    wide[100] = '\n';
    page("/b\r");
    print_set_filter("w");
    print("w1\nw2\n");
    print("%s", wide);
    print("w3\nwb\n");
    expect("w1\nw2\n" WIDE_ROW MORE "/b\b \b\b \b" WIDE_ROW "wwwwwwwwwwwwwwwwwwww\n"
           "wb\n");
}

static void a_word_that_does_not_follow_is_said(void **state)
{
    (void)state;
    page("/nope\r");
    for (int i = 1; i <= 9; i++)
        print("%d\n", i);
    expect("1\n2\n3\n" MORE "/nope\b \b\b \b\b \b\b \b\b \b"
           "'nope' is not in what follows\n");
    length_written = 0;
    print("after\n");
    assert_string_equal(output, "after\n");
}

static void the_word_has_a_longest_length(void **state)
{
    (void)state;
    char typed[2 * PAGER_WORD_MAX], wanted[sizeof(output)] = "1\n2\n3\n" MORE "/";
    memset(typed, 'l', sizeof(typed));
    typed[0] = '/';
    strcpy(typed + sizeof(typed) - 3, "\x03q");
    page(typed);
    for (int i = 1; i <= 9; i++)
        print("%d\n", i);
    memset(wanted + strlen(wanted), 'l', PAGER_WORD_MAX);
    for (int i = 0; i < PAGER_WORD_MAX + 1; i++)
        strcat(wanted, "\b \b");
    expect(strcat(wanted, MORE));
}

/* The first of all searches. */
static void without_a_word_the_next_one_is_not_searched(void **state)
{
    (void)state;
    page("nq");
    for (int i = 1; i <= 9; i++)
        print("%d\n", i);
    expect("1\n2\n3\n" MORE);
}

static void a_search_may_be_corrected_and_left(void **state)
{
    (void)state;
    page("/x\b5\r/\b /zz\x15\x03q");
    for (int i = 1; i <= 15; i++)
        print("%d\n", i);
    expect("1\n2\n3\n" MORE "/x\b \b5\b \b\b \b"
           "5\n6\n7\n" MORE "/\b \b" MORE "8\n9\n10\n" MORE "/zz\b \b\b \b\b \b" MORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_a_word_the_next_one_is_not_searched, begin),
        cmocka_unit_test_setup(only_lines_with_the_word_are_printed, begin),
        cmocka_unit_test_setup(a_last_line_without_a_newline_is_filtered_too, begin),
        cmocka_unit_test_setup(a_record_longer_than_a_row_is_one_line, begin),
        cmocka_unit_test_setup(a_line_longer_than_the_memory_is_compared_in_parts, begin),
        cmocka_unit_test_setup(a_report_is_not_filtered, begin),
        cmocka_unit_test_setup(an_error_is_not_filtered, begin),
        cmocka_unit_test_setup(an_observer_that_is_set_ends_the_filter, begin),
        cmocka_unit_test_setup(lines_that_are_filtered_out_take_no_rows, begin),
        cmocka_unit_test_setup(a_search_goes_on_at_the_next_line_with_the_word, begin),
        cmocka_unit_test_setup(the_search_is_of_lines_in_one_write_too, begin),
        cmocka_unit_test_setup(a_line_that_has_begun_is_written_to_its_end, begin),
        cmocka_unit_test_setup(a_word_that_does_not_follow_is_said, begin),
        cmocka_unit_test_setup(the_word_has_a_longest_length, begin),
        cmocka_unit_test_setup(a_search_may_be_corrected_and_left, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
