/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who tells the TSC's rate, with CPUs and hypervisors made up after real ones.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <time/tsc_rate.h>

static struct {
    struct { uint32_t leaf; struct cpuid_result answer; } leaves[8];
    struct { uint32_t msr; uint64_t value; } msrs[4];
} machine;

static struct cpuid_result ask(uint32_t leaf, uint32_t subleaf)
{
    assert_int_equal(subleaf, 0);
    for (size_t i = 0; i < ARRAY_LEN(machine.leaves); i++)
        if (machine.leaves[i].leaf == leaf)
            return machine.leaves[i].answer;
    return (struct cpuid_result){ 0, 0, 0, 0 };
}

static bool read_msr(uint32_t msr, uint64_t *value)
{
    for (size_t i = 0; i < ARRAY_LEN(machine.msrs); i++)
        if (machine.msrs[i].msr == msr) {
            *value = machine.msrs[i].value;
            return true;
        }
    return false;
}

static const struct cpu_identity intel = { .vendor = "GenuineIntel", .family = 6, .max_leaf = 0x16 };
static const struct cpu_identity guest = { .vendor = "GenuineIntel", .family = 6, .max_leaf = 0x16,
                                           .features = 1ULL << CPU_FEATURE_HYPERVISOR };

static int fresh_machine(void **state)
{
    (void)state;
    memset(&machine, 0, sizeof(machine));
    return 0;
}

static void a_crystal_and_a_ratio_are_a_rate(void **state)
{
    (void)state;
    machine.leaves[0] = (typeof(machine.leaves[0])){ 0x15, { 3, 250, 38400000, 0 } };
    struct tsc_rate rate = tsc_rate_given(ask, read_msr, &intel);
    assert_int_equal(rate.tsc_hz, 3200000000);
    assert_int_equal(rate.lapic_hz, 38400000);
    assert_string_equal(rate.source, "cpuid");
}

static void without_the_crystal_the_nominal_frequency_serves(void **state)
{
    (void)state;
    machine.leaves[0] = (typeof(machine.leaves[0])){ 0x15, { 2, 176, 0, 0 } }; /* a Skylake laptop */
    machine.leaves[1] = (typeof(machine.leaves[0])){ 0x16, { 2112, 3000, 100, 0 } };
    struct tsc_rate rate = tsc_rate_given(ask, read_msr, &intel);
    assert_int_equal(rate.tsc_hz, 2112000000);
    assert_int_equal(rate.lapic_hz, 24000000);
}

static void a_ratio_alone_tells_nothing(void **state)
{
    (void)state;
    machine.leaves[0] = (typeof(machine.leaves[0])){ 0x15, { 2, 176, 0, 0 } };
    struct cpu_identity old = intel;
    old.max_leaf = 0x15;
    assert_int_equal(tsc_rate_given(ask, read_msr, &old).tsc_hz, 0);
    assert_null(tsc_rate_given(ask, read_msr, &old).source);
    /* Leaf 0x15 does not exist: what answers is another leaf's. */
    old.max_leaf = 0x14;
    machine.leaves[0].answer.ecx = 24000000;
    assert_int_equal(tsc_rate_given(ask, read_msr, &old).tsc_hz, 0);
}

static void a_hypervisor_is_believed_before_the_cpu(void **state)
{
    (void)state;
    machine.leaves[0] = (typeof(machine.leaves[0])){ 0x15, { 3, 250, 38400000, 0 } };
    machine.leaves[1] = (typeof(machine.leaves[0])){ 0x40000000, { 0x40000010, 0, 0, 0 } };
    machine.leaves[2] = (typeof(machine.leaves[0])){ 0x40000010, { 2599998, 1000000, 0, 0 } };
    struct tsc_rate rate = tsc_rate_given(ask, read_msr, &guest);
    assert_int_equal(rate.tsc_hz, 2599998000);
    assert_int_equal(rate.lapic_hz, 1000000000);
    assert_string_equal(rate.source, "hypervisor");
    /* Its leaves mean nothing to a CPU without one. */
    assert_string_equal(tsc_rate_given(ask, read_msr, &intel).source, "cpuid");
}

static void a_hypervisor_without_the_leaf_leaves_it_to_the_cpu(void **state)
{
    (void)state;
    machine.leaves[0] = (typeof(machine.leaves[0])){ 0x15, { 3, 250, 38400000, 0 } };
    machine.leaves[1] = (typeof(machine.leaves[0])){ 0x40000000, { 0x40000001, 0, 0, 0 } };
    machine.leaves[2] = (typeof(machine.leaves[0])){ 0x40000010, { 2599998, 1000000, 0, 0 } };
    assert_string_equal(tsc_rate_given(ask, read_msr, &guest).source, "cpuid");
}

static void hyperv_tells_by_registers_where_it_allows_it(void **state)
{
    (void)state;
    machine.leaves[0] = (typeof(machine.leaves[0])){ 0x40000000, { 0x4000000b, 0, 0, 0 } };
    machine.leaves[1] = (typeof(machine.leaves[0])){ 0x40000001, { 0x31237648, 0, 0, 0 } };
    machine.leaves[2] = (typeof(machine.leaves[0])){ 0x40000003, { 0x800, 0, 0, 0x100 } };
    machine.msrs[0] = (typeof(machine.msrs[0])){ 0x40000022, 2295686000 };
    machine.msrs[1] = (typeof(machine.msrs[0])){ 0x40000023, 200000000 };
    struct tsc_rate rate = tsc_rate_given(ask, read_msr, &guest);
    assert_int_equal(rate.tsc_hz, 2295686000);
    assert_int_equal(rate.lapic_hz, 200000000);
    assert_string_equal(rate.source, "hyper-v");
    machine.leaves[2].answer.eax = 0;
    assert_int_equal(tsc_rate_given(ask, read_msr, &guest).tsc_hz, 0);
    machine.leaves[2].answer.eax = 0x800;
    machine.leaves[1].answer.eax = 0; /* KVM with some of Hyper-V's leaves */
    assert_int_equal(tsc_rate_given(ask, read_msr, &guest).tsc_hz, 0);
}

static void amd_tells_by_p_state_0(void **state)
{
    (void)state;
    struct cpu_identity amd = { .vendor = "AuthenticAMD", .family = 0x17, .max_leaf = 0x10 };
    machine.msrs[0] = (typeof(machine.msrs[0])){ 0xc0010064, 0x8000000049120890 }; /* a Ryzen: 3.6 GHz */
    struct tsc_rate rate = tsc_rate_given(ask, read_msr, &amd);
    assert_int_equal(rate.tsc_hz, 3600000000);
    assert_string_equal(rate.source, "amd-msr");
    machine.msrs[0].value &= ~(1ULL << 63);
    assert_int_equal(tsc_rate_given(ask, read_msr, &amd).tsc_hz, 0);
    machine.msrs[0].value = 0x8000000000000344;
    amd.family = 0x1a; /* multiples of 5 MHz */
    assert_int_equal(tsc_rate_given(ask, read_msr, &amd).tsc_hz, 4180000000);
    /* A hypervisor may show the host's register and scale what the guest counts. */
    amd.features = 1ULL << CPU_FEATURE_HYPERVISOR;
    assert_int_equal(tsc_rate_given(ask, read_msr, &amd).tsc_hz, 0);
}

static void a_divisor_of_0_and_rates_nobody_runs_at_are_not_believed(void **state)
{
    (void)state;
    struct cpu_identity amd = { .vendor = "AuthenticAMD", .family = 0x17, .max_leaf = 0x10 };
    machine.msrs[0] = (typeof(machine.msrs[0])){ 0xc0010064, 0x8000000000000090 };
    assert_int_equal(tsc_rate_given(ask, read_msr, &amd).tsc_hz, 0);
    machine.leaves[0] = (typeof(machine.leaves[0])){ 0x40000000, { 0x40000010, 0, 0, 0 } };
    machine.leaves[1] = (typeof(machine.leaves[0])){ 0x40000010, { 12, 0, 0, 0 } };
    assert_int_equal(tsc_rate_given(ask, read_msr, &guest).tsc_hz, 0);
    machine.leaves[1].answer.eax = UINT32_MAX;
    assert_int_equal(tsc_rate_given(ask, read_msr, &guest).tsc_hz, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_crystal_and_a_ratio_are_a_rate, fresh_machine),
        cmocka_unit_test_setup(without_the_crystal_the_nominal_frequency_serves, fresh_machine),
        cmocka_unit_test_setup(a_ratio_alone_tells_nothing, fresh_machine),
        cmocka_unit_test_setup(a_hypervisor_is_believed_before_the_cpu, fresh_machine),
        cmocka_unit_test_setup(a_hypervisor_without_the_leaf_leaves_it_to_the_cpu, fresh_machine),
        cmocka_unit_test_setup(hyperv_tells_by_registers_where_it_allows_it, fresh_machine),
        cmocka_unit_test_setup(amd_tells_by_p_state_0, fresh_machine),
        cmocka_unit_test_setup(a_divisor_of_0_and_rates_nobody_runs_at_are_not_believed, fresh_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
