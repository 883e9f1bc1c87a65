/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Machine checks are enabled on every CPU, and again on one that was offline and whose controls were
 * cleared meanwhile.
 */
#include <ashlar/hw/cpu.h>
#include <ashlar/ktest.h>

#include <cpu/features.h>
#include <cpu/insn.h>
#include <smp/hotplug.h>
#include <trap/machine_check.h>
#include <trap/mc_banks.h>

#include "on_every_cpu.h"

static struct mc_banks banks_here(void)
{
    return mc_banks_read(cpu_cpuid, cpu_boot_identity(), cpu_read_msr(MSR_MCG_CAP));
}

static void check_controls(void *argument)
{
    struct mc_banks banks = banks_here();
    uint64_t value;
    (void)argument;
    if (!(cpu_read_cr4() & CR4_MCE) || (banks.has_global_ctl && cpu_read_msr(MSR_MCG_CTL) == 0))
        note_wrong();
    for (unsigned int bank = 0; bank < banks.count; bank++)
        if (mc_bank_control(&banks, bank, &value) && cpu_read_msr(mc_bank_msr(&banks, bank, MC_CTL)) == 0)
            note_wrong();
}

static void clear_controls(void *argument)
{
    struct mc_banks banks = banks_here();
    (void)argument;
    if (banks.has_global_ctl)
        cpu_write_msr(MSR_MCG_CTL, 0);
    for (unsigned int bank = 0; bank < banks.count; bank++)
        cpu_write_msr(mc_bank_msr(&banks, bank, MC_CTL), 0);
    cpu_write_cr4(cpu_read_cr4() & ~(uint64_t)CR4_MCE);
}

#define NEEDS_BANKS()                                                                                        \
    do {                                                                                                     \
        if (machine_check_bank_count() == 0)                                                                 \
            SKIP_TEST("no machine checks");                                                                  \
    } while (0)

KTEST(mce, machine_checks_are_enabled_on_every_cpu)
{
    NEEDS_BANKS();
    wrong = 0;
    EXPECT(on_every_cpu(0, check_controls, NULL) > 0);
    EXPECT(wrong == 0);
}

KTEST(mce, machine_checks_are_enabled_again_on_a_cpu_brought_online)
{
    NEEDS_BANKS();
    NEEDS_TWO();
    unsigned int cpu = next_online_cpu(0);
    wrong = 0;
    ASSERT_THAT(on_cpu(cpu, clear_controls, NULL));
    ASSERT_THAT(on_cpu(cpu, check_controls, NULL));
    EXPECT(wrong > 0);
    wrong = 0;
    ASSERT_THAT(cpu_offline(cpu) == STATUS_OK);
    ASSERT_THAT(cpu_online(cpu) == STATUS_OK);
    ASSERT_THAT(on_cpu(cpu, check_controls, NULL));
    EXPECT(wrong == 0);
}
