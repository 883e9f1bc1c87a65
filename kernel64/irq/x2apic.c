/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Collects what options, firmware, CPU and hypervisor say about x2APIC mode.
 */
#include <irq/x2apic.h>

#include <boot/options.h>
#include <cpu/apic_id.h>
#include <cpu/errata_cpu.h>
#include <cpu/insn.h>
#include <irq/x2apic_rule.h>
#include <lib/string.h>
#include <log/log.h>
#include <platform/platform.h>

/* VMware's backdoor. (open-vm-tools, backdoor_def.h.) */
#define VMWARE_PORT      0x5658
#define VMWARE_MAGIC     0x564d5868
#define VMWARE_VCPU_INFO 68

OPTION(nox2apic, "", "use xAPIC mode if the CPU allows it");
OPTION(x2apic, "", "use x2APIC mode even if no APIC ID needs it");

static bool has_wide_ids(void)
{
    for (size_t i = 0; platform()->source == PLATFORM_MADT && i < platform()->cpu_count; i++)
        if (platform()->cpus[i].apic_id > LAPIC_XAPIC_ID_LAST)
            return true;
    return false;
}

/* Only under VMware: elsewhere the port does not exist. */
static uint32_t query_vmware(void)
{
    uint32_t eax = VMWARE_MAGIC, ebx = 0, ecx = VMWARE_VCPU_INFO, edx = VMWARE_PORT;
    if (strcmp(cpu_boot_identity()->hypervisor, "VMwareVMware") != 0)
        return 0;
    __asm__ volatile("inl %%dx, %%eax" : "+a"(eax), "+b"(ebx), "+c"(ecx), "+d"(edx)::"rsi", "rdi", "memory");
    return eax;
}

bool x2apic_is_wanted(const struct lapic_found *found)
{
    bool is_xapic = found->mode == LAPIC_XAPIC && found->has_registers;
    struct x2apic_facts facts = {
        .has_it = cpu_has(CPU_FEATURE_X2APIC),
        .is_on = found->mode == LAPIC_X2APIC,
        .is_locked = found->is_locked,
        .is_refused_by_user = option_is_given(&option_nox2apic),
        .is_wanted_by_user = option_is_given(&option_x2apic),
        .is_refused_by_firmware = platform()->refuses_x2apic,
        .has_erratum = errata_applies(ERRATUM_X2APIC),
        .has_wide_ids = has_wide_ids(),
        .has_no_registers = !found->has_registers,
        .is_renumbered = is_xapic && found->apic_id != (apic_initial_id(cpu_cpuid) & 0xff),
        .is_offered = x2apic_is_offered_by(cpu_boot_identity()->hypervisor, query_vmware()),
    };
    struct x2apic_choice choice = x2apic_choose(&facts);
    if (facts.has_it)
        log_info("irq", "%s mode: %s", choice.is_used ? "x2APIC" : "xAPIC", choice.why);
    return choice.is_used;
}
