/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errata of real CPUs: each is identified from what its CPUID answers, and checked for each row of the
 * table.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/bits.h>
#include <cpu/errata.h>
#include <cpu/mwait.h>

struct real_cpu {
    const char *name, *source; /* the dump */
    struct {
        uint32_t leaf;
        struct cpuid_result answer;
    } leaves[8];
    struct {
        uint32_t deadline_fixed_in; /* microcode revision from which TSC-deadline works; 0: it always did */
        bool has_c1e, waits_by_mwait, x2apic_fails;
    } expected;
};

#include "real_cpus_amd.h"
#include "real_cpus_intel_early.h"
#include "real_cpus_intel_late.h"

/* What this kernel needs to run at all; all of these CPUs have it. */
#define EDX_LONG_MODE BIT(29)

static const struct real_cpu *asked;

static struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
    for (size_t i = 0; subleaf == 0 && i < ARRAY_LEN(asked->leaves); i++)
        if (asked->leaves[i].leaf == leaf && (leaf != 0 || i == 0))
            return asked->leaves[i].answer;
    return (struct cpuid_result){ 0, 0, 0, 0 };
}

static bool has(const struct cpu_identity *identity, uint32_t microcode, enum erratum erratum)
{
    return errata_find(identity, microcode, erratum) != NULL;
}

static void check(const struct real_cpu *cpu)
{
    struct cpu_identity identity;
    uint32_t fixed_in = cpu->expected.deadline_fixed_in;
    asked = cpu;
    cpu_identify(cpuid, &identity);
    if (!(cpuid(0x80000001, 0).edx & EDX_LONG_MODE))
        fail_msg("%s: no long mode", cpu->source);
    /* The dump's name has the signature: vendor, then EAX of leaf 1. */
    uint32_t signature;
    if (sscanf(cpu->source + 12, "%7x", &signature) != 1 || signature != cpuid(1, 0).eax)
        fail_msg("%s: the signature is %#x", cpu->source, cpuid(1, 0).eax);
    if (has(&identity, 0, ERRATUM_TSC_DEADLINE) != (fixed_in != 0) ||
        (fixed_in != 0 && (!has(&identity, fixed_in - 1, ERRATUM_TSC_DEADLINE) ||
                           has(&identity, fixed_in, ERRATUM_TSC_DEADLINE))))
        fail_msg("%s, %s: TSC-deadline, fixed in %#x", cpu->name, cpu->source, fixed_in);
    if (has(&identity, UINT32_MAX, ERRATUM_C1E) != cpu->expected.has_c1e)
        fail_msg("%s, %s: C1E", cpu->name, cpu->source);
    if (has(&identity, 0, ERRATUM_X2APIC) != cpu->expected.x2apic_fails)
        fail_msg("%s, %s: x2APIC", cpu->name, cpu->source);
    if (mwait_is_good(cpuid, &identity) != cpu->expected.waits_by_mwait)
        fail_msg("%s, %s: MWAIT", cpu->name, cpu->source);
    /* A CPU that needs microcode for TSC-deadline has the feature. */
    if (fixed_in != 0 && !cpu_identity_has(&identity, CPU_FEATURE_TSC_DEADLINE))
        fail_msg("%s, %s: no TSC-deadline", cpu->name, cpu->source);

    /* As a hypervisor shows it to its guests. */
    identity.features |= BIT(CPU_FEATURE_HYPERVISOR);
    for (unsigned int i = 0; i < ERRATUM_COUNT; i++)
        assert_false(has(&identity, 0, (enum erratum)i));
}

static void sixty_real_cpus_have_the_errata_of_their_vendors_lists(void **state)
{
    (void)state;
    static const struct {
        const struct real_cpu *cpus;
        size_t count;
    } tables[] = {
        { early_intel_cpus, ARRAY_LEN(early_intel_cpus) },
        { late_intel_cpus, ARRAY_LEN(late_intel_cpus) },
        { amd_cpus, ARRAY_LEN(amd_cpus) },
    };
    size_t checked = 0;
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        for (size_t k = 0; k < tables[i].count; k++, checked++)
            check(&tables[i].cpus[k]);
    assert_true(checked >= 60);
}

static struct cpu_identity cpu_of(const char *vendor, unsigned int family, unsigned int model,
                                  unsigned int stepping)
{
    struct cpu_identity identity = { .family = family, .model = model, .stepping = stepping };
    strcpy(identity.vendor, vendor);
    return identity;
}

static void a_stepping_has_its_own_microcode(void **state)
{
    (void)state;
    struct cpu_identity de = cpu_of("GenuineIntel", 6, 0x56, 3);
    assert_true(has(&de, 0x0700000d, ERRATUM_TSC_DEADLINE));
    assert_false(has(&de, 0x0700000e, ERRATUM_TSC_DEADLINE));
    de.stepping = 5;
    assert_true(has(&de, 0x0e000002, ERRATUM_TSC_DEADLINE));
    assert_false(has(&de, 0x0e000003, ERRATUM_TSC_DEADLINE));
    struct cpu_identity ex = cpu_of("GenuineIntel", 6, 0x3f, 4);
    assert_true(has(&ex, 0x0e, ERRATUM_TSC_DEADLINE));
    assert_false(has(&ex, 0x0f, ERRATUM_TSC_DEADLINE));
}

/* Of which no dump of a real CPU is among those above. */
static void errata_hold_on_cpus_without_a_dump(void **state)
{
    (void)state;
    struct cpu_identity skylake_x = cpu_of("GenuineIntel", 6, 0x55, 3);
    assert_true(has(&skylake_x, 0x01000135, ERRATUM_TSC_DEADLINE));
    assert_false(has(&skylake_x, 0x01000136, ERRATUM_TSC_DEADLINE));
    struct cpu_identity nehalem_ex = cpu_of("GenuineIntel", 6, 0x2e, 6);
    assert_true(has(&nehalem_ex, UINT32_MAX, ERRATUM_MONITOR));
    struct cpu_identity ice_lake_d = cpu_of("GenuineIntel", 6, 0x6c, 1);
    assert_true(has(&ice_lake_d, UINT32_MAX, ERRATUM_MONITOR));
}

static void the_first_and_last_k8_models_with_c1e(void **state)
{
    (void)state;
    struct cpu_identity before = cpu_of("AuthenticAMD", 15, 0x41, 1),
                        first = cpu_of("AuthenticAMD", 15, 0x41, 2);
    struct cpu_identity early = cpu_of("AuthenticAMD", 16, 2, 0),
                        barcelona = cpu_of("AuthenticAMD", 16, 2, 1);
    assert_false(has(&before, 0, ERRATUM_C1E));
    assert_true(has(&first, 0, ERRATUM_C1E));
    assert_false(has(&early, 0, ERRATUM_C1E));
    assert_true(has(&barcelona, 0, ERRATUM_C1E));
}

static void a_model_of_another_family_or_vendor_has_no_erratum(void **state)
{
    (void)state;
    struct cpu_identity amd = cpu_of("AuthenticAMD", 6, 0x3c, 3),
                        netburst = cpu_of("GenuineIntel", 15, 0x3c, 3);
    for (unsigned int i = 0; i < ERRATUM_COUNT; i++) {
        assert_false(has(&amd, 0, (enum erratum)i));
        assert_false(has(&netburst, 0, (enum erratum)i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sixty_real_cpus_have_the_errata_of_their_vendors_lists),
        cmocka_unit_test(a_stepping_has_its_own_microcode),
        cmocka_unit_test(errata_hold_on_cpus_without_a_dump),
        cmocka_unit_test(the_first_and_last_k8_models_with_c1e),
        cmocka_unit_test(a_model_of_another_family_or_vendor_has_no_erratum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
