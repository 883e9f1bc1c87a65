/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers as people type and mistype them.
 */
#include <ashlar/types.h>
#include <lib/parse.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

struct example {
    const char *text;
    status_t status;
    uint64_t value;
};

#define UNTOUCHED 0xdeadULL

static void check(const struct example *examples, size_t count, status_t (*parse)(const char *, uint64_t *))
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = UNTOUCHED,
                 expected = examples[i].status == STATUS_OK ? examples[i].value : UNTOUCHED;
        status_t status = parse(examples[i].text, &value);
        if (status != examples[i].status || value != expected)
            fail_msg("'%s': status %d, value %#lx", examples[i].text, status, value);
    }
}

static const struct example numbers[] = {
    { "0", STATUS_OK, 0 },
    { "7", STATUS_OK, 7 },
    { "010", STATUS_OK, 10 },
    { "0x0", STATUS_OK, 0 },
    { "0xdeadBEEF", STATUS_OK, 0xdeadbeef },
    { "0X1f", STATUS_OK, 0x1f },
    { "18446744073709551615", STATUS_OK, UINT64_MAX },
    { "0000000000000000000000000000001", STATUS_OK, 1 },
    { "0xffffffffffffffff", STATUS_OK, UINT64_MAX },
    { "0x00000000000000000ffffffffffffffff", STATUS_OK, UINT64_MAX },
    /* One more, by the addition; ten times, by the multiplication. */
    { "18446744073709551616", STATUS_TOO_BIG, 0 },
    { "184467440737095516150", STATUS_TOO_BIG, 0 },
    { "0x10000000000000000", STATUS_TOO_BIG, 0 },
    { "99999999999999999999999999999999", STATUS_TOO_BIG, 0 },
};

static const struct example no_numbers[] = {
    { "", STATUS_INVALID, 0 },      { " ", STATUS_INVALID, 0 },   { " 1", STATUS_INVALID, 0 },
    { "1 ", STATUS_INVALID, 0 },    { "-1", STATUS_INVALID, 0 },  { "+1", STATUS_INVALID, 0 },
    { "x", STATUS_INVALID, 0 },     { "0x", STATUS_INVALID, 0 },  { "0xg", STATUS_INVALID, 0 },
    { "x1", STATUS_INVALID, 0 },    { "1x", STATUS_INVALID, 0 },  { "12a", STATUS_INVALID, 0 },
    { "0x0x1", STATUS_INVALID, 0 }, { "1.5", STATUS_INVALID, 0 }, { "\xb1", STATUS_INVALID, 0 },
    { "1/", STATUS_INVALID, 0 },    { "1:", STATUS_INVALID, 0 },  { "0x@", STATUS_INVALID, 0 },
    { "0x`", STATUS_INVALID, 0 },   { "0xG", STATUS_INVALID, 0 }, { "1,000", STATUS_INVALID, 0 },
};

static const struct example sizes[] = {
    { "512M", STATUS_OK, 512ULL << 20 },
    { "4k", STATUS_OK, 4096 },
    { "4K", STATUS_OK, 4096 },
    { "1g", STATUS_OK, 1ULL << 30 },
    { "3T", STATUS_OK, 3ULL << 40 },
    { "0x10m", STATUS_OK, 16ULL << 20 },
    { "0T", STATUS_OK, 0 },
    { "16777215T", STATUS_OK, 16777215ULL << 40 },
    { "16777216T", STATUS_TOO_BIG, 0 },
    { "18014398509481984K", STATUS_TOO_BIG, 0 },
    { "18014398509481983K", STATUS_OK, 18014398509481983ULL << 10 },
    { "1P", STATUS_INVALID, 0 },
    { "K", STATUS_INVALID, 0 },
    { "1KB", STATUS_INVALID, 0 },
    { "1KK", STATUS_INVALID, 0 },
    { "1 K", STATUS_INVALID, 0 },
    { "0xK", STATUS_INVALID, 0 },
    /* Characters 0x20 away from a suffix, or from the NUL after the last of them. */
    { "1\x0b", STATUS_INVALID, 0 },
    { "1 ", STATUS_INVALID, 0 },
    { "1\xcb", STATUS_INVALID, 0 },
};

static void numbers_up_to_64_bits_are_read(void **state)
{
    (void)state;
    check(numbers, ARRAY_LEN(numbers), parse_number);
    check(numbers, ARRAY_LEN(numbers), parse_size);
}

static void an_invalid_number_leaves_the_result_unchanged(void **state)
{
    (void)state;
    check(no_numbers, ARRAY_LEN(no_numbers), parse_number);
    check(no_numbers, ARRAY_LEN(no_numbers), parse_size);
}

static void a_size_has_one_suffix_at_most_and_fits(void **state)
{
    (void)state;
    check(sizes, ARRAY_LEN(sizes), parse_size);
}

static void a_number_has_no_suffix(void **state)
{
    (void)state;
    uint64_t value = UNTOUCHED;
    assert_int_equal(parse_number("4K", &value), STATUS_INVALID);
    assert_int_equal(value, UNTOUCHED);
}

/* Reads @list to its end or first mistake; returns the status there and the ranges' text again, as F-L
   each. */
static status_t read_ranges(const char *list, char *ranges, size_t size)
{
    uint64_t first = UNTOUCHED, last = UNTOUCHED;
    const char *at = list;
    status_t status;
    size_t length = 0;
    ranges[0] = 0;
    while ((status = parse_next_range(&at, &first, &last)) == STATUS_OK)
        length += (size_t)snprintf(ranges + length, size - length, "%lu-%lu ", (unsigned long)first,
                                   (unsigned long)last);
    return status;
}

static void a_list_may_have_numbers_and_ranges(void **state)
{
    char ranges[64];
    (void)state;
    assert_int_equal(read_ranges("", ranges, sizeof(ranges)), STATUS_NOT_FOUND);
    assert_string_equal(ranges, "");
    assert_int_equal(read_ranges("0-3,8,0x10-0x1f", ranges, sizeof(ranges)), STATUS_NOT_FOUND);
    assert_string_equal(ranges, "0-3 8-8 16-31 ");
    assert_int_equal(read_ranges("5-5", ranges, sizeof(ranges)), STATUS_NOT_FOUND);
    assert_string_equal(ranges, "5-5 ");
}

static void a_list_ends_at_an_invalid_range(void **state)
{
    static const char *const wrong[] = { "1,",    "1,,2", "1,x",     "1,-2", "1,2-",
                                         "1,3-2", "1,2 ", "1,2-3-4", "1,2;" };
    char ranges[64];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(read_ranges(wrong[i], ranges, sizeof(ranges)), STATUS_INVALID);
        assert_string_equal(ranges, i == 0 ? "" : "1-1 ");
    }
    assert_int_equal(read_ranges("1,18446744073709551616", ranges, sizeof(ranges)), STATUS_TOO_BIG);
    assert_string_equal(ranges, "1-1 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_up_to_64_bits_are_read),
        cmocka_unit_test(an_invalid_number_leaves_the_result_unchanged),
        cmocka_unit_test(a_size_has_one_suffix_at_most_and_fits),
        cmocka_unit_test(a_number_has_no_suffix),
        cmocka_unit_test(a_list_may_have_numbers_and_ranges),
        cmocka_unit_test(a_list_ends_at_an_invalid_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
