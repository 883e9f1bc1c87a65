/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors in the words of a command: which word is wrong, and what is right.
 */
#include <log/arguments.h>
#include <log/print.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <string.h>

static char printed[400];

void print_styled(enum text_style style, const char *format, ...)
{
    size_t length = strlen(printed);
    va_list arguments;
    assert_int_equal(style, STYLE_ERROR);
    va_start(arguments, format);
    vsnprintf(printed + length, sizeof(printed) - length, format, arguments);
    va_end(arguments);
}

static int begin(void **state)
{
    (void)state;
    printed[0] = '\0';
    return 0;
}

static void check(bool is_right, const char *message)
{
    assert_int_equal(is_right, message[0] == '\0');
    assert_string_equal(printed, message);
    printed[0] = '\0';
}

static void the_number_of_arguments_is_checked_and_the_first_surplus_one_named(void **state)
{
    char name[] = "peek", first[] = "1", second[] = "2", third[] = "3";
    char *argv[] = { name, first, second, third, NULL };
    (void)state;
    check(arguments_count(1, argv, 0, 0), "");
    check(arguments_count(2, argv, 1, 2), "");
    check(arguments_count(3, argv, 1, 2), "");
    check(arguments_count(4, argv, 1, 2), "unexpected argument '3'\n");
    check(arguments_count(3, argv, 0, 0), "unexpected argument '1'\n");
    check(arguments_count(1, argv, 1, 2), "an argument is missing after 'peek'\n");
    check(arguments_count(2, argv, 2, 2), "an argument is missing after '1'\n");
}

static void a_number_is_parsed_in_its_range_only(void **state)
{
    uint64_t value = 77;
    (void)state;
    check(argument_number("x", "a port", 0, 0xffff, &value),
          "'x' is not a port: a number, 0 to 65535, decimal or after 0x\n");
    check(argument_number("0x10000", "a port", 0, 0xffff, &value),
          "'0x10000' is not a port: a number, 0 to 65535\n");
    check(argument_number("0", "a count", 1, 99, &value), "'0' is not a count: a number, 1 to 99\n");
    check(argument_number("100", "a count", 1, 99, &value), "'100' is not a count: a number, 1 to 99\n");
    check(argument_number("18446744073709551616", "a value", 0, UINT64_MAX, &value),
          "'18446744073709551616' is not a value: a number, 0 to 0xffffffffffffffff\n");
    check(argument_number("1 ", "a value", 0, 0x100000, &value),
          "'1 ' is not a value: a number, 0 to 0x100000, decimal or after 0x\n");
    assert_int_equal(value, 77);
    check(argument_number("1", "a count", 1, 99, &value), "");
    assert_int_equal(value, 1);
    check(argument_number("0x63", "a count", 1, 99, &value), "");
    assert_int_equal(value, 99);
}

static void a_choice_is_found_in_either_case_and_else_all_are_listed(void **state)
{
    static const char *const choices[] = { "off", "on", "lock" };
    unsigned int index = 77;
    (void)state;
    check(argument_choice("of", choices, 3, &index), "'of' is not off, on or lock\n");
    check(argument_choice("onn", choices, 2, &index), "'onn' is not off or on\n");
    check(argument_choice("", choices, 1, &index), "'' is not off\n");
    assert_int_equal(index, 77);
    check(argument_choice("LOCK", choices, 3, &index), "");
    assert_int_equal(index, 2);
    check(argument_choice("off", choices, 3, &index), "");
    assert_int_equal(index, 0);
}

/* The list is cut off in its buffer, not after it. */
static void a_list_that_is_too_long_is_cut_off(void **state)
{
    static const char *const choices[] = { "0123456789012345678901234567890123456789012345678901234567890123",
                                           "0123456789012345678901234567890123456789012345678901234567890124",
                                           "last" };
    unsigned int index;
    (void)state;
    assert_false(argument_choice("x", choices, 3, &index));
    assert_int_equal(strncmp(printed, "'x' is not 0123", 15), 0);
    assert_true(strlen(printed) < 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_number_of_arguments_is_checked_and_the_first_surplus_one_named, begin),
        cmocka_unit_test_setup(a_number_is_parsed_in_its_range_only, begin),
        cmocka_unit_test_setup(a_choice_is_found_in_either_case_and_else_all_are_listed, begin),
        cmocka_unit_test_setup(a_list_that_is_too_long_is_cut_off, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
