/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the machine-check banks hold, read and put into words. The handler itself is in traps.c.
 */
#include <cpu/machine_check.h>

#include <cpu/features.h>
#include <cpu/insn.h>
#include <cpu/words.h>
#include <diag/log.h>

/* Source: Intel SDM vol. 4, "Architectural MSRs". */
#define MSR_MCG_CAP    0x179
#define MSR_MCG_STATUS 0x17a
#define MSR_MC0_STATUS 0x401 /* of bank 0 */

#define MCG_CAP_BANKS  0xff
#define BANK_STRIDE    4 /* registers a bank: CTL, STATUS, ADDR, MISC */

static void report_bank(unsigned bank)
{
    uint32_t status_register = MSR_MC0_STATUS + bank * BANK_STRIDE;
    uint64_t status = cpu_read_msr(status_register);
    char words[WORDS_SIZE];

    if (!(status & MC_STATUS_VALID))
        return;
    print("  bank %u: status %016lx: %s\n", bank, status,
          words_machine_check(status, words, sizeof(words)));
    /* The two others exist only when the status says so. */
    if (status & MC_STATUS_ADDRESS)
        print("  bank %u: address P0x%lx\n", bank, cpu_read_msr(status_register + 1));
    if (status & MC_STATUS_MISC)
        print("  bank %u: more %016lx\n", bank, cpu_read_msr(status_register + 2));
}

void machine_check_report(void)
{
    unsigned banks;

    if (!cpu_has(CPU_FEATURE_MCA)) {
        print("  This CPU does not say what happened.\n");
        return;
    }
    banks = (unsigned)(cpu_read_msr(MSR_MCG_CAP) & MCG_CAP_BANKS);
    print("  machine check: %u banks, global status %016lx\n", banks, cpu_read_msr(MSR_MCG_STATUS));
    for (unsigned bank = 0; bank < banks; bank++)
        report_bank(bank);
}
