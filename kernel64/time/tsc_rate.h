/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The rate of the time-stamp counter, where somebody tells it. Pure: the CPU is asked through functions, so that hosted
 * tests bring their own CPUs and hypervisors.
 */
#include <cpu/cpuid.h>
#include <cpu/features.h>

struct tsc_rate {
    uint64_t tsc_hz;   /* 0: nobody tells */
    uint64_t lapic_hz; /* of the LAPIC's timer, before its divider; 0: nobody tells */
    const char *source; /* "cpuid", "hypervisor", "hyper-v", "amd-msr"; NULL: nobody tells */
};

/* Reads a model-specific register. Return: false when the CPU has none of that number. */
typedef bool read_msr_fn(uint32_t msr, uint64_t *value);

/**
 * tsc_rate_given() - ask everybody who may know.
 *
 *     hypervisor   leaf 0x40000010 (VMware's; KVM and VirtualBox speak it), else Hyper-V's frequency MSRs
 *     CPUID        leaf 0x15; where it does not give the crystal's rate, leaf 0x16 gives the product in MHz
 *     AMD          the P-state 0 MSR, from family 17h on, not under a hypervisor: the TSC runs at P0's rate
 *
 * A hypervisor is asked first: it may have scaled what the CPU counts.
 * Source: Intel SDM vol. 2A, "CPUID", leaves 15H and 16H; VMware, "Mechanisms to determine if software is running in a VMware
 *         virtual machine", for 0x40000010;
 *         Microsoft, "Hypervisor Top Level Functional Specification", "Partition Reference Time Enlightenment" and
 *         "Feature and Interface Discovery"; AMD PPR for family 17h, "MSRC001_0064 [P-state]".
 */
struct tsc_rate tsc_rate_given(cpuid_fn *ask, read_msr_fn *read_msr, const struct cpu_identity *identity);
