/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUs imitated by CPUID leaves, and the features that the kernel reads.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <cpu/features.h>
#include <cpu/hypervisor_name.h>

/* A CPU is a set of leaves; all others return noise, as Intel's do above the highest. */
struct answer {
    uint32_t leaf, subleaf;
    struct cpuid_result result;
};

static const struct answer *cpu;
static const struct cpuid_result noise = { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX };

static struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
    for (const struct answer *a = cpu; a->leaf != UINT32_MAX; a++) {
        if (a->leaf == leaf && a->subleaf == subleaf)
            return a->result;
    }
    return noise;
}

#define END_OF_CPU                                                                                           \
    {                                                                                                        \
        UINT32_MAX, 0,                                                                                       \
        {                                                                                                    \
            0, 0, 0, 0                                                                                       \
        }                                                                                                    \
    }

static struct cpu_identity identify(const struct answer *answers)
{
    struct cpu_identity identity;

    cpu = answers;
    cpu_identify(cpuid, &identity);
    return identity;
}

/* The registers of leaf 0 spell "Genu" "ineI" "ntel" in EBX, EDX, ECX. */
#define INTEL(max)                                                                                           \
    {                                                                                                        \
        0, 0,                                                                                                \
        {                                                                                                    \
            max, 0x756e6547, 0x6c65746e, 0x49656e69                                                          \
        }                                                                                                    \
    }
#define AMD(max)                                                                                             \
    {                                                                                                        \
        0, 0,                                                                                                \
        {                                                                                                    \
            max, 0x68747541, 0x444d4163, 0x69746e65                                                          \
        }                                                                                                    \
    }

static void vendor_is_spelt_from_ebx_edx_ecx(void **state)
{
    const struct answer intel[] = { INTEL(0), { 0x80000000, 0, { 0, 0, 0, 0 } }, END_OF_CPU };
    const struct answer amd[] = { AMD(0), { 0x80000000, 0, { 0, 0, 0, 0 } }, END_OF_CPU };

    (void)state;
    assert_string_equal(identify(intel).vendor, "GenuineIntel");
    assert_string_equal(identify(amd).vendor, "AuthenticAMD");
}

static void extended_family_and_model_are_added_as_the_manuals_say(void **state)
{
    static const struct {
        uint32_t eax;
        unsigned int family, model, stepping;
    } cases[] = {
        { 0x000906ea, 6, 158, 10 }, /* extended model counts in family 6 */
        { 0x00800f12, 23, 1, 2 },   /* extended family counts in family 15 */
        { 0x00a20f10, 25, 33, 0 },  /* both */
        { 0x00f00543, 5, 4, 3 },    /* neither, in others */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct answer answers[] = {
            INTEL(1), { 1, 0, { cases[i].eax, 0, 0, 0 } }, { 0x80000000, 0, { 0, 0, 0, 0 } }, END_OF_CPU
        };
        struct cpu_identity identity = identify(answers);
        assert_int_equal(identity.family, cases[i].family);
        assert_int_equal(identity.model, cases[i].model);
        assert_int_equal(identity.stepping, cases[i].stepping);
    }
}

static void a_leaf_above_the_highest_is_not_read(void **state)
{
    /* Highest leaf 1: leaf 7 returns noise, in which every feature is set. */
    const struct answer answers[] = {
        INTEL(1), { 1, 0, { 0x6f0, 0, 0, 1 << 13 } }, { 0x80000000, 0, { 0x80000000, 0, 0, 0 } }, END_OF_CPU
    };
    struct cpu_identity identity = identify(answers);

    (void)state;
    assert_true(cpu_identity_has(&identity, CPU_FEATURE_PGE));
    assert_false(cpu_identity_has(&identity, CPU_FEATURE_SMEP));
    assert_false(cpu_identity_has(&identity, CPU_FEATURE_NX));
    assert_int_equal(identity.features, 1ULL << CPU_FEATURE_PGE);
    assert_string_equal(identity.brand, "");
    assert_int_equal(identity.physical_bits, 36);
    assert_int_equal(identity.virtual_bits, 48);
}

static void a_cpu_without_extended_leaves_has_no_extended_feature(void **state)
{
    const struct answer answers[] = {
        INTEL(1), { 1, 0, { 0x6f0, 0, 0, 0 } }, { 0x80000000, 0, { 1, 0, 0, 0 } }, END_OF_CPU
    };
    struct cpu_identity identity = identify(answers);

    (void)state;
    assert_int_equal(identity.max_extended_leaf, 0);
    assert_int_equal(identity.features, 0);
}

static void each_feature_is_read_from_its_own_bit(void **state)
{
    (void)state;
    const struct answer answers[] = {
        AMD(7),
        { 1, 0, { 0x00800f12, 0, 1u << 21 | 1u << 30, 1u << 16 } },
        { 7, 0, { 0, 1u << 7 | 1u << 20, 1u << 2, 0 } },
        { 0x80000000, 0, { 0x80000008, 0, 0, 0 } },
        { 0x80000001, 0, { 0, 0, 0, 1u << 20 | 1u << 26 } },
        { 0x80000002, 0, { 0, 0, 0, 0 } },
        { 0x80000003, 0, { 0, 0, 0, 0 } },
        { 0x80000004, 0, { 0, 0, 0, 0 } },
        { 0x80000007, 0, { 0, 0, 0, 1u << 8 } },
        { 0x80000008, 0, { 0x3930, 0, 0, 0 } },
        END_OF_CPU,
    };
    struct cpu_identity identity = identify(answers);

    assert_int_equal(identity.features, 1ULL << CPU_FEATURE_X2APIC | 1ULL << CPU_FEATURE_RDRAND |
                                            1ULL << CPU_FEATURE_PAT | 1ULL << CPU_FEATURE_SMEP |
                                            1ULL << CPU_FEATURE_SMAP | 1ULL << CPU_FEATURE_UMIP |
                                            1ULL << CPU_FEATURE_NX | 1ULL << CPU_FEATURE_GIB_PAGES |
                                            1ULL << CPU_FEATURE_INVARIANT_TSC);
    assert_int_equal(identity.physical_bits, 48);
    assert_int_equal(identity.virtual_bits, 57);
    assert_string_equal(identity.hypervisor, "");
}

static void blanks_around_the_brand_string_are_removed(void **state)
{
    struct answer answers[] = {
        INTEL(1),
        { 1, 0, { 0, 0, 0, 0 } },
        { 0x80000000, 0, { 0x80000004, 0, 0, 0 } },
        { 0x80000001, 0, { 0, 0, 0, 0 } },
        { 0x80000002, 0, { 0, 0, 0, 0 } },
        { 0x80000003, 0, { 0, 0, 0, 0 } },
        { 0x80000004, 0, { 0, 0, 0, 0 } },
        END_OF_CPU,
    };

    (void)state;
    memcpy(&answers[4].result, "      Intel(R) C", 16);
    memcpy(&answers[5].result, "ore(TM) i5 CPU  ", 16);
    memcpy(&answers[6].result, "       @ 3 GHz  ", 16);
    assert_string_equal(identify(answers).brand, "Intel(R) Core(TM) i5 CPU         @ 3 GHz");

    for (int i = 4; i <= 6; i++)
        memset(&answers[i].result, ' ', 16);
    assert_string_equal(identify(answers).brand, "");
    for (int i = 4; i <= 6; i++)
        memset(&answers[i].result, 'A', 16);
    assert_int_equal(strlen(identify(answers).brand), 48);
}

static void hypervisor_signature_is_read_only_under_one(void **state)
{
    struct answer answers[] = {
        INTEL(1),
        { 1, 0, { 0, 0, 1u << 31, 0 } },
        { 0x80000000, 0, { 0x80000000, 0, 0, 0 } },
        { 0x40000000, 0, { 0x40000001, 0x4b4d564b, 0x564b4d56, 0x0000004d } },
        END_OF_CPU,
    };

    (void)state;
    assert_string_equal(identify(answers).hypervisor, "KVMKVMKVM");
    answers[1].result.ecx = 0;
    assert_string_equal(identify(answers).hypervisor, "");
}

static void a_hypervisor_is_named_by_the_whole_signature_that_is_read(void **state)
{
    static const struct {
        char signature[13];
        const char *name;
    } cases[] = {
        { "KVMKVMKVM\0\0", "KVM" },     { "Linux KVM Hv", "KVM" },        { "Microsoft Hv", "Hyper-V" },
        { "TCGTCGTCGTCG", "QEMU TCG" }, { "VBoxVBoxVBox", "VirtualBox" }, { "XenVMMXenVMM", "Xen" },
        { "bhyve bhyve ", "bhyve" },    { "ACRNACRNACRN", "ACRN" },       { "QNXQVMBSQG\0", "QNX" },
        { "VMwareVMware", "VMware" },   { "bhyve bhyve", NULL },          { "kvmkvmkvm", NULL },
    };
    struct answer answers[] = {
        INTEL(1),
        { 1, 0, { 0, 0, 1u << 31, 0 } },
        { 0x80000000, 0, { 0x80000000, 0, 0, 0 } },
        { 0x40000000, 0, { 0x40000001, 0, 0, 0 } },
        END_OF_CPU,
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        memcpy(&answers[3].result.ebx, cases[i].signature, 12);
        const char *name = hypervisor_name(identify(answers).hypervisor);
        if (cases[i].name)
            assert_string_equal(name, cases[i].name);
        else
            assert_null(name);
    }
    assert_null(hypervisor_name(""));
}

static void no_two_features_share_a_bit_or_a_name(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < CPU_FEATURE_COUNT; i++) {
        for (unsigned int j = 0; j < i; j++)
            assert_string_not_equal(cpu_feature_words[i].name, cpu_feature_words[j].name);
    }
#define PLACE(id, name, leaf, subleaf, reg, bit, used, purpose)                                              \
    { leaf, offsetof(struct cpuid_result, reg) * 8 + (bit) },
    static const struct {
        uint32_t leaf;
        size_t bit;
    } places[] = { CPU_FEATURE_TABLE(PLACE) };
    for (unsigned int i = 0; i < CPU_FEATURE_COUNT; i++) {
        for (unsigned int j = 0; j < i; j++)
            assert_false(places[i].leaf == places[j].leaf && places[i].bit == places[j].bit);
    }
}

static void lfence_is_made_serializing_on_some_amd_families(void **state)
{
    static const struct {
        const char *vendor;
        unsigned int family;
        bool is_optional;
    } cpus[] = {
        { "AuthenticAMD", 0x0f, false }, { "AuthenticAMD", 0x10, true },  { "AuthenticAMD", 0x11, false },
        { "AuthenticAMD", 0x12, true },  { "AuthenticAMD", 0x17, true },  { "HygonGenuine", 0x18, true },
        { "AuthenticAMD", 0x19, false }, { "GenuineIntel", 0x10, false }, { "GenuineIntel", 6, false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cpus); i++) {
        struct cpu_identity identity = { .family = cpus[i].family };
        memcpy(identity.vendor, cpus[i].vendor, sizeof(identity.vendor));
        assert_int_equal(cpu_lfence_is_optional(&identity), cpus[i].is_optional);
    }
}

/* Intel SDM vol. 3A, "4-Level Paging": MAXPHYADDR is at most 52. */
static void address_widths_are_those_of_the_cpu(void **state)
{
    static const struct {
        unsigned int bits;
        uint64_t end;
    } cases[] = {
        { 36, 1ULL << 36 }, { 40, 1ULL << 40 }, { 52, 1ULL << 52 }, { 32, 1ULL << 32 },
        { 0, 1ULL << 52 },  { 31, 1ULL << 52 }, { 53, 1ULL << 52 }, { 255, 1ULL << 52 },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct cpu_identity identity = { .physical_bits = cases[i].bits };
        assert_int_equal(cpu_address_end(&identity).raw, cases[i].end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vendor_is_spelt_from_ebx_edx_ecx),
        cmocka_unit_test(extended_family_and_model_are_added_as_the_manuals_say),
        cmocka_unit_test(a_leaf_above_the_highest_is_not_read),
        cmocka_unit_test(a_cpu_without_extended_leaves_has_no_extended_feature),
        cmocka_unit_test(each_feature_is_read_from_its_own_bit),
        cmocka_unit_test(blanks_around_the_brand_string_are_removed),
        cmocka_unit_test(hypervisor_signature_is_read_only_under_one),
        cmocka_unit_test(a_hypervisor_is_named_by_the_whole_signature_that_is_read),
        cmocka_unit_test(no_two_features_share_a_bit_or_a_name),
        cmocka_unit_test(lfence_is_made_serializing_on_some_amd_families),
        cmocka_unit_test(address_widths_are_those_of_the_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
