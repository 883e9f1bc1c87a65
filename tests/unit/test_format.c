/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The formatter against the C library's: each combination of flags, width, precision, length and
 * conversion, with values at the edges of their types; and its own extensions.
 */
#include <lib/format.h>

#include "seed.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static const char *const widths[] = { "", "1", "5", "23", "40", "*" };
static const char *const precisions[] = { "", ".", ".0", ".1", ".7", ".30", ".*" };

/* Flags numbered 0 .. 31 in every combination. */
static char *write_flags(char *to, unsigned int flags)
{
    for (unsigned int i = 0; i < 5; i++)
        if (flags & 1u << i)
            *to++ = "-+ #0"[i];
    return to;
}

static char directive[64];
static char ours[256], theirs[256];
static uint64_t compared;

static void assert_same(size_t our_length, int their_length)
{
    compared++;
    if (our_length != (size_t)their_length || strcmp(ours, theirs) != 0)
        fail_msg("'%s': '%s' (%zu), the C library says '%s' (%d)", directive, ours, our_length, theirs,
                 their_length);
}

/* Calls both with whatever stars the directive has. */
#define COMPARE(star_width, star_precision, value)                                                           \
    do {                                                                                                     \
        const char *star_ = strchr(directive, '*'), *second_ = star_ ? strchr(star_ + 1, '*') : NULL;        \
        int first_ = star_ && star_[-1] == '.' ? (star_precision) : (star_width);                            \
        memset(ours, '#', sizeof(ours));                                                                     \
        memset(theirs, '#', sizeof(theirs));                                                                 \
        if (second_)                                                                                         \
            assert_same(format_buffer(ours, sizeof(ours), directive, star_width, star_precision, value),     \
                        snprintf(theirs, sizeof(theirs), directive, star_width, star_precision, value));     \
        else if (star_)                                                                                      \
            assert_same(format_buffer(ours, sizeof(ours), directive, first_, value),                         \
                        snprintf(theirs, sizeof(theirs), directive, first_, value));                         \
        else                                                                                                 \
            assert_same(format_buffer(ours, sizeof(ours), directive, value),                                 \
                        snprintf(theirs, sizeof(theirs), directive, value));                                 \
    } while (0)

typedef void compare_fn(void);

/* Every directive of this length and conversion; flags that a conversion does not support are left out. */
static void for_each_directive(const char *length, char conversion, unsigned int flags_allowed,
                               compare_fn *compare)
{
    for (unsigned int flags = 0; flags < 32; flags++) {
        if (flags & ~flags_allowed)
            continue;
        for (size_t w = 0; w < ARRAY_LEN(widths); w++) {
            for (size_t p = 0; p < ARRAY_LEN(precisions); p++) {
                char *end = directive;
                *end++ = '%';
                end = write_flags(end, flags);
                snprintf(end, 32, "%s%s%s%c", widths[w], precisions[p], length, conversion);
                compare();
            }
        }
    }
}

enum { MINUS = 1, PLUS = 2, SPACE = 4, HASH = 8, ZERO = 16 };

static const uint64_t values[] = { 0,          1,
                                   7,          8,
                                   9,          10,
                                   99,         127,
                                   128,        255,
                                   256,        32767,
                                   32768,      65535,
                                   0x7fffffff, 0x80000000,
                                   0xffffffff, 0x100000000,
                                   INT64_MAX,  1ULL << 63,
                                   UINT64_MAX, 0x0123456789abcdef };
static const int star_widths[] = { 0, 9, -9 };
static const int star_precisions[] = { 0, 4, -1, INT_MIN };

static void compare_long(void)
{
    bool stars = strchr(directive, '*') != NULL;
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        for (size_t w = 0; w < (stars ? ARRAY_LEN(star_widths) : 1); w++)
            for (size_t p = 0; p < (stars ? ARRAY_LEN(star_precisions) : 1); p++)
                COMPARE(star_widths[w], star_precisions[p], values[i]);
}

static void compare_int(void)
{
    bool stars = strchr(directive, '*') != NULL;
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        for (size_t w = 0; w < (stars ? ARRAY_LEN(star_widths) : 1); w++)
            for (size_t p = 0; p < (stars ? ARRAY_LEN(star_precisions) : 1); p++)
                COMPARE(star_widths[w], star_precisions[p], (int)values[i]);
}

static void integers_print_as_the_c_library_prints_them(void **state)
{
    (void)state;
    const char *const long_lengths[] = { "l", "ll", "z", "t", "j" };
    const char *const int_lengths[] = { "hh", "h", "" };
    for (const char *c = "diuxXo"; *c; c++) {
        /* + and space are for signed conversions, # for the others but u. */
        unsigned int flags = MINUS | ZERO | (strchr("di", *c) ? PLUS | SPACE : *c == 'u' ? 0 : HASH);
        for (size_t i = 0; i < ARRAY_LEN(long_lengths); i++)
            for_each_directive(long_lengths[i], *c, flags, compare_long);
        for (size_t i = 0; i < ARRAY_LEN(int_lengths); i++)
            for_each_directive(int_lengths[i], *c, flags, compare_int);
    }
    assert_true(compared > 100000);
}

static void compare_text(void)
{
    const char *const texts[] = { "", "a", "seven..", "a text that is longer than each precision here",
                                  "\xff\x01\n%d" };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        COMPARE(9, 4, texts[i]);
    COMPARE(-9, -1, "text");
    COMPARE(50, 0, "text");
}

static void compare_char(void)
{
    for (int c = 1; c < 256; c += 5)
        COMPARE(9, 4, c);
    COMPARE(-9, 0, 'c');
}

static void compare_pointer(void)
{
    COMPARE(30, 20, (void *)0x1);
    COMPARE(-30, -1, (void *)0xffffffff80001234);
    COMPARE(3, 0, (void *)UINTPTR_MAX);
}

static void text_characters_and_pointers_print_as_the_c_library_prints_them(void **state)
{
    (void)state;
    for_each_directive("", 's', MINUS, compare_text);
    for_each_directive("", 'c', MINUS, compare_char);
    for_each_directive("", 'p', MINUS | ZERO, compare_pointer);
}

static void random_formats_print_the_same(void **state)
{
    (void)state;
    for (int round = 0; round < 50000; round++) {
        char *end = directive;
        *end++ = '%';
        end = write_flags(end, seed_below(32) & (MINUS | PLUS | SPACE | ZERO));
        if (seed_below(2))
            end += sprintf(end, "%u", seed_below(60));
        if (seed_below(2))
            end += sprintf(end, ".%u", seed_below(60));
        sprintf(end, "%s%c", seed_below(2) ? "l" : "ll", "di"[seed_below(2)]);
        uint64_t value = seed_next() >> seed_below(64);
        /* NOLINTNEXTLINE(bugprone-branch-clone): there is no * whose value would differ. */
        COMPARE(0, 0, value);
    }
}

static void several_directives_take_their_arguments_in_order(void **state)
{
    (void)state;
    size_t length = format_buffer(ours, sizeof(ours), "%d%%%s[%5.2s]%c%lx %-4u| %p%%", -3, "two", "three",
                                  '4', 5UL, 6u, (void *)0x77);
    assert_string_equal(ours, "-3%two[   th]45 6   | 0x77%");
    assert_int_equal(length, strlen(ours));
}

static void arguments_passed_on_the_stack_are_found(void **state)
{
    (void)state;
    format_buffer(ours, sizeof(ours), "%d %d %d %d %ld %hhd %s %d %x", 1, 2, 3, 4, 5L, 6, "7", 8, 9u);
    assert_string_equal(ours, "1 2 3 4 5 6 7 8 9");
}

static void each_size_truncates_as_snprintf_does(void **state)
{
    (void)state;
    for (size_t size = 0; size < 30; size++) {
        char *exact = malloc(size ? size : 1), *expected = malloc(size ? size : 1);
        size_t length = format_buffer(exact, size, "%10d-%s-%04x", 42, "text", 0xabu);
        assert_int_equal(length, snprintf(expected, size, "%10d-%s-%04x", 42, "text", 0xabu));
        assert_int_equal(length, 20);
        if (size)
            assert_string_equal(exact, expected);
        free(exact);
        free(expected);
    }
    assert_int_equal(format_buffer(NULL, 0, "%s", "nowhere"), 7);
}

static void an_unknown_conversion_is_copied_and_consumes_no_argument(void **state)
{
    (void)state;
    const char *const unknown[] = { "%f",  "%n",  "%y",    "%Lf", "%",     "%-",  "%5",
                                    "%.3", "%ll", "%5.2f", "%*f", "%*.*n", "%hhq" };
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
        char format[32], expected[32];
        snprintf(format, sizeof(format), "%%d%s", unknown[i]);
        snprintf(expected, sizeof(expected), "7%s", unknown[i]);
        format_buffer(ours, sizeof(ours), format, 7, 8, 9, 10);
        assert_string_equal(ours, expected);
        if (unknown[i][strlen(unknown[i]) - 1] < 'a' || strcmp(unknown[i], "%ll") == 0)
            continue;
        /* The next directive gets the argument that this one did not consume. */
        snprintf(format, sizeof(format), "%s|%%d", unknown[i]);
        snprintf(expected, sizeof(expected), "%s|7", unknown[i]);
        format_buffer(ours, sizeof(ours), format, 7, 8, 9);
        assert_string_equal(ours, expected);
    }
}

static void null_strings_and_pointers_are_printed_as_text(void **state)
{
    (void)state;
    const char *volatile nothing = NULL;
    format_buffer(ours, sizeof(ours), "%s %p", nothing, (const void *)nothing);
    assert_string_equal(ours, "(null) 0x0");
}

static bool one_symbol(virt_t address, char *buffer, size_t size)
{
    if (address.raw != 0x1234)
        return false;
    snprintf(buffer, size, "main+0x4/0x10");
    return true;
}

static void a_code_address_is_printed_by_name_if_the_lookup_finds_it(void **state)
{
    (void)state;
    void *known = (void *)0x1234, *unknown = (void *)0x1235;
    format_set_symbols(NULL);
    format_buffer(ours, sizeof(ours), "%pS", known);
    assert_string_equal(ours, "0x1234");
    format_set_symbols(one_symbol);
    format_buffer(ours, sizeof(ours), "%pS %p [%20pS|%-15pS] %pS %pT", known, known, known, known, unknown,
                  known);
    assert_string_equal(ours, "main+0x4/0x10 0x1234 [       main+0x4/0x10|main+0x4/0x10  ] 0x1235 0x1234T");
    format_set_symbols(NULL);
}

static void collect(void *context, const char *text, size_t length)
{
    strncat(context, text, length);
}

static size_t format_into_sink(char *sink, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_to(collect, sink, format, arguments);
    /* The caller's list is where it was. */
    assert_int_equal(va_arg(arguments, int), 1);
    va_end(arguments);
    return length;
}

static void a_sink_receives_all_text_once_in_order(void **state)
{
    (void)state;
    char sink[256] = "";
    size_t length = format_into_sink(sink, "a%db%100dc", 1, 2);
    assert_int_equal(length, 103 + 1);
    snprintf(theirs, sizeof(theirs), "a%db%100dc", 1, 2);
    assert_string_equal(sink, theirs);
}

static int set_up(void **state)
{
    (void)state;
    seed_from_environment();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_print_as_the_c_library_prints_them),
        cmocka_unit_test(text_characters_and_pointers_print_as_the_c_library_prints_them),
        cmocka_unit_test(random_formats_print_the_same),
        cmocka_unit_test(several_directives_take_their_arguments_in_order),
        cmocka_unit_test(arguments_passed_on_the_stack_are_found),
        cmocka_unit_test(each_size_truncates_as_snprintf_does),
        cmocka_unit_test(an_unknown_conversion_is_copied_and_consumes_no_argument),
        cmocka_unit_test(null_strings_and_pointers_are_printed_as_text),
        cmocka_unit_test(a_code_address_is_printed_by_name_if_the_lookup_finds_it),
        cmocka_unit_test(a_sink_receives_all_text_once_in_order),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
