/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The machine-check banks of a CPU: number, registers, values of their controls. Pure: hosted tests bring
 * their own CPUs. trap/machine_check.h reads and writes them.
 *
 * Source: Intel SDM vol. 3B, "Machine-Check MSRs", "Machine-Check Initialization"; AMD APM vol. 2, "Machine
 * Check Architecture", "Scalable MCA".
 */
#include <cpu/features.h>

#define MSR_MCG_CAP    0x179
#define MSR_MCG_STATUS 0x17a
#define MSR_MCG_CTL    0x17b /* where MCG_CAP says so */

enum mc_register { MC_CTL, MC_STATUS, MC_ADDR, MC_MISC };

struct mc_banks {
    /* As far as their registers reach, whatever MCG_CAP says; 0: this CPU has no machine checks. */
    unsigned int count;
    bool is_scalable;    /* AMD's SMCA: other registers, 16 a bank */
    bool has_global_ctl; /* MSR_MCG_CTL is there */
    bool keeps_ctl0;     /* bank 0's control belongs to firmware */
    bool no_gart_errors; /* bank 4 must not report GART walk errors */
};

/**
 * mc_banks_read() - get the banks of a CPU.
 * @cpuid:   the CPUID instruction, or a test's.
 * @mcg_cap: MSR_MCG_CAP; ignored if CPUID has no MCA.
 */
struct mc_banks mc_banks_read(cpuid_fn *cpuid, const struct cpu_identity *identity, uint64_t mcg_cap);

/* Return: the MSR. @bank: below count. */
uint32_t mc_bank_msr(const struct mc_banks *banks, unsigned int bank, enum mc_register which);

/* Return: false when the control of @bank must not be written; else @value is set to what to write. */
bool mc_bank_control(const struct mc_banks *banks, unsigned int bank, uint64_t *value);
