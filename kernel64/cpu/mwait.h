/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Whether an idle CPU should wait for a write, by MONITOR and MWAIT, rather than for an interrupt, by HLT:
 * who gives it something to do then need not interrupt it. Pure: hosted tests bring their own CPUs.
 *
 * Source: Intel SDM vol. 3A, "MONITOR/MWAIT Instructions", CPUID leaf 05H; AMD APM vol. 3, "MONITOR".
 */
#include <cpu/features.h>

/**
 * mwait_is_good() - whether CPUs of this kind should.
 * @ask: the CPUID instruction, or a test's.
 *
 * Not under a hypervisor, where the instruction does not wait, or stops a processor of the host's; not on
 * CPUs that sleep on when the write comes, or that save more by HLT.
 */
bool mwait_is_good(cpuid_fn *ask, const struct cpu_identity *identity);
