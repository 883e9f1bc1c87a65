/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rate as hypervisors report it, one function for each of them. A signature alone is not enough: the
 * leaf, the feature bit and a plausible value are required.
 */
#include <time/hypervisor.h>

#include <ashlar/time_units.h>

#define KHZ 1000ULL

#define LEAF_FIRST    0x40000000u
#define LEAF_LAST     0x40010000u
#define LEAF_STEP     0x100u
#define LEAF_FEATURES 1u
#define LEAF_XEN_TIME 3u
#define LEAF_TIMING   0x10u

/* EBX, ECX, EDX of a set's first leaf. */
struct signature {
    uint32_t ebx, ecx, edx;
};

#define SIGNATURE_KVM    ((struct signature){ 0x4b4d564b, 0x564b4d56, 0x0000004d }) /* "KVMKVMKVM" */
#define SIGNATURE_HYPERV ((struct signature){ 0x7263694d, 0x666f736f, 0x76482074 }) /* "Microsoft Hv" */
#define SIGNATURE_XEN    ((struct signature){ 0x566e6558, 0x65584d4d, 0x4d4d566e }) /* "XenVMMXenVMM" */

#define HYPERV_INTERFACE      0x31237648u /* "Hv#1" */
#define HYPERV_LEAF_INTERFACE 1u
#define HYPERV_LEAF_FEATURES  3u
#define HYPERV_REFERENCE_TSC  0x200u /* EAX: access to the page's MSR */
#define HYPERV_FREQUENCY_MSRS 0x800u /* EAX: access to the rates' MSRs; */
#define HYPERV_HAS_RATES      0x100u /* EDX: they exist */
#define MSR_HYPERV_TSC_PAGE   0x40000021u
#define MSR_HYPERV_TSC_HZ     0x40000022u
#define MSR_HYPERV_APIC_HZ    0x40000023u
#define HYPERV_TICK_HZ        10000000ULL

#define KVM_CLOCKSOURCE  0x1u /* EAX: MSR_KVM_SYSTEM_TIME, */
#define KVM_CLOCKSOURCE2 0x8u /* and MSR_KVM_SYSTEM_TIME_NEW */
#define MSR_KVM_TIME     0x12u
#define MSR_KVM_TIME_NEW 0x4b564d01u

#define PAGE_ENABLE 1u

/* While a hypervisor writes, the version is odd (pvclock) or has changed after a reading. */
#define READINGS_MAX 100

struct pvclock {
    uint32_t version;
    uint32_t pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time;
    uint32_t tsc_to_system_mul; /* nanoseconds a tick, times 2^32, after the shift: */
    int8_t tsc_shift;           /* ticks are first shifted left by this, or right if it is negative */
    uint8_t flags;
    uint8_t pad[2];
};

struct hyperv_tsc_page {
    uint32_t sequence; /* 0: not valid */
    uint32_t reserved;
    uint64_t scale; /* 100 ns a tick, times 2^64 */
    int64_t offset;
};

static bool is_signed(const struct cpuid_result *leaf, struct signature by)
{
    return leaf->ebx == by.ebx && leaf->ecx == by.ecx && leaf->edx == by.edx;
}

/* Return: the first leaf of a hypervisor's set; 0 when it has none. */
static uint32_t find_set(const struct tsc_port *port, struct signature by, uint32_t *last)
{
    for (uint32_t base = LEAF_FIRST; base < LEAF_LAST; base += LEAF_STEP) {
        struct cpuid_result leaf = port->cpuid(base, 0);
        *last = leaf.eax;
        if (is_signed(&leaf, by))
            return base;
    }
    return 0;
}

/* 2^64 * @from / @by; @by is above @from. Bit by bit, because a kernel has no 128-bit division. */
static uint64_t divide_high(uint64_t from, uint64_t by)
{
    unsigned __int128 rest = from;
    uint64_t quotient = 0;
    for (unsigned int bit = 0; bit < 64; bit++) {
        rest <<= 1;
        quotient <<= 1;
        if (rest >= by) {
            rest -= by;
            quotient |= 1;
        }
    }
    return quotient;
}

/* ---- leaf 40000010H ---- */

/* Hyper-V and Xen use this leaf for something else. */
static struct tsc_rate rate_from_timing_leaf(const struct tsc_port *port)
{
    struct tsc_rate rate = { 0, 0, "hypervisor leaf", TSC_RATE_GIVEN };
    struct cpuid_result first = port->cpuid(LEAF_FIRST, 0);
    if (first.eax < LEAF_FIRST + LEAF_TIMING || is_signed(&first, SIGNATURE_HYPERV) ||
        is_signed(&first, SIGNATURE_XEN))
        return rate;
    struct cpuid_result timing = port->cpuid(LEAF_FIRST + LEAF_TIMING, 0);
    rate.tsc_hz = timing.eax * KHZ;
    rate.lapic_hz = timing.ebx * KHZ;
    return rate;
}

/* ---- Hyper-V ---- */

/* Return: whether it has Hyper-V's interface; its signature may be another one, such as KVM's. */
static bool find_hyperv(const struct tsc_port *port, struct cpuid_result *features)
{
    if (port->cpuid(LEAF_FIRST, 0).eax < LEAF_FIRST + HYPERV_LEAF_FEATURES ||
        port->cpuid(LEAF_FIRST + HYPERV_LEAF_INTERFACE, 0).eax != HYPERV_INTERFACE)
        return false;
    *features = port->cpuid(LEAF_FIRST + HYPERV_LEAF_FEATURES, 0);
    return true;
}

static struct tsc_rate rate_from_hyperv_msrs(const struct tsc_port *port)
{
    struct tsc_rate rate = { 0, 0, "Hyper-V MSR", TSC_RATE_GIVEN };
    struct cpuid_result features;
    if (!find_hyperv(port, &features) || !(features.eax & HYPERV_FREQUENCY_MSRS) ||
        !(features.edx & HYPERV_HAS_RATES))
        return rate;
    if (!port->read_msr(MSR_HYPERV_TSC_HZ, &rate.tsc_hz) ||
        !port->read_msr(MSR_HYPERV_APIC_HZ, &rate.lapic_hz))
        rate.tsc_hz = rate.lapic_hz = 0;
    return rate;
}

/* A scale that was read between two changes; 0: there is none. */
static uint64_t read_hyperv_scale(const volatile struct hyperv_tsc_page *page)
{
    for (unsigned int i = 0; i < READINGS_MAX; i++) {
        uint32_t sequence = page->sequence;
        uint64_t scale = page->scale;
        if (sequence == page->sequence)
            return sequence == 0 ? 0 : scale;
    }
    return 0;
}

static struct tsc_rate rate_from_hyperv_page(const struct tsc_port *port)
{
    struct tsc_rate rate = { 0, 0, "Hyper-V TSC page", TSC_RATE_GIVEN };
    struct cpuid_result features;
    uint64_t before;
    struct hyperv_tsc_page *page = port->page;
    if (!find_hyperv(port, &features) || !(features.eax & HYPERV_REFERENCE_TSC) ||
        !port->read_msr(MSR_HYPERV_TSC_PAGE, &before))
        return rate;
    page->sequence = 0;
    if (!port->write_msr(MSR_HYPERV_TSC_PAGE, port->page_address.raw | PAGE_ENABLE))
        return rate;
    uint64_t scale = read_hyperv_scale(page);
    port->write_msr(MSR_HYPERV_TSC_PAGE, before & ~(uint64_t)PAGE_ENABLE);
    /* Below this the quotient has more than 64 bits, and no counter is so fast. */
    if (scale > HYPERV_TICK_HZ)
        rate.tsc_hz = divide_high(HYPERV_TICK_HZ, scale);
    return rate;
}

/* ---- KVM ---- */

static uint64_t pvclock_hz(const struct pvclock *clock)
{
    if (clock->tsc_to_system_mul == 0 || clock->tsc_shift > 31 || clock->tsc_shift < -31)
        return 0;
    /* 10^9 * 2^32 fits 64 bits; a shift of ticks to the right makes each count for less, and the rate
       higher. */
    uint64_t hz = (NS_PER_SECOND << 32) / clock->tsc_to_system_mul;
    return clock->tsc_shift < 0 ? hz << -clock->tsc_shift : hz >> clock->tsc_shift;
}

static bool read_pvclock(const volatile struct pvclock *shared, struct pvclock *clock)
{
    for (unsigned int i = 0; i < READINGS_MAX; i++) {
        uint32_t version = shared->version;
        clock->tsc_to_system_mul = shared->tsc_to_system_mul;
        clock->tsc_shift = shared->tsc_shift;
        if (version == shared->version && version % 2 == 0)
            return true;
    }
    return false;
}

static struct tsc_rate rate_from_pvclock(const struct tsc_port *port)
{
    struct tsc_rate rate = { 0, 0, "pvclock", TSC_RATE_GIVEN };
    uint32_t last, base = find_set(port, SIGNATURE_KVM, &last);
    /* The first KVMs left the number of the last leaf at 0. */
    if (base == 0 || (last != 0 && last < base + LEAF_FEATURES))
        return rate;
    uint32_t features = port->cpuid(base + LEAF_FEATURES, 0).eax;
    if (!(features & (KVM_CLOCKSOURCE | KVM_CLOCKSOURCE2)))
        return rate;
    uint32_t msr = features & KVM_CLOCKSOURCE2 ? MSR_KVM_TIME_NEW : MSR_KVM_TIME;
    struct pvclock clock, *shared = port->page;
    *shared = (struct pvclock){ .tsc_to_system_mul = 0 };
    if (!port->write_msr(msr, port->page_address.raw | PAGE_ENABLE))
        return rate;
    if (read_pvclock(shared, &clock))
        rate.tsc_hz = pvclock_hz(&clock);
    port->write_msr(msr, 0);
    return rate;
}

/* ---- Xen ---- */

static struct tsc_rate rate_from_xen(const struct tsc_port *port)
{
    struct tsc_rate rate = { 0, 0, "Xen leaf", TSC_RATE_GIVEN };
    uint32_t last, base = find_set(port, SIGNATURE_XEN, &last);
    if (base != 0 && last >= base + LEAF_XEN_TIME)
        rate.tsc_hz = port->cpuid(base + LEAF_XEN_TIME, 0).ecx * KHZ;
    return rate;
}

struct tsc_rate hypervisor_tsc_rate(const struct tsc_port *port)
{
    typedef struct tsc_rate rate_reader(const struct tsc_port *port);
    static rate_reader *const readers[] = { rate_from_timing_leaf, rate_from_hyperv_msrs, rate_from_pvclock,
                                            rate_from_hyperv_page, rate_from_xen };
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        struct tsc_rate rate = readers[i](port);
        if (tsc_rate_is_plausible(rate.tsc_hz))
            return rate;
    }
    return (struct tsc_rate){ 0, 0, NULL, TSC_RATE_UNKNOWN };
}
