/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The rate of the time-stamp counter, where somebody tells it, and what that is worth beside a measurement.
 * Pure: the CPU is asked through functions, so that hosted tests bring their own CPUs and hypervisors.
 */
#include <cpu/features.h>
#include <time/tsc_port.h>

/**
 * tsc_rate_given() - ask everybody who may know.
 *
 *     hypervisor  time/hypervisor.h; TSC_RATE_GIVEN. Asked first: it may have scaled what the CPU counts. The
 *     others are
 *                 TSC_RATE_NOMINAL:
 *     CPUID.15H   crystal and ratio
 *     CPUID.16H   the base frequency in MHz, where 15H does not give the crystal's rate
 *     AMD P0      the P-state 0 MSR, from family 17h on, not under a hypervisor: the TSC runs at P0's rate
 *
 * Source: Intel SDM vol. 2A, "CPUID", leaves 15H and 16H, and the note that 16H is not the actual frequency;
 *         AMD PPR for family 17h, "MSRC001_0064 [P-state]".
 */
struct tsc_rate tsc_rate_given(const struct tsc_port *port, const struct cpu_identity *identity);

enum tsc_verdict {
    TSC_KEEP,     /* as it was told, or there is no measurement */
    TSC_MEASURED, /* as it was measured */
    TSC_REFUTED   /* as it was measured, and whoever told it told wrong */
};

/* A given rate that differs by more than this, besides the error of the measurement, is wrong: no host's
   clock is slewed by more (NTP: 500 ppm). A nominal one that differs by more than CALIBRATE_SAME_PPM is no
   idea of this counter. */
#define TSC_RATE_GIVEN_PPM 1000

/**
 * tsc_rate_check() - what is the rate?
 * @rate:        as it was told.
 * @measured_hz: 0: there is nothing to measure against.
 * @error_ppm:   of the measurement.
 */
enum tsc_verdict tsc_rate_check(const struct tsc_rate *rate, uint64_t measured_hz, uint32_t error_ppm);

/* Return: by how much @hz is above @than_hz, which is not 0, in parts in a million. */
int64_t tsc_rate_ppm(uint64_t hz, uint64_t than_hz);
