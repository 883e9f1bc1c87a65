/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TSC's rate as CPUID and MSRs report it, one function each; and the comparison with a measurement.
 */
#include <time/tsc_rate.h>

#include <time/calibrate.h>
#include <time/hypervisor.h>

#define PPM 1000000LL
#define MHZ 1000000ULL

#define LEAF_TSC_RATIO   0x15
#define LEAF_FREQUENCIES 0x16

#define MSR_AMD_PSTATE0  0xc0010064
#define AMD_PSTATE_VALID (1ULL << 63)

/* If CPUID gives the crystal's rate, the LAPIC timer runs at it. */
static struct tsc_rate read_cpuid_rate(cpuid_fn *cpuid, const struct cpu_identity *identity)
{
    struct tsc_rate rate = { 0, 0, "CPUID.15H", TSC_RATE_NOMINAL };
    if (identity->max_leaf < LEAF_TSC_RATIO)
        return rate;
    struct cpuid_result ratio = cpuid(LEAF_TSC_RATIO, 0);
    if (ratio.eax == 0 || ratio.ebx == 0)
        return rate;
    if (ratio.ecx != 0) {
        rate.lapic_hz = ratio.ecx;
        rate.tsc_hz = (uint64_t)ratio.ecx * ratio.ebx / ratio.eax;
    } else if (identity->max_leaf >= LEAF_FREQUENCIES) {
        rate.tsc_hz = (cpuid(LEAF_FREQUENCIES, 0).eax & 0xffff) * MHZ;
        rate.lapic_hz = rate.tsc_hz * ratio.eax / ratio.ebx;
        rate.source = "CPUID.16H";
    }
    return rate;
}

static struct tsc_rate read_amd(read_msr_fn *read_msr, const struct cpu_identity *identity)
{
    struct tsc_rate rate = { 0, 0, "AMD P0", TSC_RATE_NOMINAL };
    uint64_t state;
    bool is_amd = identity->vendor[0] == 'A' || identity->vendor[0] == 'H'; /* AuthenticAMD, HygonGenuine */
    if (!is_amd || identity->family < 0x17 || !read_msr(MSR_AMD_PSTATE0, &state) ||
        !(state & AMD_PSTATE_VALID))
        return rate;
    if (identity->family >= 0x1a) {
        rate.tsc_hz = (state & 0xfff) * 5 * MHZ;
    } else if (state >> 8 & 0x3f) {
        rate.tsc_hz = (state & 0xff) * 200 * MHZ / (state >> 8 & 0x3f);
    }
    return rate;
}

struct tsc_rate tsc_rate_given(const struct tsc_port *port, const struct cpu_identity *identity)
{
    bool is_guest = cpu_identity_has(identity, CPU_FEATURE_HYPERVISOR);
    struct tsc_rate rate = { 0, 0, NULL, TSC_RATE_UNKNOWN };
    if (is_guest)
        rate = hypervisor_tsc_rate(port);
    if (rate.tsc_hz == 0)
        rate = read_cpuid_rate(port->cpuid, identity);
    if (!tsc_rate_is_plausible(rate.tsc_hz) && !is_guest)
        rate = read_amd(port->read_msr, identity);
    return tsc_rate_is_plausible(rate.tsc_hz) ? rate : (struct tsc_rate){ 0, 0, NULL, TSC_RATE_UNKNOWN };
}

/* ---- comparison with a measurement ---- */

int64_t tsc_rate_ppm(uint64_t hz, uint64_t than_hz)
{
    int64_t difference = (int64_t)(hz - than_hz);
    return difference * (int64_t)PPM / (int64_t)than_hz;
}

enum tsc_verdict tsc_rate_check(const struct tsc_rate *rate, uint64_t measured_hz, uint32_t error_ppm)
{
    if (measured_hz == 0)
        return TSC_KEEP;
    if (rate->trust == TSC_RATE_UNKNOWN)
        return TSC_MEASURED;
    int64_t ppm = tsc_rate_ppm(measured_hz, rate->tsc_hz);
    uint64_t distance = (uint64_t)(ppm < 0 ? -ppm : ppm);
    if (rate->trust == TSC_RATE_GIVEN)
        return distance <= TSC_RATE_GIVEN_PPM + error_ppm ? TSC_KEEP : TSC_REFUTED;
    return distance <= CALIBRATE_SAME_PPM + error_ppm ? TSC_MEASURED : TSC_REFUTED;
}
