/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Guests whose memory the hypervisor cannot read: AMD's SEV and Intel's TDX. kernel64 does not run in them:
 * its page tables have no C-bit and no shared bit, and it has no handler for #VC and #VE. The stub refuses
 * them. confidential.c tells them apart, and refuse.c has the rest.
 *
 * Source: AMD APM vol. 2, "Secure Encrypted Virtualization"; Intel TDX module specification, "CPUID
 * Virtualization".
 */
#include <ashlar/types.h>

#pragma GCC visibility push(hidden)

enum confidential {
    CONFIDENTIAL_NONE,
    CONFIDENTIAL_SEV,
    CONFIDENTIAL_SEV_ES, /* or SEV-SNP: #VC instead of most exits */
    CONFIDENTIAL_TDX
};

struct stub_cpuid {
    uint32_t eax, ebx, ecx, edx;
};

/**
 * confidential_kind() - what kind of guest this is. Pure.
 * @cpuid:    CPUID, subleaf 0.
 * @read_msr: RDMSR; called only for SEV_STATUS (C0010131H), and only where CPUID shows that it exists.
 */
enum confidential confidential_kind(void (*cpuid)(uint32_t leaf, struct stub_cpuid *answer),
                                    uint64_t (*read_msr)(uint32_t msr));

/**
 * confidential_refuse() - stop with a fatal error in such a guest.
 *
 * CPUID itself may raise #VC or #VE there, so both have gates from here on. In an SEV-ES guest the output
 * takes port accesses, which raise #VC again: the hypervisor is then requested to terminate the guest.
 */
void confidential_refuse(void);

/* traps.asm. Entered by gates; never called. */
void trap_virtualization(void);
void trap_vmm_communication(void);

/* Their handler. @vector: 20 or 29. */
NORETURN void confidential_trap(uint32_t vector);

#pragma GCC visibility pop
