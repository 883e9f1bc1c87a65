/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MTRRs of two CPUs. The numbers are those of the Intel SDM vol. 4, "Architectural MSRs".
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <cpu/mtrr.h>

#define CAP   0x508 /* fixed ranges, 8 variable ones */
#define MOST  64
#define VALID 0x800

static uint64_t here[MOST], first[MOST];

static int fresh(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < MOST; i++)
        here[i] = first[i] = (VALID | 0x123450000ULL) + i;
    return 0;
}

static unsigned int index_of(uint32_t msr)
{
    for (unsigned int i = 0; i < mtrr_count(CAP); i++)
        if (mtrr_msr(CAP, i) == msr)
            return i;
    fail_msg("no MSR %#x", msr);
    return 0;
}

static void register_numbers_are_those_of_the_manual(void **state)
{
    (void)state;
    assert_int_equal(mtrr_count(CAP), 1 + 11 + 16);
    assert_int_equal(mtrr_msr(CAP, 0), 0x2ff);
    assert_int_equal(mtrr_msr(CAP, 1), 0x250);
    assert_int_equal(mtrr_msr(CAP, 2), 0x258);
    assert_int_equal(mtrr_msr(CAP, 11), 0x26f);
    assert_int_equal(mtrr_msr(CAP, 12), 0x200);
    assert_int_equal(mtrr_msr(CAP, 27), 0x20f);
    /* No fixed ranges. */
    assert_int_equal(mtrr_count(0x02), 5);
    assert_int_equal(mtrr_msr(0x02, 1), 0x200);
}

static void excess_variable_ranges_are_ignored(void **state)
{
    (void)state;
    assert_int_equal(mtrr_count(0x1ff), 1 + 11 + 32);
    assert_int_equal(mtrr_msr(0x1ff, 43), 0x21f);
}

static void equal_registers_are_not_reported(void **state)
{
    (void)state;
    assert_int_equal(mtrr_find_difference(CAP, here, first).msr, 0);
}

static void each_differing_register_is_reported(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < mtrr_count(CAP); i++) {
        here[i] ^= 1;
        struct mtrr_difference difference = mtrr_find_difference(CAP, here, first);
        assert_int_equal(difference.msr, mtrr_msr(CAP, i));
        assert_int_equal(difference.here, here[i]);
        assert_int_equal(difference.first, first[i]);
        here[i] ^= 1;
    }
}

static void the_base_of_an_invalid_range_is_ignored(void **state)
{
    unsigned int base = index_of(0x206), mask = index_of(0x207);
    (void)state;
    here[mask] &= ~(uint64_t)VALID;
    first[mask] &= ~(uint64_t)VALID;
    here[base] = 7;
    here[mask] ^= 0x1000;
    assert_int_equal(mtrr_find_difference(CAP, here, first).msr, 0);
    /* On one of the two it is valid. */
    first[mask] |= VALID;
    assert_int_equal(mtrr_find_difference(CAP, here, first).msr, 0x206);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(register_numbers_are_those_of_the_manual, fresh),
        cmocka_unit_test_setup(excess_variable_ranges_are_ignored, fresh),
        cmocka_unit_test_setup(equal_registers_are_not_reported, fresh),
        cmocka_unit_test_setup(each_differing_register_is_reported, fresh),
        cmocka_unit_test_setup(the_base_of_an_invalid_range_is_ignored, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
