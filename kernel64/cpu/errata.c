/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of errata. A row has a vendor, a family, a range of models and of steppings; the microcode
 * revision that fixes it; and the source. The first of two rows for one CPU counts.
 */
#include <cpu/errata.h>

const struct erratum_words erratum_words[ERRATUM_COUNT] = {
    [ERRATUM_C1E] = { "the LAPIC timer stops in C1E", "C1E disabled, or LAPIC timers not used" },
    [ERRATUM_TSC_DEADLINE] = { "TSC-deadline timers are late or lost",
                               "one-shot timers used; fixed by newer microcode" },
    [ERRATUM_MONITOR] = { "MWAIT misses writes", "idle CPUs use HLT" },
    [ERRATUM_X2APIC] = { "firmware fails with CPUs in x2APIC mode", "xAPIC mode kept" },
};

#define ANY_STEPPING 0, 0xf
#define STEPPING(n)  n, n
#define MODEL(n)     n, n

/* Sources. If Intel's document only says that a microcode update may fix it, the revision is the one in
   Linux. */
#define REV_GUIDE_0F "AMD erratum 400; models of family 0FH as in Linux"
#define REV_GUIDE_10 "AMD 41322, Revision Guide for Family 10h, 3.84, errata 400 and 669"
#define HASWELL      "Intel's Haswell specification updates; revision as in Linux"
#define BROADWELL    "Intel's Broadwell specification updates; revision as in Linux"
#define SKYLAKE      "Intel's Skylake specification updates; revision as in Linux"
#define KABY_LAKE    "Intel's Kaby Lake specification updates; revision as in Linux"
#define SANDY_BRIDGE "boards of ASUS and Lenovo, as in FreeBSD"

static const struct erratum_row rows[] = {
    /* K8 from revision F on that have C1E, and all of family 10H. OSVW[1] is not used: by 669 the workaround
       may be required even if it is clear. */
    { ERRATUM_C1E, 'A', 0x0f, MODEL(0x41), 2, 0xf, 0, REV_GUIDE_0F },
    { ERRATUM_C1E, 'A', 0x0f, 0x42, 0xff, ANY_STEPPING, 0, REV_GUIDE_0F },
    { ERRATUM_C1E, 'A', 0x10, MODEL(0x02), 1, 0xf, 0, REV_GUIDE_10 },
    { ERRATUM_C1E, 'A', 0x10, 0x03, 0xff, ANY_STEPPING, 0, REV_GUIDE_10 },

    { ERRATUM_TSC_DEADLINE, 'G', 6, MODEL(0x3c), ANY_STEPPING, 0x22, HASWELL },
    { ERRATUM_TSC_DEADLINE, 'G', 6, MODEL(0x45), ANY_STEPPING, 0x20, HASWELL },
    { ERRATUM_TSC_DEADLINE, 'G', 6, MODEL(0x46), ANY_STEPPING, 0x17, HASWELL },
    { ERRATUM_TSC_DEADLINE, 'G', 6, MODEL(0x3f), STEPPING(2), 0x3a, HASWELL },
    { ERRATUM_TSC_DEADLINE, 'G', 6, MODEL(0x3f), STEPPING(4), 0x0f, HASWELL },
    { ERRATUM_TSC_DEADLINE, 'G', 6, MODEL(0x3d), ANY_STEPPING, 0x25, BROADWELL },
    { ERRATUM_TSC_DEADLINE, 'G', 6, MODEL(0x47), ANY_STEPPING, 0x17, BROADWELL },
    { ERRATUM_TSC_DEADLINE, 'G', 6, MODEL(0x4f), ANY_STEPPING, 0x0b000020, BROADWELL },
    { ERRATUM_TSC_DEADLINE, 'G', 6, MODEL(0x56), STEPPING(2), 0x00000011, BROADWELL },
    { ERRATUM_TSC_DEADLINE, 'G', 6, MODEL(0x56), STEPPING(3), 0x0700000e, BROADWELL },
    { ERRATUM_TSC_DEADLINE, 'G', 6, MODEL(0x56), STEPPING(4), 0x0f00000c, BROADWELL },
    { ERRATUM_TSC_DEADLINE, 'G', 6, MODEL(0x56), STEPPING(5), 0x0e000003, BROADWELL },
    { ERRATUM_TSC_DEADLINE, 'G', 6, MODEL(0x4e), ANY_STEPPING, 0xb2, SKYLAKE },
    { ERRATUM_TSC_DEADLINE, 'G', 6, MODEL(0x5e), ANY_STEPPING, 0xb2, SKYLAKE },
    { ERRATUM_TSC_DEADLINE, 'G', 6, MODEL(0x55), STEPPING(3), 0x01000136, SKYLAKE },
    { ERRATUM_TSC_DEADLINE, 'G', 6, MODEL(0x55), STEPPING(4), 0x02000014, SKYLAKE },
    { ERRATUM_TSC_DEADLINE, 'G', 6, MODEL(0x8e), ANY_STEPPING, 0x52, KABY_LAKE },
    { ERRATUM_TSC_DEADLINE, 'G', 6, MODEL(0x9e), ANY_STEPPING, 0x52, KABY_LAKE },

    { ERRATUM_MONITOR, 'G', 6, MODEL(0x1d), ANY_STEPPING, 0, "Xeon 7400 specification update, AAI65" },
    /* These two only miss writes to a line that was flushed before. */
    { ERRATUM_MONITOR, 'G', 6, MODEL(0x2e), ANY_STEPPING, 0, "Nehalem-EX, as AAI65" },
    { ERRATUM_MONITOR, 'G', 6, MODEL(0x2f), ANY_STEPPING, 0, "Westmere-EX, as AAI65" },
    { ERRATUM_MONITOR, 'G', 6, MODEL(0x5c), ANY_STEPPING, 0, "Apollo Lake specification update, APL30" },
    { ERRATUM_MONITOR, 'G', 6, MODEL(0x6a), ANY_STEPPING, 0, "Ice Lake specification update, ICX143" },
    { ERRATUM_MONITOR, 'G', 6, MODEL(0x6c), ANY_STEPPING, 0, "Ice Lake specification update, ICX143" },
    { ERRATUM_MONITOR, 'G', 6, MODEL(0xbd), ANY_STEPPING, 0, "Lunar Lake specification update, LNL030" },

    { ERRATUM_X2APIC, 'G', 6, MODEL(0x2a), ANY_STEPPING, 0, SANDY_BRIDGE },
};

static bool is_of(const struct erratum_row *row, const struct cpu_identity *identity)
{
    return row->vendor == identity->vendor[0] && row->family == identity->family &&
           identity->model >= row->first_model && identity->model <= row->last_model &&
           identity->stepping >= row->first_stepping && identity->stepping <= row->last_stepping;
}

const struct erratum_row *errata_find(const struct cpu_identity *identity, uint32_t microcode,
                                      enum erratum erratum)
{
    if (cpu_identity_has(identity, CPU_FEATURE_HYPERVISOR))
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].erratum == erratum && is_of(&rows[i], identity))
            return rows[i].fixed_in != 0 && microcode >= rows[i].fixed_in ? NULL : &rows[i];
    return NULL;
}
