/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who tells the TSC's rate, one function each.
 */
#include <time/tsc_rate.h>

#define KHZ 1000ULL
#define MHZ 1000000ULL

/* Less than this is a mistake: the oldest CPU with long mode runs at 1.4 GHz, no hypervisor says less than 1 MHz. */
#define LOWEST_HZ  MHZ
#define HIGHEST_HZ (100000 * MHZ)

#define LEAF_TSC_RATIO        0x15
#define LEAF_FREQUENCIES      0x16
#define LEAF_HYPERVISOR       0x40000000
#define LEAF_HYPERV_INTERFACE 0x40000001
#define LEAF_HYPERV_FEATURES  0x40000003
#define LEAF_TIMING           0x40000010

#define HYPERV_INTERFACE      0x31237648 /* "Hv#1" */
#define HYPERV_FREQUENCY_MSRS 0x800      /* EAX: access to them; EDX bit 8: they exist */
#define HYPERV_HAS_RATES      0x100
#define MSR_HYPERV_TSC_HZ     0x40000022
#define MSR_HYPERV_APIC_HZ    0x40000023

#define MSR_AMD_PSTATE0       0xc0010064
#define AMD_PSTATE_VALID      (1ULL << 63)

static bool is_plausible(uint64_t hz)
{
    return hz >= LOWEST_HZ && hz <= HIGHEST_HZ;
}

static struct tsc_rate ask_hypervisor(cpuid_fn *ask)
{
    if (ask(LEAF_HYPERVISOR, 0).eax < LEAF_TIMING)
        return (struct tsc_rate){ 0, 0, NULL };
    struct cpuid_result timing = ask(LEAF_TIMING, 0);
    return (struct tsc_rate){ timing.eax * KHZ, timing.ebx * KHZ, "hypervisor" };
}

static struct tsc_rate ask_hyperv(cpuid_fn *ask, read_msr_fn *read_msr)
{
    struct tsc_rate rate = { 0, 0, "hyper-v" };
    if (ask(LEAF_HYPERVISOR, 0).eax < LEAF_HYPERV_FEATURES || ask(LEAF_HYPERV_INTERFACE, 0).eax != HYPERV_INTERFACE)
        return rate;
    struct cpuid_result features = ask(LEAF_HYPERV_FEATURES, 0);
    if ((features.eax & HYPERV_FREQUENCY_MSRS) && (features.edx & HYPERV_HAS_RATES) &&
        (!read_msr(MSR_HYPERV_TSC_HZ, &rate.tsc_hz) || !read_msr(MSR_HYPERV_APIC_HZ, &rate.lapic_hz)))
        rate.tsc_hz = 0;
    return rate;
}

/* Where the crystal's rate is given, the LAPIC's timer runs at it. */
static struct tsc_rate ask_cpuid(cpuid_fn *ask, const struct cpu_identity *identity)
{
    struct tsc_rate rate = { 0, 0, "cpuid" };
    if (identity->max_leaf < LEAF_TSC_RATIO)
        return rate;
    struct cpuid_result ratio = ask(LEAF_TSC_RATIO, 0);
    if (ratio.eax == 0 || ratio.ebx == 0)
        return rate;
    if (ratio.ecx != 0) {
        rate.lapic_hz = ratio.ecx;
        rate.tsc_hz = (uint64_t)ratio.ecx * ratio.ebx / ratio.eax;
    } else if (identity->max_leaf >= LEAF_FREQUENCIES) {
        rate.tsc_hz = (ask(LEAF_FREQUENCIES, 0).eax & 0xffff) * MHZ;
        rate.lapic_hz = rate.tsc_hz * ratio.eax / ratio.ebx;
    }
    return rate;
}

static struct tsc_rate ask_amd(read_msr_fn *read_msr, const struct cpu_identity *identity)
{
    struct tsc_rate rate = { 0, 0, "amd-msr" };
    uint64_t state;
    bool is_amd = identity->vendor[0] == 'A' || identity->vendor[0] == 'H'; /* AuthenticAMD, HygonGenuine */
    if (!is_amd || identity->family < 0x17 || !read_msr(MSR_AMD_PSTATE0, &state) || !(state & AMD_PSTATE_VALID))
        return rate;
    if (identity->family >= 0x1a) {
        rate.tsc_hz = (state & 0xfff) * 5 * MHZ;
    } else if (state >> 8 & 0x3f) {
        rate.tsc_hz = (state & 0xff) * 200 * MHZ / (state >> 8 & 0x3f);
    }
    return rate;
}

struct tsc_rate tsc_rate_given(cpuid_fn *ask, read_msr_fn *read_msr, const struct cpu_identity *identity)
{
    bool is_guest = cpu_identity_has(identity, CPU_FEATURE_HYPERVISOR);
    struct tsc_rate rate = { 0, 0, NULL };
    if (is_guest)
        rate = ask_hypervisor(ask);
    if (is_guest && !is_plausible(rate.tsc_hz))
        rate = ask_hyperv(ask, read_msr);
    if (!is_plausible(rate.tsc_hz))
        rate = ask_cpuid(ask, identity);
    if (!is_plausible(rate.tsc_hz) && !is_guest)
        rate = ask_amd(read_msr, identity);
    return is_plausible(rate.tsc_hz) ? rate : (struct tsc_rate){ 0, 0, NULL };
}
