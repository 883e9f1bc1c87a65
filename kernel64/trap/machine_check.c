/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine-check banks: enabled, polled, reported. The exception is handled in traps.c.
 *
 * Fixups need the CPU's traps, so all of it is done after traps_init_cpu(). Clearing a status register loses
 * an error that is recorded between the read and the write.
 */
#include <trap/machine_check.h>

#include <ashlar/hw/cpu.h>
#include <cpu/features.h>
#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <log/log.h>
#include <log/print.h>
#include <cpu/decode.h>
#include <trap/mc_banks.h>
#include <cpu/fixup.h>

/* Lines in the log, of all CPUs. */
#define LINES_MOST 16

static PERCPU(struct mc_banks, mc_banks);
static PERCPU(struct machine_check_counts, mc_counts);
static unsigned int lines; /* atomic */

static struct mc_banks *my_banks(void)
{
    return PERCPU_OF(PERCPU_MINE(cpu_number), mc_banks);
}

static struct machine_check_counts *my_counts(void)
{
    return PERCPU_OF(PERCPU_MINE(cpu_number), mc_counts);
}

static void log_error_of(unsigned int bank, uint64_t status, const char *when)
{
    char words[DECODE_MAX];
    unsigned int line = __atomic_fetch_add(&lines, 1, __ATOMIC_RELAXED);
    if (line >= LINES_MOST)
        return;
    uint64_t address = status & MC_STATUS_ADDRESS ? cpu_read_msr(mc_bank_msr(my_banks(), bank, MC_ADDR)) : 0;
    log_warn("mce", "bank %u%s: %s: status %#lx, address %s%#lx%s", bank, when,
             decode_machine_check(status, words, sizeof(words)), status,
             status & MC_STATUS_ADDRESS ? "P" : "unknown ", address,
             line + 1 == LINES_MOST ? "; further errors are only counted" : "");
}

/* Return: the number of banks with an error; they are cleared. */
static unsigned int collect(const struct mc_banks *banks, const char *when, bool is_from_before)
{
    struct machine_check_counts *counts = my_counts();
    unsigned int found = 0;
    for (unsigned int bank = 0; bank < banks->count; bank++) {
        uint32_t msr = mc_bank_msr(banks, bank, MC_STATUS);
        uint64_t status = cpu_read_msr(msr);
        if (status & MC_STATUS_VALID) {
            found++;
            uint64_t *count = is_from_before                   ? &counts->from_before
                              : status & MC_STATUS_UNCORRECTED ? &counts->uncorrected
                                                               : &counts->corrected;
            /* Read by other CPUs. */
            __atomic_store_n(count, *count + 1, __ATOMIC_RELAXED);
            log_error_of(bank, status, when);
        }
        if (status != 0)
            cpu_write_msr(msr, 0);
    }
    return found;
}

/* All ones first: QEMU ignores any other value but 0. */
static void enable_bank(const struct mc_banks *banks, unsigned int bank)
{
    uint32_t msr = mc_bank_msr(banks, bank, MC_CTL);
    uint64_t value;
    if (!mc_bank_control(banks, bank, &value))
        return;
    cpu_write_msr(msr, ~0ULL);
    if (value != ~0ULL)
        cpu_write_msr(msr, value);
}

/* A hypervisor may refuse any of these registers. */
static void switch_on(void *argument)
{
    struct mc_banks *banks = argument;
    *banks = mc_banks_read(cpu_cpuid, cpu_boot_identity(), cpu_read_msr(MSR_MCG_CAP));
    if (banks->has_global_ctl)
        cpu_write_msr(MSR_MCG_CTL, ~0ULL);
    for (unsigned int bank = 0; bank < banks->count; bank++)
        enable_bank(banks, bank);
    collect(banks, ", from before the boot", true);
    /* Clears MCIP of a machine check before the boot: with MCIP set, the next one would shut the CPU down. */
    cpu_write_msr(MSR_MCG_STATUS, 0);
    cpu_write_cr4(cpu_read_cr4() | CR4_MCE);
}

void machine_check_init_cpu(void)
{
    struct trap_frame caught;
    struct mc_banks *banks = my_banks();
    if (!cpu_has(CPU_FEATURE_MCE) || !cpu_has(CPU_FEATURE_MCA))
        return;
    if (fixup_try(switch_on, banks, &caught))
        return;
    *banks = (struct mc_banks){ .count = 0 };
    log_warn("mce", "machine checks not enabled: access to their registers faults");
}

unsigned int machine_check_bank_count(void)
{
    return my_banks()->count;
}

unsigned int machine_check_poll(void)
{
    return collect(my_banks(), "", false);
}

struct machine_check_counts machine_check_counts(unsigned int cpu)
{
    const struct machine_check_counts *counts = PERCPU_OF(cpu, mc_counts);
    return (struct machine_check_counts){ .corrected = __atomic_load_n(&counts->corrected, __ATOMIC_RELAXED),
                                          .uncorrected =
                                              __atomic_load_n(&counts->uncorrected, __ATOMIC_RELAXED),
                                          .from_before =
                                              __atomic_load_n(&counts->from_before, __ATOMIC_RELAXED) };
}

static void report_bank(const struct mc_banks *banks, unsigned int bank)
{
    uint64_t status = cpu_read_msr(mc_bank_msr(banks, bank, MC_STATUS));
    char words[DECODE_MAX];

    if (!(status & MC_STATUS_VALID))
        return;
    print("  bank %u: status %016lx: %s\n", bank, status, decode_machine_check(status, words, sizeof(words)));
    /* ADDR and MISC exist only if their valid bits are set. */
    if (status & MC_STATUS_ADDRESS)
        print("  bank %u: address P0x%lx\n", bank, cpu_read_msr(mc_bank_msr(banks, bank, MC_ADDR)));
    if (status & MC_STATUS_MISC)
        print("  bank %u: more %016lx\n", bank, cpu_read_msr(mc_bank_msr(banks, bank, MC_MISC)));
}

void machine_check_report(void)
{
    const struct mc_banks *banks = my_banks();
    if (banks->count == 0) {
        print("  no machine-check banks on this CPU\n");
        return;
    }
    print("  machine check: %u banks, global status %016lx\n", banks->count, cpu_read_msr(MSR_MCG_STATUS));
    for (unsigned int bank = 0; bank < banks->count; bank++)
        report_bank(banks, bank);
}
