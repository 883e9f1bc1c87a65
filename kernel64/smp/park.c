/* SPDX-License-Identifier: BSD-2-Clause */
/* Halted, with its local APIC disabled: only INIT and NMI reach it. */
#include <smp/park.h>

#include <cpu/insn.h>
#include <cpu/tlb.h>
#include <irq/lapic.h>

void cpu_park(struct ap *ap)
{
    lapic_offline_cpu();
    ap->is_offline = true;
    /* Release: a CPU that finds it parked may start it again. */
    __atomic_store_n(&ap->stage, AP_STAGE_NONE, __ATOMIC_RELEASE);
    /* Until INIT. An NMI may come. */
    for (;;) {
        tlb_leave_cpu();
        cpu_halt();
    }
}
