/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Machine-check banks of CPUs made up after real ones. The registers' numbers are those of the Intel SDM vol.
 * 4, "Architectural MSRs", and the AMD APM vol. 2, "SMCA".
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <trap/mc_banks.h>

#define HAS_MCA (1ULL << CPU_FEATURE_MCE | 1ULL << CPU_FEATURE_MCA)

static uint32_t leaf_80000007_ebx;

static struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
    (void)subleaf;
    if (leaf == 0x80000007)
        return (struct cpuid_result){ .ebx = leaf_80000007_ebx };
    return (struct cpuid_result){ 0, 0, 0, 0 };
}

static struct mc_banks read(const char *vendor, unsigned int family, unsigned int model, uint64_t mcg_cap)
{
    struct cpu_identity identity = {
        .family = family, .model = model, .features = HAS_MCA, .max_extended_leaf = 0x80000008
    };
    for (unsigned int i = 0; vendor[i]; i++)
        identity.vendor[i] = vendor[i];
    return mc_banks_read(cpuid, &identity, mcg_cap);
}

static void a_cpu_without_mca_has_no_banks(void **state)
{
    struct cpu_identity identity = { .features = 1ULL << CPU_FEATURE_MCE };
    (void)state;
    assert_int_equal(mc_banks_read(cpuid, &identity, 0x10a).count, 0);
    identity.features = 1ULL << CPU_FEATURE_MCA;
    assert_int_equal(mc_banks_read(cpuid, &identity, 0x10a).count, 0);
}

static void intel_banks_have_four_registers(void **state)
{
    (void)state;
    leaf_80000007_ebx = 0x08; /* means nothing at Intel */
    struct mc_banks banks = read("GenuineIntel", 6, 0x3c, 0xc09);
    assert_int_equal(banks.count, 9);
    assert_false(banks.is_scalable);
    assert_false(banks.has_global_ctl);
    assert_int_equal(mc_bank_msr(&banks, 0, MC_CTL), 0x400);
    assert_int_equal(mc_bank_msr(&banks, 0, MC_STATUS), 0x401);
    assert_int_equal(mc_bank_msr(&banks, 8, MC_ADDR), 0x422);
    assert_int_equal(mc_bank_msr(&banks, 8, MC_MISC), 0x423);
    assert_true(read("GenuineIntel", 6, 0x3c, 0x10a).has_global_ctl);
}

static void amd_scalable_banks_have_sixteen_registers(void **state)
{
    (void)state;
    leaf_80000007_ebx = 0x1b;
    struct mc_banks banks = read("AuthenticAMD", 0x17, 0x71, 0x117);
    assert_int_equal(banks.count, 23);
    assert_true(banks.is_scalable);
    assert_int_equal(mc_bank_msr(&banks, 0, MC_CTL), 0xc0002000);
    assert_int_equal(mc_bank_msr(&banks, 0, MC_STATUS), 0xc0002001);
    assert_int_equal(mc_bank_msr(&banks, 22, MC_MISC), 0xc0002163);
    assert_true(read("HygonGenuine", 0x18, 0, 0x117).is_scalable);
    leaf_80000007_ebx = 0;
    assert_false(read("AuthenticAMD", 0x15, 2, 0x107).is_scalable);
}

static void a_count_beyond_the_registers_is_limited(void **state)
{
    (void)state;
    leaf_80000007_ebx = 0;
    assert_int_equal(read("GenuineIntel", 6, 0x8f, 0xff).count, 32);
    assert_int_equal(read("GenuineIntel", 6, 0x8f, 0x20).count, 32);
    leaf_80000007_ebx = 0x08;
    struct mc_banks banks = read("AuthenticAMD", 0x19, 1, 0xff);
    assert_int_equal(banks.count, 64);
    /* The last register of the range. */
    assert_int_equal(mc_bank_msr(&banks, banks.count - 1, MC_CTL) + 15, 0xc00023ff);
}

static void controls_owned_by_firmware_are_left_alone(void **state)
{
    uint64_t value = 1;
    (void)state;
    leaf_80000007_ebx = 0;
    struct mc_banks core2 = read("GenuineIntel", 6, 0x17, 0x806);
    assert_false(mc_bank_control(&core2, 0, &value));
    assert_int_equal(value, 1);
    assert_true(mc_bank_control(&core2, 1, &value));
    assert_int_equal(value, UINT64_MAX);
    struct mc_banks nehalem = read("GenuineIntel", 6, 0x1a, 0x1c09);
    assert_true(mc_bank_control(&nehalem, 0, &value));
    /* The model counts in family 6 only. */
    struct mc_banks netburst = read("GenuineIntel", 15, 4, 0x180204);
    assert_true(mc_bank_control(&netburst, 0, &value));
}

static void the_k8_does_not_report_gart_walks(void **state)
{
    uint64_t value;
    (void)state;
    leaf_80000007_ebx = 0;
    struct mc_banks k8 = read("AuthenticAMD", 15, 0x43, 0x105);
    assert_true(mc_bank_control(&k8, 4, &value));
    assert_int_equal(value, ~0x400ULL);
    assert_true(mc_bank_control(&k8, 3, &value));
    assert_int_equal(value, UINT64_MAX);
    struct mc_banks k10 = read("AuthenticAMD", 16, 4, 0x106);
    assert_true(mc_bank_control(&k10, 4, &value));
    assert_int_equal(value, UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cpu_without_mca_has_no_banks),
        cmocka_unit_test(intel_banks_have_four_registers),
        cmocka_unit_test(amd_scalable_banks_have_sixteen_registers),
        cmocka_unit_test(a_count_beyond_the_registers_is_limited),
        cmocka_unit_test(controls_owned_by_firmware_are_left_alone),
        cmocka_unit_test(the_k8_does_not_report_gart_walks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
