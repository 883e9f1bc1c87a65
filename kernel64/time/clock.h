/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Time since boot. One clock source so far: the time-stamp counter, whose rate is taken from CPUID
 * or a hypervisor where they give it, and measured against the 8254 timer elsewhere.
 */
#include <ashlar/types.h>

/**
 * clock_init() - find the rate of the time-stamp counter.
 * @zero: the tick of the time-stamp counter that counts as second 0.
 *
 * From here on the log shows seconds, also of lines that are in it already.
 * Measuring takes CLOCK_SAMPLE_NS of time; nothing where the rate is given.
 * Context: once, first CPU, interrupts off.
 */
void clock_init(uint64_t zero);

#define CLOCK_SAMPLE_NS 500000

/* A line of the log that says how fast the clock runs, and how that is known. */
void clock_log_rate(void);

/* Nanoseconds from @zero to a tick; before clock_init() a tick counts as one. Context: any. */
uint64_t clock_nanoseconds(uint64_t ticks);

uint64_t clock_rate_hz(void);

/* Where the rate comes from: "cpuid", "hypervisor", "pit", "assumed". */
const char *clock_rate_source(void);

/**
 * clock_rate_from_cpuid15() - the TSC's rate that CPUID leaf 0x15 gives.
 * @eax: denominator  @ebx: numerator  @ecx: crystal in Hz, 0 when not told.
 *
 * Return: Hz, 0 when the leaf does not say. Source: Intel SDM vol. 2A, CPUID, leaf 15H.
 */
uint64_t clock_rate_from_cpuid15(uint32_t eax, uint32_t ebx, uint32_t ecx);
