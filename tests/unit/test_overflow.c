/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checked arithmetic against the same in 128 bits, for all pairs of numbers around powers of two.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ashlar/bits.h>
#include <ashlar/overflow.h>

#include "edge_numbers.h"

typedef unsigned __int128 wide_t;

static void overflow_is_detected_exactly_as_in_128_bits(void **state)
{
    (void)state;
    for (unsigned int n = 0; n < EDGES; n++)
        for (unsigned int m = 0; m < EDGES; m++) {
            uint64_t a = edge_number(n), b = edge_number(m), result;
            wide_t sum = (wide_t)a + b, product = (wide_t)a * b;
            assert_true(add_fits(a, b, &result) == (sum <= UINT64_MAX));
            assert_true(result == (uint64_t)sum);
            assert_true(multiply_fits(a, b, &result) == (product <= UINT64_MAX));
            assert_true(result == (uint64_t)product);
            assert_true(subtract_fits(a, b, &result) == (a >= b));
            assert_true(range_end(a, b) == (sum <= UINT64_MAX ? (uint64_t)sum : UINT64_MAX));
            for (unsigned int shift = 0; shift < 64; shift += 13) {
                uint64_t limit = UINT64_MAX >> shift;
                assert_true(range_fits(a, b, limit) == (b > 0 && sum <= limit));
            }
        }
}

static void rounding_up_overflows_only_past_the_last_multiple(void **state)
{
    (void)state;
    for (unsigned int n = 0; n < EDGES; n++)
        for (unsigned int power = 0; power < 64; power++) {
            uint64_t value = edge_number(n), alignment = BIT(power), result;
            wide_t multiple = ((wide_t)value + alignment - 1) / alignment * alignment;
            assert_true(align_up_fits(value, alignment, &result) == (multiple <= UINT64_MAX));
            if (multiple <= UINT64_MAX)
                assert_true(result == (uint64_t)multiple);
        }
}

static void a_narrower_result_type_is_checked(void **state)
{
    (void)state;
    uint16_t small;
    uint32_t medium;
    int32_t with_sign;
    assert_true(add_fits(65530u, 5u, &small) && small == 65535);
    assert_false(add_fits(65530u, 6u, &small));
    assert_true(multiply_fits(65535ull, 65537ull, &medium) && medium == UINT32_MAX);
    assert_false(multiply_fits(65536ull, 65536ull, &medium));
    assert_true(subtract_fits(1u, 2u, &with_sign) && with_sign == -1);
    assert_false(subtract_fits(0u, 0x80000001u, &with_sign));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overflow_is_detected_exactly_as_in_128_bits),
        cmocka_unit_test(rounding_up_overflows_only_past_the_last_multiple),
        cmocka_unit_test(a_narrower_result_type_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
