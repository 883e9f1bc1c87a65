/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The processors that are not the first: which there are, and what is known of each.
 */
#include <ashlar/status.h>
#include <cpu/gdt.h>
#include <cpu/mtrr.h>
#include <cpu/topology.h>
#include <panic/stacks.h>
#include <smp/trampoline_layout.h>

struct ap {
    uint32_t apic_id;        /* as firmware lists it */
    uint32_t initial_id;     /* of CPUID; written by the CPU before AP_STAGE_KERNEL */
    unsigned int node;       /* its NUMA node */
    unsigned int cpu;        /* its number; constant from when it is prepared */
    enum ap_stage stage;     /* atomic; written by the CPU from AP_STAGE_KERNEL on */
    uint32_t join;           /* atomic; enum ap_claim: whether it goes online when it is ready to */
    bool is_offline;         /* taken offline; written by the CPU before its stage is none again */
    status_t offline_status; /* atomic; why it did not leave; STATUS_OK: nothing has kept it */
    uint64_t ticks[AP_STAGES];
    enum core_kind kind;         /* written by the CPU before AP_STAGE_KERNEL */
    struct mtrr_difference mtrr; /* likewise */
    struct stack stacks[TRAP_STACK_END];
    char stack_names[TRAP_STACK_END][24];
    struct ap *next;
};

/**
 * ap_find_all() - make the list: every CPU that firmware lists, the first CPU excepted, and that the options
 * allow.
 *
 * maxcpus=N, cpus=LIST choose, by the numbers that all would have; absentcpu=LIST adds APIC ids that nobody
 * answers to. A CPU that is listed twice is one; one that interrupts cannot reach is left out, and the log
 * says so. Those that are left out are kept by reason.
 * Context: once, first CPU, thread.
 */
void ap_find_all(void);

/* How many may be started at once: cpuwave=N. */
uint64_t ap_wave_limit(void);

/* The list, in the tables' order; NULL when it is empty. */
struct ap *ap_first(void);

/* The one of a number; NULL when there is none. */
struct ap *ap_of(unsigned int cpu);

/* How many it has. */
unsigned int ap_count(void);

/* Why a CPU that firmware lists is not in the list. */
enum ap_left_out {
    AP_LEFT_OUT_BY_OPTION, /* maxcpus= or cpus= */
    AP_LEFT_OUT_BY_NUMBER, /* there are PERCPU_MAX before it */
    AP_LEFT_OUT_BY_REACH,  /* its APIC ID is beyond xAPIC mode, or there is no local APIC */
    AP_LEFT_OUT_BY_MEMORY,
    AP_LEFT_OUT_REASONS
};

/* CPUs that were left out, in the tables' order; NULL at the end. */
struct ap_absent {
    uint32_t apic_id;
    enum ap_left_out why;
    struct ap_absent *next;
};
const struct ap_absent *ap_first_left_out(void);

/* How many those are; only the first PERCPU_MAX are noted. */
unsigned int ap_left_out_count(void);

/* A word for programs, and one for people. */
const char *ap_left_out_name(enum ap_left_out why);
const char *ap_left_out_words(enum ap_left_out why);

/* Takes those out of the list for which @keeps returns false; asked in the list's order. They are left out
   for want of memory. */
void ap_filter(bool (*keeps)(struct ap *ap));
