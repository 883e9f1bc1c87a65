/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The CPU's identity and features, from CPUID. Pure, except for the BSP's: hosted tests bring their
 * own.
 *
 * The table has the features that the kernel uses if present, and others that are of interest to the user.
 */
#include <ashlar/addr.h>

#include <cpu/cpuid.h>

/*
 * Location: leaf, subleaf, register, bit. "Used": the kernel uses the feature if present.
 * Source: Intel SDM vol. 2A, "CPUID"; AMD APM vol. 3, "Obtaining Processor Information Via the CPUID
 * Instruction".
 */
/* clang-format off */
#define CPU_FEATURE_TABLE(F)                                                                                 \
    /* feature      name             leaf      sub register   used   purpose */                       \
    F(PGE,           "pge",           1,          0, edx, 13, true,  "kernel translations stay in the TLB")  \
    F(PAT,           "pat",           1,          0, edx, 16, true,  "write-combining for framebuffers")     \
    F(MCE,           "mce",           1,          0, edx, 7,  true,  "hardware errors raise an exception")   \
    F(MCA,           "mca",           1,          0, edx, 14, true,  "and say what they were")               \
    F(DE,            "de",            1,          0, edx, 2,  true,  "breakpoints on ports")                 \
    F(NX,            "nx",            0x80000001, 0, edx, 20, true,  "data cannot be executed")              \
    F(GIB_PAGES,     "1gib-pages",    0x80000001, 0, edx, 26, true,  "direct map in 1 GiB pages")            \
    F(SMEP,          "smep",          7,          0, ebx, 7,  true,  "the kernel executes no user page")     \
    F(SMAP,          "smap",          7,          0, ebx, 20, true,  "no access to user pages by mistake")   \
    F(UMIP,          "umip",          7,          0, ecx, 2,  true,  "user code reads no descriptor table")  \
    F(RDRAND,        "rdrand",        1,          0, ecx, 30, true,  "random guard of the stack protector")  \
    F(TSC_ADJUST,    "tsc-adjust",    7,          0, ebx, 1,  true,  "time stamps that firmware moved")     \
    F(X2APIC,        "x2apic",        1,          0, ecx, 21, true,  "32-bit interrupt identities")          \
    F(TSC_DEADLINE,  "tsc-deadline",  1,          0, ecx, 24, true,  "timer set to a time, not a delay")     \
    F(MONITOR,       "monitor",       1,          0, ecx, 3,  true,  "idle CPUs wait for a write")           \
    F(FSGSBASE,      "fsgsbase",      7,          0, ebx, 0,  false, "segment bases without MSRs")           \
    F(INVARIANT_TSC, "invariant-tsc", 0x80000007, 0, edx, 8,  false, "time stamps at a constant rate")       \
    F(RDTSCP,        "rdtscp",        0x80000001, 0, edx, 27, false, "time stamps with the CPU's number")    \
    F(PCID,          "pcid",          1,          0, ecx, 17, false, "TLB holds several address spaces")     \
    F(INVPCID,       "invpcid",       7,          0, ebx, 10, false, "flushes by address space")             \
    F(ERMS,          "erms",          7,          0, ebx, 9,  false, "fast string copies")                   \
    F(RDSEED,        "rdseed",        7,          0, ebx, 18, false, "true random numbers")                  \
    F(LA57,          "la57",          7,          0, ecx, 16, false, "5-level paging")                       \
    F(HYPERVISOR,    "hypervisor",    1,          0, ecx, 31, false, "a hypervisor runs this machine")
/* clang-format on */

#define CPU_FEATURE_ENUM(id, name, leaf, subleaf, reg, bit, used, purpose) CPU_FEATURE_##id,
enum cpu_feature { CPU_FEATURE_TABLE(CPU_FEATURE_ENUM) CPU_FEATURE_COUNT };
#undef CPU_FEATURE_ENUM

struct cpu_feature_words {
    const char *name;
    const char *purpose;
    bool is_used; /* by the kernel, if present */
};

/* One row for each enum cpu_feature. */
extern const struct cpu_feature_words cpu_feature_words[CPU_FEATURE_COUNT];

struct cpu_identity {
    char vendor[13];                      /* "GenuineIntel" */
    char brand[49];                       /* without the blanks around it; "" when the CPU has none */
    char hypervisor[13];                  /* its signature, "KVMKVMKVM"; "" without one */
    unsigned int family, model, stepping; /* with the extended parts added in, as manuals write them */
    uint32_t max_leaf, max_extended_leaf;
    unsigned int physical_bits, virtual_bits; /* width of addresses */
    uint64_t features;                        /* bit n: enum cpu_feature n */
};

/**
 * cpu_identify() - read identity and features.
 * @cpuid:    the CPUID instruction, or a test's.
 * @identity: receives it.
 *
 * Context: any.
 */
void cpu_identify(cpuid_fn *cpuid, struct cpu_identity *identity);

/* Return: whether the CPU has the feature. Context: any. */
static inline bool cpu_identity_has(const struct cpu_identity *identity, enum cpu_feature feature)
{
    return (identity->features >> feature & 1) != 0;
}

/**
 * cpu_address_end() - the end of the CPU's physical addresses.
 * @identity: of the CPU.
 *
 * Higher bits are reserved in page-table entries: the CPU faults on them. A width below 32 bits, as some
 * hypervisors report, or above 52 is invalid; both count as 52.
 * Context: any.
 * Source: Intel SDM vol. 2A, "CPUID", leaf 80000008H; vol. 3A, "4-Level Paging and 5-Level Paging",
 *         MAXPHYADDR.
 */
phys_t cpu_address_end(const struct cpu_identity *identity);

/* Return: whether LFENCE orders RDTSC only if a bit of MSR_DE_CFG is set: AMD's from family 10H up to the
   first two Zens. Context: any. Source: AMD speculation white paper, "Serializing LFENCE". */
bool cpu_lfence_is_optional(const struct cpu_identity *identity);

/**
 * cpu_features_init() - identify the BSP. Required by the functions below.
 * Context: the BSP, before any use of the functions below.
 */
void cpu_features_init(void);

/* The BSP's identity and features; constant after cpu_features_init(). Context: any. */
const struct cpu_identity *cpu_boot_identity(void);
bool cpu_has(enum cpu_feature feature);
