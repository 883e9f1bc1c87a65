/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All processors at once: each is a separate CPU, set up like the BSP.
 */
#include <ashlar/hw/cpu.h>
#include <ashlar/ktest.h>

#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <irq/lapic.h>
#include <smp/ipi.h>
#include <vm/address_space.h>

#include "on_every_cpu.h"

static struct cpu_set seen;

static void be_seen(void *argument)
{
    unsigned int me = PERCPU_MINE(cpu_number);
    (void)argument;
    if (lapic_mode() != LAPIC_NONE && lapic_id() != ipi_apic_id(me))
        note_wrong();
    __atomic_fetch_or(&seen.words[me / 64], 1ULL << me % 64, __ATOMIC_RELAXED);
}

KTEST(smp, every_cpu_has_its_own_number_and_apic_id)
{
    struct cpu_set online;
    NEEDS_TWO();
    wrong = 0;
    seen = (struct cpu_set){ { 0 } };
    ASSERT_THAT(on_every_cpu(0, be_seen, NULL) == ipi_online_count());
    EXPECT(wrong == 0);
    ipi_online(&online);
    for (size_t i = 0; i < ARRAY_LEN(seen.words); i++)
        EXPECT(seen.words[i] == online.words[i]);
}

static uint64_t cr0, cr4, efer;

static void compare_registers(void *argument)
{
    (void)argument;
    if (cpu_read_cr0() != cr0 || cpu_read_cr4() != cr4 || cpu_read_msr(MSR_EFER) != efer ||
        cpu_read_cr3() != address_space()->root.raw)
        note_wrong();
}

KTEST(smp, every_cpu_has_the_protections_of_the_bsp)
{
    NEEDS_TWO();
    wrong = 0;
    cr0 = cpu_read_cr0();
    cr4 = cpu_read_cr4();
    efer = cpu_read_msr(MSR_EFER);
    ipi_call_all(compare_registers, NULL);
    EXPECT(wrong == 0);
}
