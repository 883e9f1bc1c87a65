/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUID has three rules that are easy to miss: on Intel a leaf above the highest one returns another leaf's
 * data; the extended leaves have their own maximum, and a CPU without them returns arbitrary data; the
 * hypervisor's leaves exist only if a feature bit is set.
 */
#include <cpu/features.h>

#include <cpu/insn.h>

#include <ashlar/check.h>

#define LEAF_EXTENDED   0x80000000u
#define LEAF_BRAND      0x80000002u /* and the two that follow */
#define LEAF_ADDRESSES  0x80000008u
#define LEAF_HYPERVISOR 0x40000000u

STATIC_ASSERT(CPU_FEATURE_COUNT <= 64, "struct cpu_identity has one word of features");

struct place {
    uint32_t leaf, subleaf;
    unsigned int reg; /* offset in struct cpuid_result */
    unsigned int bit;
};

#define CPU_FEATURE_WORDS(id, name, leaf, subleaf, reg, bit, used, purpose) { name, purpose, used },
const struct cpu_feature_words cpu_feature_words[CPU_FEATURE_COUNT] = { CPU_FEATURE_TABLE(
    CPU_FEATURE_WORDS) };

#define CPU_FEATURE_PLACE(id, name, leaf, subleaf, reg, bit, used, purpose)                                  \
    { leaf, subleaf, offsetof(struct cpuid_result, reg), bit },
static const struct place places[CPU_FEATURE_COUNT] = { CPU_FEATURE_TABLE(CPU_FEATURE_PLACE) };

static bool has_leaf(const struct cpu_identity *identity, uint32_t leaf)
{
    return leaf <= (leaf >= LEAF_EXTENDED ? identity->max_extended_leaf : identity->max_leaf);
}

static bool has_feature(cpuid_fn *cpuid, const struct cpu_identity *identity, const struct place *place)
{
    struct cpuid_result answer;
    uint32_t word;

    if (!has_leaf(identity, place->leaf))
        return false;
    answer = cpuid(place->leaf, place->subleaf);
    __builtin_memcpy(&word, (const char *)&answer + place->reg, sizeof(word));
    return (word >> place->bit & 1) != 0;
}

/* Three registers are twelve characters. */
static void read_signature(char text[13], uint32_t first, uint32_t second, uint32_t third)
{
    const uint32_t words[3] = { first, second, third };

    __builtin_memcpy(text, words, 12);
    text[12] = '\0';
}

static void read_brand(cpuid_fn *cpuid, struct cpu_identity *identity)
{
    char text[49];
    size_t start = 0, end = 0;

    identity->brand[0] = '\0';
    if (!has_leaf(identity, LEAF_BRAND + 2))
        return;
    for (unsigned int i = 0; i < 3; i++) {
        struct cpuid_result answer = cpuid(LEAF_BRAND + i, 0);
        __builtin_memcpy(text + 16 * i, &answer, 16);
    }
    text[48] = '\0';

    while (text[start] == ' ')
        start++;
    for (size_t i = start; text[i] != '\0'; i++) {
        if (text[i] != ' ')
            end = i + 1;
    }
    for (size_t i = start; i < end; i++)
        identity->brand[i - start] = text[i];
    identity->brand[end > start ? end - start : 0] = '\0';
}

/* Source: Intel SDM vol. 2A, "CPUID", "Version Information"; AMD APM vol. 3, "Obtaining Processor
   Information Via the CPUID Instruction", Fn0000_0001. */
static void read_version(uint32_t eax, struct cpu_identity *identity)
{
    unsigned int family = eax >> 8 & 0xf;
    unsigned int model = eax >> 4 & 0xf;

    identity->stepping = eax & 0xf;
    identity->model = family == 6 || family == 15 ? model | (eax >> 12 & 0xf0) : model;
    identity->family = family == 15 ? family + (eax >> 20 & 0xff) : family;
}

static void read_address_widths(cpuid_fn *cpuid, struct cpu_identity *identity)
{
    /* The widths of the first 64-bit CPUs, which have no leaf for them. */
    identity->physical_bits = 36;
    identity->virtual_bits = 48;
    if (!has_leaf(identity, LEAF_ADDRESSES))
        return;
    uint32_t widths = cpuid(LEAF_ADDRESSES, 0).eax;
    identity->physical_bits = widths & 0xff;
    identity->virtual_bits = widths >> 8 & 0xff;
}

void cpu_identify(cpuid_fn *cpuid, struct cpu_identity *identity)
{
    struct cpuid_result answer = cpuid(0, 0);

    *identity = (struct cpu_identity){ .max_leaf = answer.eax };
    read_signature(identity->vendor, answer.ebx, answer.edx, answer.ecx);
    answer = cpuid(LEAF_EXTENDED, 0);
    if (answer.eax >= LEAF_EXTENDED)
        identity->max_extended_leaf = answer.eax;

    for (unsigned int i = 0; i < CPU_FEATURE_COUNT; i++) {
        if (has_feature(cpuid, identity, &places[i]))
            identity->features |= 1ULL << i;
    }
    if (has_leaf(identity, 1))
        read_version(cpuid(1, 0).eax, identity);
    read_brand(cpuid, identity);
    read_address_widths(cpuid, identity);
    if (cpu_identity_has(identity, CPU_FEATURE_HYPERVISOR)) {
        answer = cpuid(LEAF_HYPERVISOR, 0);
        read_signature(identity->hypervisor, answer.ebx, answer.ecx, answer.edx);
    }
}

phys_t cpu_address_end(const struct cpu_identity *identity)
{
    unsigned int bits = identity->physical_bits;
    return phys(1ULL << (bits >= 32 && bits <= 52 ? bits : 52));
}

bool cpu_lfence_is_optional(const struct cpu_identity *identity)
{
    bool is_amd = identity->vendor[0] == 'A' || identity->vendor[0] == 'H';
    return is_amd && identity->family >= 0x10 && identity->family != 0x11 && identity->family < 0x19;
}

/* ---- the BSP ---- */

static struct cpu_identity boot_cpu;

void cpu_features_init(void)
{
    cpu_identify(cpu_cpuid, &boot_cpu);
}

const struct cpu_identity *cpu_boot_identity(void)
{
    return &boot_cpu;
}

bool cpu_has(enum cpu_feature feature)
{
    return cpu_identity_has(&boot_cpu, feature);
}
