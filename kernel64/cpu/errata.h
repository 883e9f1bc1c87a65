/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * CPU errata that concern this kernel: one table, errata.c, with a source in each row. The table is pure:
 * hosted tests bring their own CPUs. Whether this machine's CPUs have one: cpu/errata_cpu.h.
 *
 * None applies under a hypervisor: it provides the features in question, and its microcode revision has no
 * meaning.
 */
#include <cpu/features.h>

enum erratum {
    ERRATUM_C1E,          /* the LAPIC timer stops in C1E, which HLT enters: AMD's 400 and 669 */
    ERRATUM_TSC_DEADLINE, /* deadlines are late or lost without a microcode update */
    ERRATUM_MONITOR,      /* MWAIT does not end at a write to the line */
    ERRATUM_X2APIC,       /* boards' firmware does not work with CPUs in x2APIC mode */
    ERRATUM_COUNT
};

struct erratum_row {
    uint8_t erratum; /* enum erratum */
    char vendor;     /* first letter of CPUID's */
    uint8_t family, first_model, last_model, first_stepping, last_stepping;
    uint32_t fixed_in; /* microcode revision; 0: never */
    const char *source;
};

/**
 * errata_find() - whether a CPU has an erratum.
 * @identity:  of the CPU.
 * @microcode: the revision that is loaded.
 * @erratum:   below ERRATUM_COUNT.
 *
 * Return: its row; NULL when the CPU does not have it, or its microcode fixes it.
 * Context: any.
 */
const struct erratum_row *errata_find(const struct cpu_identity *identity, uint32_t microcode,
                                      enum erratum erratum);

/* Its name and workaround. */
struct erratum_words {
    const char *name, *workaround;
};
extern const struct erratum_words erratum_words[ERRATUM_COUNT];
