/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists in columns, with the real print() of log/print.c: what is shown on a screen of which size.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <log/output.h>
#include <log/print.h>
#include <monitor/columns.h>
#include <stdio.h>
#include <string.h>

static char output[1 << 18];
static size_t length_written, screen_rows, screen_columns;
static bool is_reporting;
static size_t styled; /* characters in the headline style */

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
    assert_null(only);
    assert_true(length_written + length < sizeof(output));
    memcpy(output + length_written, text, length);
    length_written += length;
    output[length_written] = '\0';
    styled += style == STYLE_HEADLINE ? length : 0;
}

bool output_is_mine(void)
{
    return is_reporting;
}

uint32_t output_line_count(void)
{
    return 0;
}

void output_erase_prompt(void)
{
}

void output_screen(size_t *rows, size_t *columns)
{
    *rows = screen_rows;
    *columns = screen_columns;
}

/* A screen with @rows for a list, beside the prompt's. */
static void begin(size_t rows, size_t columns)
{
    length_written = styled = 0;
    output[0] = '\0';
    screen_rows = rows + 1;
    screen_columns = columns;
    print_set_observer(NULL, 0);
    columns_lists.begin();
}

static void expect(const char *wanted)
{
    columns_lists.end();
    assert_string_equal(output, wanted);
}

static void print_numbers(unsigned int count)
{
    for (unsigned int i = 1; i <= count; i++)
        print("line %u\n", i);
}

static void a_list_that_fits_stays_one_column(void **state)
{
    (void)state;
    begin(4, 200);
    print_numbers(4);
    assert_string_equal(output, "");
    expect("line 1\nline 2\nline 3\nline 4\n");
}

static void a_longer_list_goes_down_then_across(void **state)
{
    (void)state;
    begin(4, 200);
    print_numbers(5);
    expect("line 1  line 4\nline 2  line 5\nline 3\n");
    /* Of no more columns than it needs, and of the same height. */
    begin(5, 200);
    print_numbers(11);
    expect("line 1  line 5  line 9\nline 2  line 6  line 10\nline 3  line 7  line 11\nline 4  line 8\n");
}

static void a_narrow_screen_and_a_wide_list_have_one_column(void **state)
{
    (void)state;
    begin(2, COLUMNS_SCREEN_MIN - 1);
    print_numbers(3);
    assert_int_equal(length_written, strlen("line 1\nline 2\nline 3\n")); /* not kept */
    expect("line 1\nline 2\nline 3\n");
    begin(1, 102);
    print("%050d\n%049d\n", 0, 1); /* with the gap 101, and the last column is empty */
    columns_lists.end();
    assert_int_equal(strcspn(output, "\n"), 101);
    begin(1, 102);
    print("%050d\n%050d\n", 0, 1);
    columns_lists.end();
    assert_int_equal(strcspn(output, "\n"), 50);
}

/* Each screen is full, and the last one has what is left. */
static void a_list_of_several_screens_fills_each(void **state)
{
    (void)state;
    begin(2, 102);
    for (unsigned int i = 1; i <= 5; i++)
        print("%-40u|\n", i);
    columns_lists.end();
    for (char *at = output; (at = strstr(at, "    ")) != NULL;)
        memmove(at, at + 4, strlen(at + 4) + 1);
    assert_string_equal(output, "1   |  3   |\n2   |  4   |\n5   |\n");
}

static void a_headline_is_repeated_above_its_lines(void **state)
{
    (void)state;
    begin(3, 200);
    print_styled(STYLE_HEADLINE, "head\n");
    print_numbers(3);
    expect("head    head\nline 1  line 3\nline 2\n");
    assert_int_equal(styled, 2 * strlen("head"));
    /* Not above another headline, and not beyond a blank line, which does not begin a column. */
    begin(3, 200);
    print_styled(STYLE_HEADLINE, "head\n");
    print("1\n2\n");
    print_styled(STYLE_HEADLINE, "other\n");
    print("3\n");
    expect("head  other\n1     3\n2\n");
    begin(3, 200);
    print_styled(STYLE_HEADLINE, "head\n");
    print("1\n2\n\nend\n");
    expect("head  end\n1\n2\n");
}

static void what_is_no_list_is_printed_as_it_comes(void **state)
{
    (void)state;
    begin(2, 200);
    print_numbers(2);
    print_styled(STYLE_ERROR, "wrong\n");
    assert_string_equal(output, "line 1\nline 2\nwrong\n");
    print("3\n4\n5\n");
    expect("line 1\nline 2\nwrong\n3\n4\n5\n");
    begin(1, 200);
    print("1\n2\n@ashlar {}\n3\n4\n");
    expect("1  2\n@ashlar {}\n3\n4\n");
    begin(1, 200);
    print("1\n10 %%\r20 %%");
    expect("1\n10 %\r20 %");
}

static void a_report_and_a_filter_are_as_without_it(void **state)
{
    (void)state;
    begin(1, 200);
    print("1\n");
    is_reporting = true;
    print("report\n");
    is_reporting = false;
    print("2\n");
    expect("report\n1  2\n");
    begin(1, 200);
    columns_lists.end();
    (void)print_set_filter("1");
    columns_lists.begin();
    print("1\n2\n11\n");
    columns_lists.end();
    (void)print_set_filter(NULL);
    assert_string_equal(output, "1\n11\n");
}

/* In the order of the lines, without a loss; the memory is smaller. */
static void a_list_larger_than_the_memory_is_shown_in_screens(void **state)
{
    (void)state;
    unsigned int count = 3 * COLUMNS_LINES_MAX + 5;
    begin(10, 240);
    for (unsigned int i = 1; i <= count; i++)
        print("%06u\n", i);
    columns_lists.end();
    for (unsigned int i = 1; i <= count; i++) {
        char wanted[32];
        (void)snprintf(wanted, sizeof(wanted), "%06u", i);
        assert_non_null(strstr(output, wanted));
    }
    begin(10, 240);
    for (unsigned int i = 0; i < COLUMNS_TEXT_MAX + 10; i++)
        print("x");
    columns_lists.end();
    assert_int_equal(length_written, COLUMNS_TEXT_MAX + 10);
}

static void wrapped_text_is_wrapped_to_its_column(void **state)
{
    (void)state;
    char words[400];
    for (size_t i = 0; i < sizeof(words); i++)
        words[i] = i % 4 == 3 ? ' ' : 'x';
    words[sizeof(words) - 1] = '\0';
    begin(2, 240);
    print_wrapped(words, 0, 0);
    columns_lists.end();
    /* Six rows of at most 78 columns: three columns. */
    assert_int_equal(strcspn(output, "\n"), 2 * (75 + 2) + 75);
    assert_string_equal(output + length_written - 1, "\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_that_fits_stays_one_column),
        cmocka_unit_test(a_longer_list_goes_down_then_across),
        cmocka_unit_test(a_narrow_screen_and_a_wide_list_have_one_column),
        cmocka_unit_test(a_list_of_several_screens_fills_each),
        cmocka_unit_test(a_headline_is_repeated_above_its_lines),
        cmocka_unit_test(what_is_no_list_is_printed_as_it_comes),
        cmocka_unit_test(a_report_and_a_filter_are_as_without_it),
        cmocka_unit_test(a_list_larger_than_the_memory_is_shown_in_screens),
        cmocka_unit_test(wrapped_text_is_wrapped_to_its_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
