/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * One answer of the CPUID instruction, and how to ask for it. Who decodes answers takes the asking
 * as a function, so that a hosted test can be any CPU; cpu/insn.h has the instruction.
 */
#include <ashlar/types.h>

struct cpuid_result {
    uint32_t eax, ebx, ecx, edx;
};

/* Return: what CPUID answers for @leaf and @subleaf. */
typedef struct cpuid_result cpuid_fn(uint32_t leaf, uint32_t subleaf);
