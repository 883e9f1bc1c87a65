/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * How the CPU and a hypervisor are asked for the rate of the time-stamp counter, and what they answer. Hosted
 * tests bring their own.
 */
#include <cpu/cpuid.h>

enum tsc_trust {
    TSC_RATE_UNKNOWN,
    TSC_RATE_NOMINAL, /* what the CPU is sold as: a first idea, wrong by up to some 0.5 % */
    TSC_RATE_GIVEN    /* a hypervisor's, who counts for us: only cross-checked */
};

struct tsc_rate {
    uint64_t tsc_hz;    /* 0: nobody tells */
    uint64_t lapic_hz;  /* of the LAPIC's timer, before its divider; 0: nobody tells */
    const char *source; /* "CPUID.15H", "hypervisor leaf", "pvclock", ...; NULL: nobody tells */
    enum tsc_trust trust;
};

/* Reads or writes a model-specific register. Return: false when the CPU has none of that number. */
typedef bool read_msr_fn(uint32_t msr, uint64_t *value);
typedef bool write_msr_fn(uint32_t msr, uint64_t value);

/* How the CPU and the hypervisor are asked. */
struct tsc_port {
    cpuid_fn *ask;
    read_msr_fn *read_msr;
    write_msr_fn *write_msr;
    void *page;            /* one that a hypervisor may write to while it is asked */
    uint64_t page_address; /* its physical address; a multiple of 4 KiB */
};

/* Less than this is a mistake: the oldest CPU with long mode runs at 1.4 GHz, no hypervisor says less than 1
   MHz. */
#define TSC_HZ_MIN 1000000ULL
#define TSC_HZ_MAX (100000 * TSC_HZ_MIN)

/* Return: whether any counter runs at this rate. Context: any. */
static inline bool tsc_rate_is_plausible(uint64_t hz)
{
    return hz >= TSC_HZ_MIN && hz <= TSC_HZ_MAX;
}
