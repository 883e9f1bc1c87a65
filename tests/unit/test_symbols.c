/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking up addresses in a table of two groups of functions, one of them a byte long. Most tests use the
 * first four.
 */
#include <panic/symbols.h>

#include <ashlar/layout.h>

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define FIRST_GROUP "first\0one\0third\0last\0f4\0f5\0f6\0f7\0f8\0f9\0f10\0f11\0f12\0f13\0f14\0f15\0"

const uint32_t symbol_count = SYMBOL_MARK_STEP + 2;
const uint32_t symbol_text_end = 0x30000;
const uint32_t symbol_bases[] = { 0x1000, 0x20000 };
const uint16_t symbol_offsets[] = { 0,     0x10,  0x11,  0x200, 0x400, 0x410, 0x420, 0x430, 0x440,
                                    0x450, 0x460, 0x470, 0x480, 0x490, 0x4a0, 0x4b0, 0,     0x8000 };
const uint32_t symbol_marks[] = { 0, sizeof(FIRST_GROUP) - 1 };
const char symbol_names[] = FIRST_GROUP "far\0farther";

static const char *name_at(uint32_t offset)
{
    return symbol_find(virt(KERNEL_IMAGE_START + offset), NULL, NULL);
}

static void each_address_belongs_to_the_function_that_starts_at_or_before_it(void **state)
{
    (void)state;
    for (uint32_t at = 0x1000; at < 0x1400; at++) {
        const char *expected = at < 0x1010 ? "first" : at < 0x1011 ? "one" : at < 0x1200 ? "third" : "last";
        assert_string_equal(name_at(at), expected);
    }
}

static void addresses_outside_code_have_no_name(void **state)
{
    (void)state;
    assert_null(name_at(0));
    assert_null(name_at(0xfff));
    assert_null(name_at(0x30000));
    assert_null(name_at(UINT32_MAX));
    assert_null(symbol_find(virt(0), NULL, NULL));
    assert_null(symbol_find(virt(0x1000), NULL, NULL));
    assert_null(symbol_find(virt(UINT64_MAX), NULL, NULL));
    assert_null(symbol_find(virt(KERNEL_IMAGE_START - 1), NULL, NULL));
    /* The low half of the offset alone would be in the code. */
    assert_null(symbol_find(virt(KERNEL_IMAGE_START + 0x100001000), NULL, NULL));
    char text[8] = "as was";
    assert_false(symbol_describe(virt(0), text, sizeof(text)));
    assert_string_equal(text, "as was");
}

static void offset_and_size_are_relative_to_the_containing_function(void **state)
{
    (void)state;
    uint64_t offset, size;
    symbol_find(virt(KERNEL_IMAGE_START + 0x1013), &offset, &size);
    assert_int_equal(offset, 2);
    assert_int_equal(size, 0x1ef);
    symbol_find(virt(KERNEL_IMAGE_START + 0x13ff), &offset, &size);
    assert_int_equal(offset, 0x1ff);
    assert_int_equal(size, 0x200);
}

static void a_function_has_the_base_and_the_names_of_its_group(void **state)
{
    (void)state;
    uint64_t offset, size;
    virt_t address;
    assert_string_equal(name_at(0x14af), "f14");
    assert_string_equal(name_at(0x14b0), "f15");
    assert_string_equal(name_at(0x1ffff), "f15");
    assert_string_equal(name_at(0x20000), "far");
    assert_string_equal(name_at(0x27fff), "far");
    assert_string_equal(name_at(0x28000), "farther");
    assert_string_equal(name_at(0x2ffff), "farther");
    symbol_find(virt(KERNEL_IMAGE_START + 0x1ffff), &offset, &size);
    assert_int_equal(offset, 0x1eb4f);
    assert_int_equal(size, 0x1eb50);
    symbol_find(virt(KERNEL_IMAGE_START + 0x28001), &offset, &size);
    assert_int_equal(offset, 1);
    assert_int_equal(size, 0x8000);
    assert_int_equal(symbol_read_address("f15", &address), STATUS_OK);
    assert_int_equal(address.raw, KERNEL_IMAGE_START + 0x14b0);
    assert_int_equal(symbol_read_address("far", &address), STATUS_OK);
    assert_int_equal(address.raw, KERNEL_IMAGE_START + 0x20000);
    assert_int_equal(symbol_read_address("farther", &address), STATUS_OK);
    assert_int_equal(address.raw, KERNEL_IMAGE_START + 0x28000);
}

static void a_description_is_name_offset_and_size_truncated_to_fit(void **state)
{
    (void)state;
    char text[32], small[8];
    assert_true(symbol_describe(virt(KERNEL_IMAGE_START + 0x1000), text, sizeof(text)));
    assert_string_equal(text, "first+0x0/0x10");
    assert_true(symbol_describe(virt(KERNEL_IMAGE_START + 0x1234), text, sizeof(text)));
    assert_string_equal(text, "last+0x34/0x200");
    assert_true(symbol_describe(virt(KERNEL_IMAGE_START + 0x1000), small, sizeof(small)));
    assert_string_equal(small, "first+0");
}

static void an_address_is_a_number_or_a_functions_whole_name(void **state)
{
    (void)state;
    virt_t address = virt(7);
    assert_int_equal(symbol_read_address("0x1234", &address), STATUS_OK);
    assert_int_equal(address.raw, 0x1234);
    assert_int_equal(symbol_read_address("first", &address), STATUS_OK);
    assert_int_equal(address.raw, KERNEL_IMAGE_START + 0x1000);
    assert_int_equal(symbol_read_address("last", &address), STATUS_OK);
    assert_int_equal(address.raw, KERNEL_IMAGE_START + 0x1200);
    static const char *const others[] = { "", "fir", "firsts", "0x", "0x10000000000000000", "First" };
    for (unsigned int i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_int_equal(symbol_read_address(others[i], &address), STATUS_NOT_FOUND);
    assert_int_equal(address.raw, KERNEL_IMAGE_START + 0x1200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_address_belongs_to_the_function_that_starts_at_or_before_it),
        cmocka_unit_test(addresses_outside_code_have_no_name),
        cmocka_unit_test(offset_and_size_are_relative_to_the_containing_function),
        cmocka_unit_test(a_function_has_the_base_and_the_names_of_its_group),
        cmocka_unit_test(a_description_is_name_offset_and_size_truncated_to_fit),
        cmocka_unit_test(an_address_is_a_number_or_a_functions_whole_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
