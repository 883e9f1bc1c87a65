/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line as people type it, as GRUB rewrites it, and malformed.
 */
#include <ashlar/types.h>
#include <boot/cmdline.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static void assert_option(const char *line, const char *name, const char *wanted)
{
    char value[128] = "untouched";
    assert_int_equal(cmdline_value(line, name, value, sizeof(value)), STATUS_OK);
    assert_string_equal(value, wanted);
    assert_true(cmdline_has(line, name));
}

static void assert_no_option(const char *line, const char *name)
{
    char value[16] = "untouched";
    assert_int_equal(cmdline_value(line, name, value, sizeof(value)), STATUS_NOT_FOUND);
    assert_string_equal(value, "untouched");
    assert_false(cmdline_has(line, name));
}

static void an_empty_line_has_no_words(void **state)
{
    (void)state;
    const char *const lines[] = { "", " ", "   \t  ", "\n\n" };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        size_t cursor = 0;
        struct cmdline_option option;
        assert_int_equal(cmdline_next(lines[i], &cursor, &option), STATUS_NOT_FOUND);
        assert_int_equal(cmdline_next(lines[i], &cursor, &option), STATUS_NOT_FOUND);
    }
}

static void words_are_in_order_with_their_names_and_values(void **state)
{
    (void)state;
    const char *line = "  maxcpus=4\tnox2apic  empty= a=b=c";
    static const struct {
        const char *name, *value;
    } wanted[] = { { "maxcpus", "4" }, { "nox2apic", NULL }, { "empty", "" }, { "a", "b=c" } };
    size_t cursor = 0;
    struct cmdline_option option;
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        assert_int_equal(cmdline_next(line, &cursor, &option), STATUS_OK);
        assert_int_equal(option.name_length, strlen(wanted[i].name));
        assert_memory_equal(option.name, wanted[i].name, option.name_length);
        assert_int_equal(option.value == NULL, wanted[i].value == NULL);
        if (wanted[i].value) {
            assert_int_equal(option.value_length, strlen(wanted[i].value));
            assert_memory_equal(option.value, wanted[i].value, option.value_length);
        }
    }
    assert_int_equal(cmdline_next(line, &cursor, &option), STATUS_NOT_FOUND);
}

static void a_quoted_value_may_hold_blanks(void **state)
{
    (void)state;
    assert_option("x run=\"test; exit\" y", "run", "test; exit");
    assert_option("x run=\"test; exit\" y", "y", "");
    assert_no_option("x run=\"test; exit\" y", "exit\"");
}

static void a_word_quoted_as_a_whole_by_grub_is_parsed_alike(void **state)
{
    (void)state;
    /* GRUB's shell takes away run="test; exit"'s quotes and puts its own around the word. */
    assert_option("x \"run=test; exit\" y", "run", "test; exit");
    assert_option("x \"run=test; exit\" y", "y", "");
    assert_option("\"two words\"", "two words", "");
}

static void grub_escapes_are_removed(void **state)
{
    (void)state;
    assert_option("run=\\\"a\\\"", "run", "\"a\"");
    assert_option("\"run=echo \\\"a b\\\" \\\\ \\'c\\'\" next", "run", "echo \"a b\" \\ 'c'");
    assert_option("\"run=echo \\\"a b\\\" \\\\ \\'c\\'\" next", "next", "");
}

static void other_backslashes_are_literal(void **state)
{
    (void)state;
    assert_option("path=a\\b\\n\\", "path", "a\\b\\n\\");
    assert_option("path=\\ next", "path", "\\");
}

static void quotes_inside_a_value_join(void **state)
{
    (void)state;
    assert_option("run=a\" \"b\"\"c", "run", "a bc");
}

static void an_unclosed_quote_extends_to_the_end_of_the_line(void **state)
{
    (void)state;
    size_t cursor = 0;
    struct cmdline_option option;
    const char *line = "run=\"test; exit x=1\nlast=2";
    assert_int_equal(cmdline_next(line, &cursor, &option), STATUS_MALFORMED);
    assert_int_equal(cmdline_next(line, &cursor, &option), STATUS_OK);
    assert_int_equal(cmdline_next(line, &cursor, &option), STATUS_NOT_FOUND);
    assert_option(line, "run", "test; exit x=1");
    assert_option(line, "last", "2");
    assert_no_option(line, "x");
    cursor = 0;
    assert_int_equal(cmdline_next("\"", &cursor, &option), STATUS_MALFORMED);
    assert_int_equal(option.name_length, 0);
    assert_int_equal(cmdline_next("\"", &cursor, &option), STATUS_NOT_FOUND);
}

static void the_last_value_of_a_repeated_option_is_used(void **state)
{
    (void)state;
    assert_option("mem=1G x mem=2G", "mem", "2G");
    assert_option("mem=1G x mem", "mem", "");
    assert_option("run=\"a; b\" run=c", "run", "c");
}

static void names_match_whole_and_case_sensitively(void **state)
{
    (void)state;
    const char *line = "console=serial nohpet";
    assert_no_option(line, "consol");
    assert_no_option(line, "consoles");
    assert_no_option(line, "Console");
    assert_no_option(line, "console=serial");
    assert_no_option(line, "serial");
    assert_no_option(line, "hpet");
    assert_no_option(line, "");
}

static void a_value_that_does_not_fit_is_truncated_and_reported(void **state)
{
    (void)state;
    char value[6];
    memset(value, '#', sizeof(value));
    assert_int_equal(cmdline_value("a=12345", "a", value, 6), STATUS_OK);
    assert_string_equal(value, "12345");
    assert_int_equal(cmdline_value("a=12345", "a", value, 5), STATUS_TOO_BIG);
    assert_string_equal(value, "1234");
    assert_int_equal(value[5], '\0'); /* from before: nothing was written beyond the 5 bytes */
    assert_int_equal(cmdline_value("a=12345", "a", value, 1), STATUS_TOO_BIG);
    assert_string_equal(value, "");
    assert_int_equal(cmdline_value("a=", "a", value, 1), STATUS_OK);
}

static void a_very_long_line_is_read_to_its_end(void **state)
{
    (void)state;
    size_t length = 200000;
    char *line = malloc(length + 16);
    memset(line, 'x', length);
    for (size_t i = 9; i < length; i += 10)
        line[i] = ' ';
    strcpy(line + length, " last=here");
    assert_option(line, "last", "here");
    free(line);
}

static void a_file_name_is_distinguished_from_an_option(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool is_file_name;
    } cases[] = {
        { "/boot/ashlar.elf run=exit", true },
        { "./ashlar", true },
        { "ashlar.elf", true },
        { "/boot/a=b/ashlar", true },
        { "/ashlar", true },
        { "boot/x", true },
        { "noacpi", false },
        { "run=\"a/b.c\"", false },
        { "root=/dev/sda1", false },
        { "noapci", false },
        { "mem=1.5G", false },
        { "=x", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct cmdline_option option;
        size_t cursor = 0;
        assert_int_equal(cmdline_next(cases[i].line, &cursor, &option), STATUS_OK);
        assert_int_equal(cmdline_is_file_name(&option), cases[i].is_file_name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_line_has_no_words),
        cmocka_unit_test(words_are_in_order_with_their_names_and_values),
        cmocka_unit_test(a_quoted_value_may_hold_blanks),
        cmocka_unit_test(a_word_quoted_as_a_whole_by_grub_is_parsed_alike),
        cmocka_unit_test(grub_escapes_are_removed),
        cmocka_unit_test(other_backslashes_are_literal),
        cmocka_unit_test(quotes_inside_a_value_join),
        cmocka_unit_test(an_unclosed_quote_extends_to_the_end_of_the_line),
        cmocka_unit_test(the_last_value_of_a_repeated_option_is_used),
        cmocka_unit_test(names_match_whole_and_case_sensitively),
        cmocka_unit_test(a_value_that_does_not_fit_is_truncated_and_reported),
        cmocka_unit_test(a_very_long_line_is_read_to_its_end),
        cmocka_unit_test(a_file_name_is_distinguished_from_an_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
