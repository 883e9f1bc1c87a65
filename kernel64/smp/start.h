/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Starting the other processors, all at once, and what became of each.
 */
#include <ashlar/status.h>
#include <cpu/topology.h>
#include <smp/trampoline_layout.h>

/**
 * smp_start() - start every CPU that firmware lists and the options maxcpus= and cpus= allow.
 *
 *     INIT to all, one wait where the CPU family needs it, a startup to all, a second to those that did not
 *     move
 *
 * Each finds itself by its APIC identity and comes up at its own pace. One that has not arrived when for
 * SMP_PATIENCE_NS none has come any further is given up, named with its stage; it parks if it turns up later.
 * The CPUs that arrived are online when this returns.
 * Context: once, first CPU, interrupts on.
 */
void smp_start(void);

#define SMP_PATIENCE_NS 1000000000ULL

/**
 * smp_start_again() - start one CPU that was online once, or did not come.
 * @ap: from smp/ap.h; not online, and not in the kernel.
 *
 * Return: STATUS_OK; STATUS_TIMEOUT when it did not come, and the log says how far; STATUS_NO_MEMORY.
 * Context: first CPU's thread, interrupts on.
 */
struct ap;
status_t smp_start_again(struct ap *ap) MUST_CHECK;

/* What became of a CPU; the first one, too. Index: 0 .. smp_cpu_count() - 1, in the order of the tables, the
   first CPU first. */
struct smp_cpu {
    uint32_t apic_id;
    uint32_t initial_id;    /* which says where it sits; apic_id until the CPU has come into the kernel */
    unsigned int cpu;       /* its number */
    enum ap_stage stage;    /* AP_STAGE_ONLINE, or where it stopped */
    bool is_offline;        /* it was taken offline */
    enum core_kind kind;    /* of those that have come into the kernel */
    uint64_t ns[AP_STAGES]; /* since boot, when it reached each stage */
};

unsigned int smp_cpu_count(void);
void smp_cpu(unsigned int index, struct smp_cpu *cpu);

const char *ap_stage_words(enum ap_stage stage);
