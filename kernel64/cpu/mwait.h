/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Whether an idle CPU waits for a write by MONITOR and MWAIT, or for an interrupt by HLT: a CPU in MWAIT
 * needs no IPI to wake it. Pure: hosted tests bring their own CPUs.
 *
 * Source: Intel SDM vol. 3A, "MONITOR/MWAIT Instruction"; vol. 2A, "CPUID", leaf 05H; AMD APM vol. 3,
 * "MONITOR".
 */
#include <cpu/features.h>

/**
 * mwait_is_good() - whether CPUs of this kind should use MWAIT.
 * @cpuid:    the CPUID instruction, or a test's.
 * @identity: of the CPU.
 *
 * Not under a hypervisor, where the instruction does not wait, or stops a physical CPU; not on CPUs with an
 * erratum by which they miss the write, or that save more power in HLT.
 * Context: any.
 */
bool mwait_is_good(cpuid_fn *cpuid, const struct cpu_identity *identity);
