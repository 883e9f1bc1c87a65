/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines into commands and words.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <command/split.h>
#include <stdlib.h>
#include <string.h>

/* Splits @text, in a block of its exact size, into "word,word|filter;word,..." and compares. */
static void check(const char *text, const char *wanted)
{
    char *line = strdup(text), *cursor = line, *argv[SPLIT_WORDS_MAX + 1];
    const char *filter;
    char got[512] = "";
    status_t status;
    int argc;

    while ((status = split_next(&cursor, &argc, argv, &filter)) != STATUS_NOT_FOUND) {
        if (status != STATUS_OK) {
            strcat(got, status == STATUS_MALFORMED ? "!quote;"
                        : status == STATUS_INVALID ? "!filter;"
                                                   : "!many;");
            continue;
        }
        assert_null(argv[argc]);
        for (int i = 0; i < argc; i++) {
            strcat(got, argv[i]);
            strcat(got, i + 1 < argc ? "," : filter ? "|" : ";");
        }
        if (filter)
            strcat(strcat(got, filter), ";");
    }
    assert_string_equal(got, wanted);
    free(line);
}

static void blanks_separate_words_and_semicolons_commands(void **state)
{
    (void)state;
    check("", "");
    check(" ;; ; ", "");
    check("test", "test;");
    check("  peek\t0x10   4 ", "peek,0x10,4;");
    check("test; report;exit", "test;report;exit;");
    check("a b;c d ;e", "a,b;c,d;e;");
}

static void quotes_keep_a_word_together(void **state)
{
    (void)state;
    check("test \"a b; c\" d", "test,a b; c,d;");
    check("a'b c'd;e", "ab cd;e;");
    check("say \"it's\"", "say,it's;");
    check("say ''", "say,;");
    check("say \"\";x", "say,;x;");
}

static void a_bar_precedes_the_filter(void **state)
{
    (void)state;
    check("log | warn", "log|warn;");
    check("log x|warn;map| \"two words\" ; exit", "log,x|warn;map|two words;exit;");
    check("say \"a | b\" 'c|d'", "say,a | b,c|d;");
    check("say '' | ''", "say,|;");
}

static void a_bar_needs_a_command_and_one_word(void **state)
{
    (void)state;
    check("| word; x", "!filter;");
    check("a; | word; x", "a;!filter;");
    check("a |; x", "!filter;");
    check("a |", "!filter;");
    check("a | two words; x", "!filter;");
    check("a | one | two; x", "!filter;");
    check("a || b; x", "!filter;");
    check("a | \"b; x", "!quote;");
}

static void an_open_quote_ends_the_line(void **state)
{
    (void)state;
    check("a \"b; c", "!quote;");
    check("ok; 'b; c", "ok;!quote;");
    check("\"", "!quote;");
}

static void too_many_words_truncate_the_line(void **state)
{
    (void)state;
    check("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16;x", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16;x;");
    check("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17;x", "!many;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_separate_words_and_semicolons_commands),
        cmocka_unit_test(quotes_keep_a_word_together),
        cmocka_unit_test(a_bar_precedes_the_filter),
        cmocka_unit_test(a_bar_needs_a_command_and_one_word),
        cmocka_unit_test(an_open_quote_ends_the_line),
        cmocka_unit_test(too_many_words_truncate_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
