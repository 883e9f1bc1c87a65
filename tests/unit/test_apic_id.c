/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Initial APIC IDs of CPUs made up, and APIC IDs that firmware changed or not.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <cpu/apic_id.h>

static uint32_t max_leaf, leaf_0b_ebx, leaf_0b_edx, leaf_1_ebx;

static struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
    assert_int_equal(subleaf, 0);
    /* Beyond the highest leaf, Intel CPUs return another leaf's data. */
    if (leaf > max_leaf)
        return (struct cpuid_result){ 7, 7, 7, 7 };
    switch (leaf) {
    case 0:
        return (struct cpuid_result){ .eax = max_leaf };
    case 1:
        return (struct cpuid_result){ .ebx = leaf_1_ebx };
    case 0x0b:
        return (struct cpuid_result){ .ebx = leaf_0b_ebx, .edx = leaf_0b_edx };
    default:
        return (struct cpuid_result){ 0, 0, 0, 0 };
    }
}

static void the_initial_id_is_from_leaf_0b_if_it_is_valid(void **state)
{
    (void)state;
    max_leaf = 0x0d;
    leaf_1_ebx = 0x34080800;
    leaf_0b_ebx = 2;
    leaf_0b_edx = 0x1234;
    assert_int_equal(apic_initial_id(cpuid), 0x1234);
    /* As on AMD's families up to 16H. */
    leaf_0b_ebx = 0;
    leaf_0b_edx = 0;
    assert_int_equal(apic_initial_id(cpuid), 0x34);
    leaf_0b_ebx = 2;
    max_leaf = 5;
    assert_int_equal(apic_initial_id(cpuid), 0x34);
}

static void an_id_changed_by_firmware_is_read_from_the_lapic(void **state)
{
    (void)state;
    /* CPUID says 1, MADT and LAPIC say 11H. */
    assert_int_equal(apic_id_of(false, 0x11, 1), 0x11);
    assert_int_equal(apic_id_of(false, 0, 1), 0);
    assert_int_equal(apic_id_of(false, 1, 1), 1);
}

static void an_id_beyond_8_bits_is_the_initial_id_in_xapic_mode(void **state)
{
    (void)state;
    assert_int_equal(apic_id_of(false, 0x23, 0x123), 0x123);
    assert_int_equal(apic_id_of(false, 0, 0x100), 0x100);
    assert_int_equal(apic_id_of(false, 0x24, 0x123), 0x24);
}

static void in_x2apic_mode_the_id_is_read_from_the_lapic(void **state)
{
    (void)state;
    assert_int_equal(apic_id_of(true, 0x123, 0x123), 0x123);
    assert_int_equal(apic_id_of(true, 0x23, 0x123), 0x23);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_initial_id_is_from_leaf_0b_if_it_is_valid),
        cmocka_unit_test(an_id_changed_by_firmware_is_read_from_the_lapic),
        cmocka_unit_test(an_id_beyond_8_bits_is_the_initial_id_in_xapic_mode),
        cmocka_unit_test(in_x2apic_mode_the_id_is_read_from_the_lapic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
