/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records as tables: the exact rows, at several widths of the screen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ashlar/check.h>
#include <log/output.h>
#include <log/print.h>
#include <monitor/records.h>
#include <stdio.h>
#include <string.h>

static char output[8192];
static size_t output_length, screen_columns;
static enum text_style first_style;

NORETURN void verify_failed(const char *expression, const char *file, int line)
{
    mock_assert(0, expression, file, line);
    __builtin_unreachable();
}

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
    (void)only;
    if (output_length == 0)
        first_style = style;
    assert_true(output_length + length < sizeof(output));
    memcpy(output + output_length, text, length);
    output_length += length;
    output[output_length] = '\0';
}

bool output_is_mine(void)
{
    return false;
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
    *rows = 25;
    *columns = screen_columns;
}

/* Blanks at the ends of rows are not seen. */
static void remove_blanks(void)
{
    size_t length = 0;
    for (size_t i = 0; i < output_length; i++) {
        while (output[i] == '\n' && length > 0 && output[length - 1] == ' ')
            length--;
        output[length++] = output[i];
    }
    output[length] = '\0';
}

static void check(size_t columns, record_members_fn *members, const void *context, const char *wanted)
{
    output_length = 0;
    screen_columns = columns;
    records_form.section("part", members, context);
    remove_blanks();
    assert_string_equal(output, wanted);
    for (const char *row = output; *row; row = strchr(row, '\n') + 1)
        assert_true(strcspn(row, "\n") < columns);
}

/* ---- members ---- */

static void write_members(struct json *json, const void *context)
{
    (void)context;
    json_string(json, "clock", "tsc");
    json_bool(json, "is_final", true);
    json_number(json, "rounds", 0);
    json_number(json, "tsc_hz", 2096001992);
    json_number(json, "usable_bytes", 529985536);
    json_number(json, "start", 0xfee00000);
    json_string(json, "loader", "");
    json_text(json, "raw", "a\x80\nb", 4);
    json_open_list(json, "none");
    json_close(json);
    json_open_list(json, "sources");
    json_string(json, NULL, "tsc");
    json_string(json, NULL, "hpet");
    json_close(json);
    json_open_list(json, "isolated");
    json_number(json, NULL, 4096);
    json_close(json);
    json_open_object(json, "system");
    json_string(json, "maker", "QEMU");
    json_close(json);
    json_string(json, "last", "words that need more rows than the one they are in");
}

static void members_are_rows_with_values_in_one_column(void **state)
{
    (void)state;
    check(44, write_members, NULL,
          "part\n"
          "  clock         tsc\n"
          "  is_final      yes\n"
          "  rounds        0\n"
          "  tsc_hz        2096.001992 MHz\n"
          "  usable_bytes  505 MiB\n"
          "  start         P0xfee00000\n"
          "  loader        -\n"
          "  raw           a??b\n"
          "  none          none\n"
          "  sources       tsc, hpet\n"
          "  isolated      P0x1000\n"
          "  system.maker  QEMU\n"
          "  last          words that need more rows\n"
          "                than the one they are in\n");
    assert_int_equal(first_style, STYLE_HEADLINE);
}

/* ---- lists ---- */

static void write_list(struct json *json, const void *context)
{
    (void)context;
    json_open_list(json, "cpus");
    for (unsigned int i = 0; i < 2; i++) {
        json_open_object(json, NULL);
        json_number(json, "cpu", i);
        if (i == 1)
            json_string(json, "kind", "core");
        json_number(json, "protected_us", 98 + 9 * i);
        json_open_list(json, "devices");
        for (unsigned int device = 0; device < 2 * i; device++)
            json_string(json, NULL, device == 0 ? "keyboard" : "mouse");
        json_close(json);
        json_close(json);
    }
    json_close(json);
    json_number(json, "count", 2);
}

/* The columns are in the order in which they come up first. */
static void a_list_of_objects_is_a_table(void **state)
{
    (void)state;
    check(80, write_list, NULL,
          "part\n"
          "  cpus\n"
          "    cpu  protected_us  devices         kind\n"
          "      0            98\n"
          "      1           107  keyboard,mouse  core\n"
          "  count  2\n");
}

static void columns_get_closer_on_a_narrower_screen(void **state)
{
    (void)state;
    check(44, write_list, NULL,
          "part\n"
          "  cpus\n"
          "    cpu  protected_us  devices         kind\n"
          "      0            98\n"
          "      1           107  keyboard,mouse  core\n"
          "  count  2\n");
    check(43, write_list, NULL,
          "part\n"
          "  cpus\n"
          "         protected\n"
          "    cpu         us  devices         kind\n"
          "      0         98\n"
          "      1        107  keyboard,mouse  core\n"
          "  count  2\n");
    check(38, write_list, NULL,
          "part\n"
          "  cpus\n"
          "        protected\n"
          "    cpu        us devices        kind\n"
          "      0        98\n"
          "      1       107 keyboard,mouse core\n"
          "  count  2\n");
}

static void a_table_that_is_too_wide_becomes_texts(void **state)
{
    (void)state;
    check(37, write_list, NULL,
          "part\n"
          "  cpus\n"
          "    0: protected_us 98\n"
          "    1: protected_us 107, devices\n"
          "        keyboard,mouse, kind core\n"
          "  count  2\n");
}

/* ---- more than there is space for ---- */

static void write_too_much(struct json *json, const void *context)
{
    char *names = (char *)(uintptr_t)context; /* of 20 columns and 10 lists, 4 bytes each */
    json_open_list(json, "wide");
    json_open_object(json, NULL);
    for (unsigned int i = 0; i < 20; i++)
        json_number(json, names + 4 * i, i);
    json_close(json);
    json_close(json);
    for (unsigned int i = 0; i < 10; i++) {
        json_open_list(json, names + 4 * i);
        json_open_object(json, NULL);
        json_number(json, "x", i);
        json_close(json);
        json_close(json);
    }
    json_open_list(json, "deep");
    json_open_list(json, NULL);
    json_open_object(json, NULL);
    json_number(json, "unseen", 1);
    json_close(json);
    json_close(json);
    json_close(json);
    json_string(json, "end", "here");
}

static void what_has_no_space_is_left_out_and_the_rest_is_there(void **state)
{
    char names[20][4];
    (void)state;
    for (unsigned int i = 0; i < 20; i++)
        (void)snprintf(names[i], sizeof(names[i]), "n%02u", i);
    output_length = 0;
    screen_columns = 100;
    records_form.section("part", write_too_much, names);
    assert_non_null(strstr(output, " n15\n"));
    assert_null(strstr(output, "n16"));
    assert_non_null(strstr(output, "  n06\n    x\n    6\n"));
    assert_null(strstr(output, "unseen"));
    assert_non_null(strstr(output, "  end   here\n"));
}

/* A value that changes between the two walks moves the rest of its row, and no more. */
static void write_growing(struct json *json, const void *context)
{
    unsigned int *calls = (unsigned int *)(uintptr_t)context;
    bool is_second = (*calls)++ > 0;
    json_open_list(json, "list");
    for (unsigned int i = 0; i < (is_second ? 2 : 1); i++) {
        json_open_object(json, NULL);
        json_number(json, "n", is_second ? 1000 : 1);
        json_string(json, "s", "x");
        if (is_second)
            json_string(json, "new", "y");
        json_close(json);
    }
    json_close(json);
    if (is_second) {
        json_open_list(json, "later");
        json_open_object(json, NULL);
        json_number(json, "n", 1);
        json_close(json);
        json_close(json);
    }
}

static void a_record_that_grows_between_the_walks_is_shown(void **state)
{
    unsigned int calls = 0;
    (void)state;
    check(40, write_growing, &calls,
          "part\n"
          "  list\n"
          "    n  s\n"
          "    1000  x\n"
          "    1000  x\n"
          "  later\n"
          "\n"
          "\n");
    assert_int_equal(calls, 2);
}

/* ---- a row for each record ---- */

static void write_bench(struct json *json, const void *context)
{
    json_string(json, "name", context);
    json_number(json, "hidden", 5);
    json_number(json, "median", 1234);
}

static void records_are_rows_of_the_given_columns(void **state)
{
    static const struct record_column columns[] = {
        { "name", 8, true }, { "median", 6, false }, { "p99", 4, false }, { NULL, 0, false }
    };
    (void)state;
    output_length = 0;
    screen_columns = 80;
    records_form.headings(columns);
    records_form.row(columns, write_bench, "lock");
    records_form.row(columns, write_bench, "irq.entry");
    remove_blanks();
    assert_string_equal(output, "name      median   p99\n"
                                "lock        1234\n"
                                "irq.entry    1234\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_rows_with_values_in_one_column),
        cmocka_unit_test(a_list_of_objects_is_a_table),
        cmocka_unit_test(columns_get_closer_on_a_narrower_screen),
        cmocka_unit_test(a_table_that_is_too_wide_becomes_texts),
        cmocka_unit_test(what_has_no_space_is_left_out_and_the_rest_is_there),
        cmocka_unit_test(a_record_that_grows_between_the_walks_is_shown),
        cmocka_unit_test(records_are_rows_of_the_given_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
