/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Package, die, core and thread of CPUs made up after real ones.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <cpu/topology.h>

static struct {
    struct {
        uint32_t leaf, subleaf;
        struct cpuid_result answer;
    } leaves[12];
} cpu;

static struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
    for (size_t i = 0; i < ARRAY_LEN(cpu.leaves); i++)
        if (cpu.leaves[i].leaf == leaf && cpu.leaves[i].subleaf == subleaf)
            return cpu.leaves[i].answer;
    return (struct cpuid_result){ 0, 0, 0, 0 };
}

static int fresh_cpu(void **state)
{
    (void)state;
    memset(&cpu, 0, sizeof(cpu));
    return 0;
}

static void set(size_t place, uint32_t leaf, uint32_t subleaf, struct cpuid_result answer)
{
    cpu.leaves[place] = (typeof(cpu.leaves[0])){ leaf, subleaf, answer };
}

static void expect(const struct topology *topology, uint32_t apic_id, struct topology_place wanted)
{
    struct topology_place place = topology_place_of(topology, apic_id);
    assert_int_equal(place.package, wanted.package);
    assert_int_equal(place.die, wanted.die);
    assert_int_equal(place.core, wanted.core);
    assert_int_equal(place.thread, wanted.thread);
}

static void leaf_0b_gives_threads_and_cores(void **state)
{
    struct cpu_identity intel = { .vendor = "GenuineIntel", .family = 6, .max_leaf = 0x16 };
    (void)state;
    set(0, 0x0b, 0, (struct cpuid_result){ 1, 2, 0x100, 0 });
    set(1, 0x0b, 1, (struct cpuid_result){ 4, 16, 0x201, 0 });
    struct topology topology = topology_read(cpuid, &intel);
    expect(&topology, 0x35, (struct topology_place){ 3, 0, 2, 1 });
}

static void leaf_1f_also_gives_dies(void **state)
{
    struct cpu_identity intel = { .vendor = "GenuineIntel", .family = 6, .max_leaf = 0x1f };
    (void)state;
    set(0, 0x1f, 0, (struct cpuid_result){ 1, 2, 0x100, 0 });
    set(1, 0x1f, 1, (struct cpuid_result){ 3, 8, 0x201, 0 });
    set(2, 0x1f, 2, (struct cpuid_result){ 5, 32, 0x502, 0 });
    struct topology topology = topology_read(cpuid, &intel);
    expect(&topology, 0x5b, (struct topology_place){ 2, 3, 1, 1 });
}

/* A CPU whose highest leaf is 1FH and which leaves it empty, as some hypervisors do. */
static void an_empty_leaf_1f_falls_back_to_0b(void **state)
{
    struct cpu_identity intel = { .vendor = "GenuineIntel", .family = 6, .max_leaf = 0x1f };
    (void)state;
    set(0, 0x0b, 0, (struct cpuid_result){ 0, 1, 0x100, 0 });
    set(1, 0x0b, 1, (struct cpuid_result){ 2, 4, 0x201, 0 });
    struct topology topology = topology_read(cpuid, &intel);
    expect(&topology, 7, (struct topology_place){ 1, 0, 3, 0 });
}

static void amd_gives_the_number_of_bits(void **state)
{
    struct cpu_identity amd = {
        .vendor = "AuthenticAMD", .family = 0x17, .max_leaf = 1, .max_extended_leaf = 0x8000001e
    };
    (void)state;
    set(0, 1, 0, (struct cpuid_result){ 0, 0, 0, 1u << 28 });
    set(1, 0x80000008, 0, (struct cpuid_result){ 0, 0, 0x400f, 0 });
    set(2, 0x8000001e, 0, (struct cpuid_result){ 0, 0x100, 0, 0 });
    struct topology topology = topology_read(cpuid, &amd);
    expect(&topology, 0x1b, (struct topology_place){ 1, 0, 5, 1 });
}

static void legacy_intel_counts_are_rounded_up(void **state)
{
    struct cpu_identity intel = { .vendor = "GenuineIntel", .family = 6, .max_leaf = 0x0a };
    (void)state;
    set(0, 1, 0, (struct cpuid_result){ 0, 6 << 16, 0, 1u << 28 });
    set(1, 4, 0, (struct cpuid_result){ 2u << 26, 0, 0, 0 });
    struct topology topology = topology_read(cpuid, &intel);
    expect(&topology, 0x0d, (struct topology_place){ 1, 0, 2, 1 });
}

static void a_cpu_without_topology_leaves_is_a_package_of_one(void **state)
{
    struct cpu_identity intel = { .vendor = "GenuineIntel", .family = 6, .max_leaf = 1 };
    (void)state;
    struct topology topology = topology_read(cpuid, &intel);
    expect(&topology, 5, (struct topology_place){ 5, 0, 0, 0 });
    expect(&topology, 0xfffffffe, (struct topology_place){ 0xfffffffe, 0, 0, 0 });
}

static void hybrid_core_types_are_distinguished(void **state)
{
    struct cpu_identity intel = { .vendor = "GenuineIntel", .family = 6, .max_leaf = 0x1a };
    (void)state;
    set(0, 0x1a, 0, (struct cpuid_result){ 0x20000001, 0, 0, 0 });
    assert_int_equal(topology_core_kind(cpuid, &intel), CORE_EFFICIENT);
    set(0, 0x1a, 0, (struct cpuid_result){ 0x40000001, 0, 0, 0 });
    assert_int_equal(topology_core_kind(cpuid, &intel), CORE_FAST);
    intel.max_leaf = 0x19;
    assert_int_equal(topology_core_kind(cpuid, &intel), CORE_USUAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(leaf_0b_gives_threads_and_cores, fresh_cpu),
        cmocka_unit_test_setup(leaf_1f_also_gives_dies, fresh_cpu),
        cmocka_unit_test_setup(an_empty_leaf_1f_falls_back_to_0b, fresh_cpu),
        cmocka_unit_test_setup(amd_gives_the_number_of_bits, fresh_cpu),
        cmocka_unit_test_setup(legacy_intel_counts_are_rounded_up, fresh_cpu),
        cmocka_unit_test_setup(a_cpu_without_topology_leaves_is_a_package_of_one, fresh_cpu),
        cmocka_unit_test_setup(hybrid_core_types_are_distinguished, fresh_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
