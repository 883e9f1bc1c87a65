/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The banks' registers, from CPUID and MCG_CAP.
 */
#include <trap/mc_banks.h>

#define MCG_CAP_COUNT 0xff
#define MCG_CAP_CTL   0x100

/* 4 a bank; the range ends at 47FH. Source: Intel SDM vol. 4, "Architectural MSRs". */
#define MSR_LEGACY_FIRST   0x400
#define LEGACY_BANKS       32
#define LEGACY_STRIDE      4
#define MSR_SCALABLE_FIRST 0xc0002000 /* 16 a bank; the range ends at C00023FFH (AMD APM vol. 2, "SMCA") */
#define SCALABLE_BANKS     64
#define SCALABLE_STRIDE    16

#define LEAF_POWER       0x80000007
#define EBX_SCALABLE_MCA 0x08

/* Of family 6; from it on bank 0 is like the others. Source: Intel SDM vol. 3B, "IA32_MCi_CTL MSRs". */
#define MODEL_NEHALEM 0x1a

/* GART table walk errors, of the K8's bank 4. Source: AMD BKDG 26094, "MC4_CTL", GartTblWkEn. */
#define GART_BANK        4
#define GART_WALK_ERRORS 0x400ULL

static bool is_scalable(cpuid_fn *cpuid, const struct cpu_identity *identity)
{
    bool is_amd = identity->vendor[0] == 'A' || identity->vendor[0] == 'H';
    return is_amd && identity->max_extended_leaf >= LEAF_POWER &&
           (cpuid(LEAF_POWER, 0).ebx & EBX_SCALABLE_MCA) != 0;
}

struct mc_banks mc_banks_read(cpuid_fn *cpuid, const struct cpu_identity *identity, uint64_t mcg_cap)
{
    struct mc_banks banks = { .count = 0 };
    if (!cpu_identity_has(identity, CPU_FEATURE_MCE) || !cpu_identity_has(identity, CPU_FEATURE_MCA))
        return banks;
    banks.is_scalable = is_scalable(cpuid, identity);
    unsigned int most = banks.is_scalable ? SCALABLE_BANKS : LEGACY_BANKS;
    banks.count = (unsigned int)(mcg_cap & MCG_CAP_COUNT);
    if (banks.count > most)
        banks.count = most;
    banks.has_global_ctl = (mcg_cap & MCG_CAP_CTL) != 0;
    banks.keeps_ctl0 = identity->vendor[0] == 'G' && identity->family == 6 && identity->model < MODEL_NEHALEM;
    banks.no_gart_errors = identity->vendor[0] == 'A' && identity->family == 15;
    return banks;
}

uint32_t mc_bank_msr(const struct mc_banks *banks, unsigned int bank, enum mc_register which)
{
    return banks->is_scalable ? MSR_SCALABLE_FIRST + SCALABLE_STRIDE * bank + which
                              : MSR_LEGACY_FIRST + LEGACY_STRIDE * bank + which;
}

bool mc_bank_control(const struct mc_banks *banks, unsigned int bank, uint64_t *value)
{
    if (bank == 0 && banks->keeps_ctl0)
        return false;
    *value = bank == GART_BANK && banks->no_gart_errors ? ~GART_WALK_ERRORS : ~0ULL;
    return true;
}
