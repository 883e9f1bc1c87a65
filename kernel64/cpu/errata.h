/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * CPU errata that concern this kernel: one table, errata.c, with a source in each row. The table is pure:
 * hosted tests bring their own CPUs. Code with a workaround asks errata_applies().
 *
 * None applies under a hypervisor: it provides the features in question, and the microcode revision that it
 * shows says nothing.
 */
#include <cpu/features.h>

enum erratum {
    ERRATUM_C1E,          /* the LAPIC timer stops in C1E, which HLT enters: AMD's 400 and 669 */
    ERRATUM_TSC_DEADLINE, /* deadlines come late or never, for want of microcode */
    ERRATUM_MONITOR,      /* MWAIT sleeps on when the line is written to */
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
 * Return: the row that says so; NULL when the CPU does not have it, or its microcode fixes it.
 * Context: any.
 */
const struct erratum_row *errata_find(const struct cpu_identity *identity, uint32_t microcode,
                                      enum erratum erratum);

/* Its name, and what is done about it. */
struct erratum_words {
    const char *name, *workaround;
};
extern const struct erratum_words erratum_words[ERRATUM_COUNT];

/**
 * errata_init() - find those of the first CPU, and log them. Then errata_init_cpu().
 * Context: first CPU, once; traps work.
 */
void errata_init(void);

/* What is done on each CPU: C1E is switched off. Context: each CPU, after traps_init_cpu(); again when it
   comes back online. */
void errata_init_cpu(void);

/* Return: whether a workaround is needed. ERRATUM_C1E: only where C1E is on and could not be switched off.
   Context: any. */
bool errata_applies(enum erratum erratum);

/* Microcode revision of the first CPU; 0 when it does not tell. Context: any. */
uint32_t errata_microcode(void);

/* On how many CPUs C1E was switched off. Context: any. */
unsigned int errata_c1e_count(void);
