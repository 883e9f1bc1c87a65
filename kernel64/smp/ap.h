/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The application processors: the list of them, and the record of each. Without SMP: up.c.
 *
 * Context of all: BSP's thread, where nothing else is said; records stay for good once smp_start() has begun.
 */
#include <ashlar/status.h>
#include <ashlar/time_units.h>
#include <cpu/gdt.h>
#include <cpu/mtrr.h>
#include <cpu/topology.h>
#include <panic/stacks.h>
#include <smp/trampoline_layout.h>

/* A CPU that makes no progress for so long is given up. */
#define SMP_TIMEOUT_NS (1 * NS_PER_SECOND)

struct ap {
    uint32_t apic_id;        /* as firmware lists it */
    uint32_t initial_id;     /* of CPUID; written by the CPU before AP_STAGE_KERNEL */
    unsigned int node;       /* its NUMA node */
    unsigned int cpu;        /* its number; constant from when it is prepared */
    enum ap_stage stage;     /* atomic; written by the CPU from AP_STAGE_KERNEL on */
    uint32_t arrival;        /* atomic; enum ap_arrival: decides whether it goes online or parks */
    bool is_started;         /* INIT and SIPI were sent to it */
    bool is_offline;         /* taken offline; written by the CPU before its stage is AP_STAGE_NONE again */
    status_t offline_status; /* atomic; why it could not go offline; STATUS_OK: no error so far */
    uint64_t ticks[AP_STAGES];
    enum core_kind kind;         /* written by the CPU before AP_STAGE_KERNEL */
    struct mtrr_difference mtrr; /* likewise */
    struct stack stacks[TRAP_STACK_END];
    char stack_names[TRAP_STACK_END][24];
    struct ap *next;
};

/**
 * ap_find_all() - make the list: every CPU that firmware lists and the options allow, without the BSP.
 *
 * maxcpus=N and cpus=LIST choose by the numbers that all CPUs would have; absentcpu=LIST adds APIC IDs of
 * CPUs that do not exist, for tests. A CPU that is listed twice is one. One that interrupts cannot reach is
 * left out with a line in the log. Those left out are recorded with the reason.
 * Context: once, BSP's thread. Allocates.
 */
void ap_find_all(void);

/* The most CPUs that are started at once: cpuwave=N. */
uint64_t ap_wave_limit(void);

/* The list, in the order of firmware's tables; NULL when it is empty. Context: any. */
struct ap *ap_first(void);

/* The record of the CPU with a number; NULL for the BSP and where there is none. Context: any. */
struct ap *ap_of(unsigned int cpu);

/* Number of CPUs in the list. */
unsigned int ap_count(void);

/* Why a CPU that firmware lists is not in the list. */
enum ap_left_out {
    AP_LEFT_OUT_BY_OPTION, /* maxcpus= or cpus= */
    AP_LEFT_OUT_BY_NUMBER, /* there are PERCPU_MAX before it */
    AP_LEFT_OUT_BY_REACH,  /* its APIC ID exceeds xAPIC mode's 8 bits, or there is no local APIC */
    AP_LEFT_OUT_BY_MEMORY,
    AP_LEFT_OUT_REASONS
};

/* CPUs that were left out, in the order of firmware's tables; NULL at the end. */
struct ap_absent {
    uint32_t apic_id;
    enum ap_left_out why;
    struct ap_absent *next;
};
const struct ap_absent *ap_first_left_out(void);

/* Number of CPUs left out; only the first PERCPU_MAX are in the list above. */
unsigned int ap_left_out_count(void);

/* @why as a word of the JSON report, and as words for a user. Context of both: any. */
const char *ap_left_out_name(enum ap_left_out why);
const char *ap_left_out_words(enum ap_left_out why);

/**
 * ap_stage_words() - what a stage means for a CPU that stopped there, as words for the log.
 * @stage: any.
 *
 * Return: a constant string.
 * Context: any.
 */
const char *ap_stage_words(enum ap_stage stage);

/**
 * ap_filter() - remove CPUs from the list; they are left out by AP_LEFT_OUT_BY_MEMORY.
 * @predicate: called for each in the list's order; false removes it.
 *
 * Context: BSP's thread, from smp_start().
 */
void ap_filter(bool (*predicate)(struct ap *ap));

/**
 * ap_decide_arrival() - decide whether a CPU goes on or parks.
 * @arrival:  that of a slot, or of struct ap; AP_EXPECTED until the first decision.
 * @decision: AP_ARRIVED by the CPU itself, AP_GIVEN_UP by the one that starts it.
 *
 * Return: whether @decision was the first, and stands.
 * Context: any. Acquire and release: what the CPU and its starter wrote before is visible to the other.
 */
bool ap_decide_arrival(uint32_t *arrival, enum ap_arrival decision);
