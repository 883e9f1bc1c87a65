/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The result of the CPUID instruction, and the type of a function that executes it. Decoders take the
 * function as an argument, so that a hosted test can be any CPU; cpu/insn.h has the instruction.
 */
#include <ashlar/types.h>

struct cpuid_result {
    uint32_t eax, ebx, ecx, edx;
};

/* Return: the result of CPUID for @leaf and @subleaf. */
typedef struct cpuid_result cpuid_fn(uint32_t leaf, uint32_t subleaf);
