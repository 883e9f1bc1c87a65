/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The TSC's rate as CPU or hypervisor report it, and whether it or a measurement is used. Free of hardware:
 * CPUID and MSRs are read through functions, so that hosted tests supply their own CPUs and hypervisors.
 *
 * Context of all: any, on the CPU whose rate is read.
 */
#include <cpu/features.h>
#include <time/tsc_port.h>

/**
 * tsc_rate_given() - the first rate that is reported and plausible.
 * @port:     access to the CPU.
 * @identity: the CPU's.
 *
 *     hypervisor  time/hypervisor.h; TSC_RATE_GIVEN. First, because it may scale what the CPU counts.
 *     The others are TSC_RATE_NOMINAL:
 *     CPUID.15H   crystal and ratio
 *     CPUID.16H   the base frequency in MHz, where 15H does not give the crystal's rate
 *     AMD P0      the P-state 0 MSR, from family 17h on, not under a hypervisor: the TSC runs at P0's rate
 *
 * Source: Intel SDM vol. 2A, "CPUID", leaves 15H and 16H, and the note that 16H is not the actual frequency;
 *         AMD PPR, "MSRC001_0064 [P-state]".
 */
struct tsc_rate tsc_rate_given(const struct tsc_port *port, const struct cpu_identity *identity);

enum tsc_verdict {
    TSC_KEEP,     /* use the reported rate, or there is no measurement */
    TSC_MEASURED, /* use the measured rate */
    TSC_REFUTED   /* use the measured rate; the reported one is wrong */
};

/* A hypervisor's rate that differs by more than this, plus the error of the measurement, is wrong: no host's
   clock is slewed by more (NTP: 500 ppm). A nominal one is wrong beyond CALIBRATE_SAME_PPM. */
#define TSC_RATE_GIVEN_PPM 1000

/**
 * tsc_rate_check() - which rate to use.
 * @rate:        as reported.
 * @measured_hz: 0: there is nothing to measure against.
 * @error_ppm:   bound of the measurement's error.
 *
 * Return: as above.
 */
enum tsc_verdict tsc_rate_check(const struct tsc_rate *rate, uint64_t measured_hz, uint32_t error_ppm);

/* By how many parts per million @hz is above @than_hz, which is not 0. */
int64_t tsc_rate_ppm(uint64_t hz, uint64_t than_hz);
