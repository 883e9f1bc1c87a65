/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CPU's initial APIC ID from CPUID, and its APIC ID from that and the LAPIC. Leaf 0BH gives all 32 bits in
 * EDX, where it is filled in; leaf 1 the low 8 in EBX. The LAPIC's register can be written.
 *
 * Source: Intel SDM vol. 2A, "CPUID"; vol. 3A, "Local APIC ID"; AMD APM vol. 2, "Local APIC ID".
 */
#include <cpu/apic_id.h>

#define LEAF_TOPOLOGY 0x0b

uint32_t apic_initial_id(cpuid_fn *cpuid)
{
    if (cpuid(0, 0).eax >= LEAF_TOPOLOGY) {
        struct cpuid_result answer = cpuid(LEAF_TOPOLOGY, 0);
        if (answer.ebx != 0)
            return answer.edx;
    }
    return cpuid(1, 0).ebx >> 24;
}

uint32_t apic_id_of(bool is_x2apic, uint32_t lapic_id, uint32_t initial_id)
{
    return !is_x2apic && (initial_id & 0xff) == lapic_id ? initial_id : lapic_id;
}
