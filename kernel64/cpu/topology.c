/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fields of the APIC ID, from CPUID. Leaf 1FH has dies, 0BH only threads and cores; older AMD CPUs give
 * the number of core bits, older Intel CPUs only counts that are to be rounded up.
 */
#include <cpu/topology.h>

#define LEAF_VERSION      0x01
#define LEAF_CACHE        0x04
#define LEAF_TOPOLOGY     0x0b
#define LEAF_KIND         0x1a
#define LEAF_TOPOLOGY_V2  0x1f
#define LEAF_AMD_SIZES    0x80000008u
#define LEAF_AMD_TOPOLOGY 0x8000001eu

#define LEVELS_MAX   8
#define LEVEL_THREAD 1
#define LEVEL_CORE   2
#define LEVEL_DIE    5

#define FEATURE_HTT (1u << 28) /* more than one APIC ID in a package */

static unsigned int bits_for(unsigned int count)
{
    unsigned int bits = 0;
    while ((1u << bits) < count && bits < 31)
        bits++;
    return bits;
}

/* Each level has the number of bits below the next one; a missing level has the @shift
   of the level below it. */
static bool read_levels(cpuid_fn *cpuid, uint32_t leaf, struct topology *topology)
{
    unsigned int thread = 0, core = 0, die = 0;
    if (cpuid(leaf, 0).ebx == 0)
        return false;
    for (uint32_t level = 0; level < LEVELS_MAX; level++) {
        struct cpuid_result answer = cpuid(leaf, level);
        unsigned int kind = answer.ecx >> 8 & 0xff, shift = answer.eax & 0x1f;
        if (kind == 0)
            break;
        if (kind == LEVEL_THREAD)
            thread = shift;
        else if (kind < LEVEL_DIE)
            core = shift; /* cores, and levels between cores and dies */
        else
            die = shift;
    }
    core = core < thread ? thread : core;
    die = die < core ? core : die;
    *topology = (struct topology){ thread, core - thread, die - core };
    return true;
}

static struct topology read_amd(cpuid_fn *cpuid, const struct cpu_identity *identity)
{
    struct cpuid_result sizes = cpuid(LEAF_AMD_SIZES, 0);
    unsigned int bits = sizes.ecx >> 12 & 0xf, threads = 0;
    if (bits == 0)
        bits = bits_for((sizes.ecx & 0xff) + 1);
    if (identity->max_extended_leaf >= LEAF_AMD_TOPOLOGY && identity->family >= 0x17)
        threads = bits_for((cpuid(LEAF_AMD_TOPOLOGY, 0).ebx >> 8 & 0xff) + 1);
    threads = threads < bits ? threads : bits;
    return (struct topology){ threads, bits - threads, 0 };
}

static struct topology read_old_intel(cpuid_fn *cpuid, const struct cpu_identity *identity)
{
    unsigned int package = bits_for(cpuid(LEAF_VERSION, 0).ebx >> 16 & 0xff);
    unsigned int cores =
        identity->max_leaf >= LEAF_CACHE ? bits_for((cpuid(LEAF_CACHE, 0).eax >> 26) + 1) : 0;
    cores = cores < package ? cores : package;
    return (struct topology){ package - cores, cores, 0 };
}

struct topology topology_read(cpuid_fn *cpuid, const struct cpu_identity *identity)
{
    struct topology topology = { 0, 0, 0 };
    bool is_amd = identity->vendor[0] == 'A' || identity->vendor[0] == 'H';
    if (identity->max_leaf >= LEAF_TOPOLOGY_V2 && read_levels(cpuid, LEAF_TOPOLOGY_V2, &topology))
        return topology;
    if (identity->max_leaf >= LEAF_TOPOLOGY && read_levels(cpuid, LEAF_TOPOLOGY, &topology))
        return topology;
    if (identity->max_leaf < LEAF_VERSION || !(cpuid(LEAF_VERSION, 0).edx & FEATURE_HTT))
        return topology;
    if (is_amd && identity->max_extended_leaf >= LEAF_AMD_SIZES)
        return read_amd(cpuid, identity);
    return read_old_intel(cpuid, identity);
}

static uint32_t take_bits(uint32_t *identity, unsigned int bits)
{
    uint32_t value = *identity & ((1u << bits) - 1);
    *identity >>= bits;
    return value;
}

struct topology_place topology_place_of(const struct topology *topology, uint32_t apic_id)
{
    struct topology_place place;
    place.thread = take_bits(&apic_id, topology->thread_bits);
    place.core = take_bits(&apic_id, topology->core_bits);
    place.die = take_bits(&apic_id, topology->die_bits);
    place.package = apic_id;
    return place;
}

enum core_kind topology_core_kind(cpuid_fn *cpuid, const struct cpu_identity *identity)
{
    if (identity->max_leaf < LEAF_KIND || identity->vendor[0] != 'G')
        return CORE_USUAL;
    switch (cpuid(LEAF_KIND, 0).eax >> 24) {
    case 0x20:
        return CORE_EFFICIENT;
    case 0x40:
        return CORE_FAST;
    default:
        return CORE_USUAL;
    }
}

const char *topology_core_kind_name(enum core_kind kind)
{
    static const char *const names[] = {
        [CORE_USUAL] = "", [CORE_EFFICIENT] = "efficient", [CORE_FAST] = "fast"
    };
    return names[kind];
}
