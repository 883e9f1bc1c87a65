/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Access to CPU and hypervisor for the TSC's rate, and what they report. Hosted tests supply their own.
 */
#include <ashlar/addr.h>
#include <cpu/cpuid.h>

enum tsc_trust {
    TSC_RATE_UNKNOWN,
    TSC_RATE_NOMINAL, /* the nominal frequency: an estimate, wrong by up to some 0.5 % */
    TSC_RATE_GIVEN    /* a hypervisor's, which defines the rate: only cross-checked */
};

struct tsc_rate {
    uint64_t tsc_hz;    /* 0: not reported */
    uint64_t lapic_hz;  /* of the LAPIC timer, before its divider; 0: not reported */
    const char *source; /* "CPUID.15H", "hypervisor leaf", "pvclock", ...; NULL: not reported */
    enum tsc_trust trust;
};

/* Reads or writes an MSR. Return: false when the CPU does not have it. */
typedef bool read_msr_fn(uint32_t msr, uint64_t *value);
typedef bool write_msr_fn(uint32_t msr, uint64_t value);

/* Access to the CPU and the hypervisor. */
struct tsc_port {
    cpuid_fn *cpuid;
    read_msr_fn *read_msr;
    write_msr_fn *write_msr;
    void *page;          /* a hypervisor may write to it during the query */
    phys_t page_address; /* a multiple of 4 KiB */
};

/* A lower rate is invalid: the oldest CPU with long mode runs at 1.4 GHz, no hypervisor reports less than 1
   MHz. */
#define TSC_HZ_MIN 1000000ULL
#define TSC_HZ_MAX (100000 * TSC_HZ_MIN)

/* Whether a TSC may run at this rate. Context: any. */
static inline bool tsc_rate_is_plausible(uint64_t hz)
{
    return hz >= TSC_HZ_MIN && hz <= TSC_HZ_MAX;
}
