/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reasons for x2APIC mode and against it, the strongest first.
 */
#include <irq/x2apic_rule.h>

/* VMware's backdoor, GETVCPU_INFO: LEGACY_X2APIC_OK; the other bit says that the answer is none.
   (open-vm-tools, backdoor_def.h.) */
#define VMWARE_LEGACY_X2APIC 0x00000008u
#define VMWARE_NO_ANSWER     0x80000000u

static bool is_same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

bool x2apic_is_offered_by(const char *signature, uint32_t vmware)
{
    /* QEMU's TCG has one interrupt controller for both modes. */
    static const char *const offering[] = { "KVMKVMKVM", "Microsoft Hv", "XenVMMXenVMM", "TCGTCGTCGTCG" };
    if (is_same(signature, "VMwareVMware"))
        return !(vmware & VMWARE_NO_ANSWER) && (vmware & VMWARE_LEGACY_X2APIC) != 0;
    for (size_t i = 0; i < ARRAY_LEN(offering); i++)
        if (is_same(signature, offering[i]))
            return true;
    return false;
}

struct x2apic_choice x2apic_choose(const struct x2apic_facts *facts)
{
    if (!facts->has_it)
        return (struct x2apic_choice){ false, "the CPU has no x2APIC mode" };
    if (facts->is_on && facts->is_locked)
        return (struct x2apic_choice){ true, "the CPU is locked in it" };
    if (facts->is_refused_by_user)
        return (struct x2apic_choice){ false, "nox2apic" };
    /* Such a CPU can be reached in no other mode, and firmware that lists it supports the mode. */
    if (facts->is_on && facts->has_wide_ids)
        return (struct x2apic_choice){ true, "firmware left it on, and CPUs need it" };
    if (facts->is_refused_by_firmware)
        return (struct x2apic_choice){ false, "firmware asks not to use x2APIC mode" };
    if (facts->is_on)
        return (struct x2apic_choice){ true, "firmware left it on" };
    if (facts->has_no_registers)
        return (struct x2apic_choice){ true, "the registers of xAPIC mode cannot be mapped" };
    /* x2APIC mode restores the initial IDs, and firmware's tables have the others. */
    if (facts->is_renumbered)
        return (struct x2apic_choice){ false, "firmware has renumbered the CPUs" };
    if (facts->is_wanted_by_user)
        return (struct x2apic_choice){ true, "the option x2apic" };
    if (facts->has_erratum)
        return (struct x2apic_choice){ false, "firmware of such CPUs fails in x2APIC mode" };
    if (facts->has_wide_ids)
        return (struct x2apic_choice){ true, "CPUs need it" };
    if (facts->is_offered)
        return (struct x2apic_choice){ true, "the hypervisor offers it" };
    return (struct x2apic_choice){ false, "x2APIC mode requires interrupt remapping, and no CPU needs it" };
}
