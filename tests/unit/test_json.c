/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The JSON writer: the exact bytes of each line.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ashlar/check.h>
#include <ashlar/json.h>
#include <string.h>

static char output[4096];
static size_t output_length;

NORETURN void verify_failed(const char *expression, const char *file, int line)
{
    mock_assert(0, expression, file, line);
    __builtin_unreachable();
}

static void put(void *context, const char *text, size_t length)
{
    (void)context;
    assert_true(output_length + length < sizeof(output));
    memcpy(output + output_length, text, length);
    output_length += length;
    output[output_length] = '\0';
}

static struct json begin(void)
{
    struct json json = { .put = put };
    output_length = 0;
    json_begin(&json, "x");
    return json;
}

#define HEAD "@ashlar {\"v\":1,\"type\":\"x\""

static void an_object_is_one_line(void **state)
{
    struct json json = begin();
    (void)state;
    json_end(&json);
    assert_string_equal(output, HEAD "}\n");
}

static void numbers_are_decimal_and_whole(void **state)
{
    struct json json = begin();
    (void)state;
    json_number(&json, "a", 0);
    json_number(&json, "b", 18446744073709551615ULL);
    json_number(&json, "c", 1000);
    json_bool(&json, "d", true);
    json_bool(&json, "e", false);
    json_end(&json);
    assert_string_equal(output,
                        HEAD ",\"a\":0,\"b\":18446744073709551615,\"c\":1000,\"d\":true,\"e\":false}\n");
}

static void text_is_escaped(void **state)
{
    struct json json = begin();
    (void)state;
    json_string(&json, "a", "say \"\\\" / \n\x7f\xe4");
    json_text(&json, "b", "a\0b", 3);
    json_string(&json, "c", "");
    json_end(&json);
    assert_string_equal(
        output, HEAD ",\"a\":\"say \\\"\\\\\\\" / \\u000a\\u007f\\u00e4\",\"b\":\"a\\u0000b\",\"c\":\"\"}\n");
}

static void commas_separate_members_at_each_depth(void **state)
{
    struct json json = begin();
    (void)state;
    json_open_list(&json, "l");
    json_close(&json);
    json_open_list(&json, "m");
    for (unsigned int i = 0; i < 2; i++) {
        json_open_object(&json, NULL);
        json_number(&json, "i", i);
        json_open_list(&json, "n");
        json_number(&json, NULL, 1);
        json_string(&json, NULL, "two");
        json_close(&json);
        json_close(&json);
    }
    json_close(&json);
    json_number(&json, "z", 9);
    json_end(&json);
    assert_string_equal(
        output, HEAD ",\"l\":[],\"m\":[{\"i\":0,\"n\":[1,\"two\"]},{\"i\":1,\"n\":[1,\"two\"]}],\"z\":9}\n");
}

static void wrong_nesting_is_detected(void **state)
{
    struct json json = begin();
    (void)state;
    expect_assert_failure(json_number(&json, NULL, 1));
    json_open_list(&json, "l");
    expect_assert_failure(json_number(&json, "a", 1));
    expect_assert_failure(json_end(&json));
    expect_assert_failure(json_begin(&json, "y"));
    for (unsigned int depth = 2; depth < JSON_DEPTH_MAX; depth++)
        json_open_list(&json, NULL);
    expect_assert_failure(json_open_list(&json, NULL));
}

/* ---- another form ---- */

static void see(const char *text)
{
    put(NULL, text, strlen(text));
}

static void see_name(const char *name)
{
    see(name ? name : "-");
    see("=");
}

static void see_number(struct json *json, const char *name, uint64_t value)
{
    char digit[] = { (char)('0' + value), '\0' };
    (void)json;
    see_name(name);
    see(digit);
    see(" ");
}

static void see_text(struct json *json, const char *name, const char *text, size_t length)
{
    (void)json;
    see_name(name);
    put(NULL, text, length);
    see(" ");
}

static void see_open(struct json *json, const char *name, bool is_list)
{
    (void)json;
    see_name(name);
    see(is_list ? "[" : "{");
}

static void see_close(struct json *json)
{
    (void)json;
    see(") ");
}

static const struct json_form form = { see_number, see_text, see_open, see_close };

static void a_form_gets_the_members_and_nothing_is_written(void **state)
{
    struct json json = { .form = &form }; /* without put() */
    (void)state;
    output_length = 0;
    json_begin(&json, "x");
    json_number(&json, "a", 7);
    json_bool(&json, "b", true);
    json_text(&json, "c", "text and more", 4);
    json_open_object(&json, "o");
    json_open_list(&json, "l");
    json_bool(&json, NULL, false);
    json_close(&json);
    json_close(&json);
    json_end(&json);
    assert_string_equal(output, "a=7 b=yes c=text o={l=[-=no ) ) ");
    assert_int_equal(json.depth, 0);
}

static void wrong_nesting_is_detected_with_a_form(void **state)
{
    struct json json = { .form = &form };
    (void)state;
    json_begin(&json, "x");
    expect_assert_failure(json_begin(&json, "y"));
    expect_assert_failure(json_number(&json, NULL, 1));
    expect_assert_failure(json_open_list(&json, NULL));
    json_open_list(&json, "l");
    expect_assert_failure(json_string(&json, "a", ""));
    expect_assert_failure(json_end(&json));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_is_one_line),
        cmocka_unit_test(numbers_are_decimal_and_whole),
        cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(commas_separate_members_at_each_depth),
        cmocka_unit_test(wrong_nesting_is_detected),
        cmocka_unit_test(a_form_gets_the_members_and_nothing_is_written),
        cmocka_unit_test(wrong_nesting_is_detected_with_a_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
