/* SPDX-License-Identifier: BSD-2-Clause */
/* The register raises #GP on a CPU without a local APIC. */
#include <cpu/lapic_base.h>

#include <ashlar/hw/cpu.h>
#include <cpu/apic_base.h>
#include <cpu/insn.h>
#include <cpu/fixup.h>

static void read_base(void *argument)
{
    *(uint64_t *)argument = cpu_read_msr(MSR_APIC_BASE);
}

phys_t cpu_lapic_base(void)
{
    struct trap_frame caught;
    uint64_t base;
    return fixup_try(read_base, &base, &caught) ? phys(base & APIC_BASE_ADDRESS) : PHYS_INVALID;
}
