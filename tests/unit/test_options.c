/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options that are applied early: which values they are given. The test is the log, and what the linker
 * collects.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/bits.h>
#include <ashlar/check.h>
#include <ashlar/report.h>
#include <boot/options.h>
#include <log/log.h>
#include <log/print.h>

/* ---- the options ---- */

static char given[OPTION_VALUE_MAX + 2];
static unsigned int applied;

static status_t apply(const char *value)
{
    applied++;
    strcpy(given, value);
    return value[0] == 'x' ? STATUS_INVALID : STATUS_OK;
}

const struct option __options_start[1] = { { "early", "WORD", "for this test", apply } };
/* The end of the array, by a name of its own, as the linker script has it. */
__asm__(".globl __options_end\n.set __options_end, __options_start + 32");
STATIC_ASSERT(sizeof(struct option) == 32, "one option, above");

/* ---- what it says ---- */

static char said[256];

void log_line(enum log_level level, const char *subsystem, const char *format, ...)
{
    va_list arguments;
    (void)level;
    (void)subsystem;
    va_start(arguments, format);
    vsnprintf(said, sizeof(said), format, arguments);
    va_end(arguments);
}

void print(const char *format, ...)
{
    (void)format;
    fail();
}

void print_wrapped(const char *text, size_t column, size_t indent)
{
    (void)text, (void)column, (void)indent;
    fail();
}

void json_open_list(struct json *json, const char *name)
{
    (void)json, (void)name;
    fail();
}

void json_open_object(struct json *json, const char *name)
{
    (void)json, (void)name;
    fail();
}

void json_string(struct json *json, const char *name, const char *value)
{
    (void)json, (void)name, (void)value;
    fail();
}

void json_close(struct json *json)
{
    (void)json;
    fail();
}

/* ---- the cases ---- */

/* A line with early= and @length letters. */
static void give(char letter, size_t length)
{
    static char line[OPTION_VALUE_MAX + 64];
    strcpy(line, "early=");
    memset(line + 6, letter, length);
    line[6 + length] = 0;
    options_set_parts(line, "");
    applied = 0;
    given[0] = said[0] = 0;
    options_apply_early();
}

static void a_value_is_applied_whole(void **state)
{
    (void)state;
    static const size_t lengths[] = { 0, 1, 63, 64, 65, 200, OPTION_VALUE_MAX };
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        give('a', lengths[i]);
        assert_int_equal(applied, 1);
        assert_int_equal(strlen(given), lengths[i]);
        assert_string_equal(said, "");
    }
}

static void a_value_that_is_too_long_is_refused_and_not_cut(void **state)
{
    (void)state;
    give('a', OPTION_VALUE_MAX + 1);
    assert_int_equal(applied, 0);
    assert_string_equal(said, "early= ignored: its value is longer than 2047 characters");
}

static void an_invalid_value_is_reported(void **state)
{
    (void)state;
    give('x', 3);
    assert_int_equal(applied, 1);
    assert_string_equal(said, "early=xxx ignored: expected WORD");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_applied_whole),
        cmocka_unit_test(a_value_that_is_too_long_is_refused_and_not_cut),
        cmocka_unit_test(an_invalid_value_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
