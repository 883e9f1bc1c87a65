/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CPU's APIC identity, out of CPUID. Source: Intel SDM vol. 2A, "CPUID": leaf 0BH gives all 32 bits in EDX;
 * leaf 1 the low 8 in EBX.
 */
#include <cpu/apic_id.h>

#include <cpu/features.h>
#include <cpu/insn.h>

#define LEAF_TOPOLOGY 0x0b

uint32_t cpu_apic_id(void)
{
    if (cpu_boot_identity()->max_leaf >= LEAF_TOPOLOGY && cpu_cpuid(LEAF_TOPOLOGY, 0).ebx != 0)
        return cpu_cpuid(LEAF_TOPOLOGY, 0).edx;
    return cpu_cpuid(1, 0).ebx >> 24;
}
