/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which CPUs wait for a write when they are idle.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ashlar/bits.h>
#include <cpu/mwait.h>

static struct cpuid_result leaf5;

static struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
    assert_int_equal(leaf, 5);
    assert_int_equal(subleaf, 0);
    return leaf5;
}

static struct cpu_identity intel, amd;

static int fresh_cpus(void **state)
{
    (void)state;
    leaf5 = (struct cpuid_result){ .eax = 64, .ebx = 64, .ecx = 3, .edx = 0x1120 };
    intel = (struct cpu_identity){ .vendor = "GenuineIntel",
                                   .family = 6,
                                   .model = 0x9e,
                                   .max_leaf = 22,
                                   .features = BIT(CPU_FEATURE_MONITOR) };
    amd = (struct cpu_identity){ .vendor = "AuthenticAMD",
                                 .family = 0x17,
                                 .model = 1,
                                 .max_leaf = 13,
                                 .features = BIT(CPU_FEATURE_MONITOR) };
    return 0;
}

static void recent_cpus_use_mwait(void **state)
{
    (void)state;
    assert_true(mwait_is_good(cpuid, &intel));
    assert_true(mwait_is_good(cpuid, &amd));
    leaf5.ecx = 0; /* the first CPUs with it report no more */
    leaf5.edx = 0;
    assert_true(mwait_is_good(cpuid, &intel));
}

static void a_cpu_without_mwait_halts(void **state)
{
    (void)state;
    intel.features = 0;
    assert_false(mwait_is_good(cpuid, &intel));
    intel.features = BIT(CPU_FEATURE_MONITOR);
    intel.max_leaf = 4;
    assert_false(mwait_is_good(cpuid, &intel));
}

static void a_cpu_without_a_monitor_line_or_c1_halts(void **state)
{
    (void)state;
    leaf5.edx = 0x1102;
    assert_false(mwait_is_good(cpuid, &intel));
    leaf5.edx = 0x1120;
    leaf5.ebx = 0;
    assert_false(mwait_is_good(cpuid, &intel));
}

static void under_a_hypervisor_cpus_halt(void **state)
{
    (void)state;
    intel.features |= BIT(CPU_FEATURE_HYPERVISOR);
    assert_false(mwait_is_good(cpuid, &intel));
}

static void cpus_with_mwait_errata_halt(void **state)
{
    static const unsigned int models[] = { 0x1d, 0x2e, 0x2f, 0x5c, 0x6a, 0x6c, 0xbd };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(models); i++) {
        intel.model = models[i];
        assert_false(mwait_is_good(cpuid, &intel));
    }
    intel.model = 0x6a;
    intel.family = 15; /* another CPU */
    assert_true(mwait_is_good(cpuid, &intel));
}

static void older_amd_and_unknown_cpus_halt(void **state)
{
    struct cpu_identity other = amd;
    (void)state;
    amd.family = 0x15;
    assert_false(mwait_is_good(cpuid, &amd));
    other.vendor[0] = 'C';
    assert_false(mwait_is_good(cpuid, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(recent_cpus_use_mwait, fresh_cpus),
        cmocka_unit_test_setup(a_cpu_without_mwait_halts, fresh_cpus),
        cmocka_unit_test_setup(a_cpu_without_a_monitor_line_or_c1_halts, fresh_cpus),
        cmocka_unit_test_setup(under_a_hypervisor_cpus_halt, fresh_cpus),
        cmocka_unit_test_setup(cpus_with_mwait_errata_halt, fresh_cpus),
        cmocka_unit_test_setup(older_amd_and_unknown_cpus_halt, fresh_cpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
