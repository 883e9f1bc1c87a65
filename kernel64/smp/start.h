/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Starting the application processors, all at once, and the state of every CPU. The state machine is drawn in
 * start.c. Without SMP: up.c.
 */
#include <ashlar/status.h>
#include <ashlar/time_units.h>
#include <cpu/topology.h>
#include <smp/trampoline_layout.h>

/**
 * smp_start() - start every CPU that firmware lists and the options maxcpus= and cpus= allow.
 *
 *     INIT to all, one delay where the CPU family needs it, a SIPI to all, a second SIPI to those that have
 *     not responded
 *
 * A CPU finds its slot by its APIC ID and starts at its own pace. When no CPU has reached a new stage for
 * SMP_TIMEOUT_NS, those that have not arrived are given up and logged with their stage; one that turns up
 * later parks. The CPUs that arrived are online when this returns.
 * Context: once, BSP's thread, interrupts on. Allocates.
 */
void smp_start(void);

/**
 * smp_start_again() - start one CPU that was online once, or that was given up.
 * @ap: from smp/ap.h; not online, and not at AP_STAGE_KERNEL.
 *
 * Return: STATUS_OK; STATUS_TIMEOUT when it does not start, and its stage is logged; STATUS_NO_MEMORY.
 * Context: BSP's thread, interrupts on. Allocates.
 */
struct ap;
status_t smp_start_again(struct ap *ap) MUST_CHECK;

/* The state of a CPU, the BSP included. */
struct smp_cpu {
    uint32_t apic_id;
    uint32_t initial_id;    /* its place in the topology; apic_id before AP_STAGE_KERNEL */
    unsigned int cpu;       /* its number */
    enum ap_stage stage;    /* AP_STAGE_ONLINE, or the last one that it reached */
    bool is_started;        /* INIT and SIPI were sent to it, unless there was no memory for a trampoline */
    bool is_offline;        /* it was taken offline */
    enum core_kind kind;    /* valid from AP_STAGE_KERNEL on */
    uint64_t ns[AP_STAGES]; /* since boot, when it reached each stage */
};

/* Number of CPUs that firmware lists and options allow, including the BSP. Context: thread, after
   smp_start(). */
unsigned int smp_cpu_count(void);

/**
 * smp_cpu() - the state of one of them.
 * @index: 0 .. smp_cpu_count() - 1: 0 is the BSP, the others follow in the order of firmware's tables.
 * @cpu:   receives it.
 *
 * Context: thread, after smp_start(). CPUs may change state meanwhile.
 */
void smp_cpu(unsigned int index, struct smp_cpu *cpu);
