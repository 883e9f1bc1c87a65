/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Detection of the kind of guest by CPUID and SEV_STATUS. SEV's CPUID leaf exists on bare metal, too, where
 * memory is not encrypted; only SEV_STATUS has the state of this guest.
 */
#include "confidential.h"

#define LEAF_TDX         0x21
#define LEAF_ENCRYPTION  0x8000001f
#define EAX_SEV          0x02
#define LEAF1_HYPERVISOR 0x80000000u

#define MSR_SEV_STATUS 0xc0010131
#define SEV_STATUS_SEV 0x01
#define SEV_STATUS_ES  0x02
#define SEV_STATUS_SNP 0x04

/* "IntelTDX    " in EBX, EDX, ECX. */
#define TDX_EBX 0x65746e49
#define TDX_EDX 0x5844546c
#define TDX_ECX 0x20202020

enum confidential confidential_kind(void (*cpuid)(uint32_t leaf, struct stub_cpuid *answer),
                                    uint64_t (*read_msr)(uint32_t msr))
{
    struct stub_cpuid answer;
    cpuid(0, &answer);
    if (answer.eax >= LEAF_TDX) {
        cpuid(LEAF_TDX, &answer);
        if (answer.ebx == TDX_EBX && answer.edx == TDX_EDX && answer.ecx == TDX_ECX)
            return CONFIDENTIAL_TDX;
    }
    cpuid(1, &answer);
    if (!(answer.ecx & LEAF1_HYPERVISOR))
        return CONFIDENTIAL_NONE;
    cpuid(0x80000000, &answer);
    if (answer.eax < LEAF_ENCRYPTION || answer.eax > 0x8000ffff)
        return CONFIDENTIAL_NONE;
    cpuid(LEAF_ENCRYPTION, &answer);
    if (!(answer.eax & EAX_SEV))
        return CONFIDENTIAL_NONE;
    uint64_t status = read_msr(MSR_SEV_STATUS);
    if (status & (SEV_STATUS_ES | SEV_STATUS_SNP))
        return CONFIDENTIAL_SEV_ES;
    return status & SEV_STATUS_SEV ? CONFIDENTIAL_SEV : CONFIDENTIAL_NONE;
}
