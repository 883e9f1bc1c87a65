/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What is wrong with which CPUs, as far as this kernel would do it: one table, errata.c, with a source a row.
 * The table is pure: hosted tests bring their own CPUs. Whoever has a workaround asks errata_applies().
 *
 * Nothing applies under a hypervisor: the features in question are its own, and the microcode revision that
 * it shows says nothing.
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
 * errata_find() - whether an erratum is one of a CPU's.
 * @microcode: the revision that is loaded.
 *
 * Return: the row that says so; NULL when the CPU has not got it, or its microcode mends it.
 */
const struct erratum_row *errata_find(const struct cpu_identity *identity, uint32_t microcode,
                                      enum erratum erratum);

/* What it is called, and what is done about it. One sentence each. */
struct erratum_words {
    const char *name, *workaround;
};
extern const struct erratum_words erratum_words[ERRATUM_COUNT];

/**
 * errata_init() - find those of the first CPU, and log them. Then errata_init_cpu().
 * Context: first CPU, once; traps work.
 */
void errata_init(void);

/* What has to be done on each CPU: C1E is switched off. Context: each CPU, when its traps work; also when it
   has been away. */
void errata_init_cpu(void);

/* Return: whether to work around it. ERRATUM_C1E: only where C1E is on and could not be switched off.
   Context: any. */
bool errata_applies(enum erratum erratum);

/* Of the first CPU: the revision of its microcode, 0 when it says none. */
uint32_t errata_microcode(void);

/* How many CPUs had C1E on, and have it off now. */
unsigned int errata_c1e_count(void);
