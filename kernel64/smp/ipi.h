/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Functions called on other CPUs, and waking and stopping them.
 *
 * What is called runs in an interrupt of the other CPU, or in the middle of a call that it makes itself: it
 * is short, takes no lock that is ever held with interrupts on, does not allocate, arms no timer, calls
 * nobody and waits for nobody. It may post.
 */
#include <ashlar/status.h>
#include <cpu/percpu.h>
#include <smp/inbox.h>
#include <smp/work_list.h>

/* A set of CPUs, by number. */
struct cpu_set {
    uint64_t words[PERCPU_MAX / 64];
};

static inline void cpu_set_add(struct cpu_set *set, unsigned int cpu)
{
    set->words[cpu / 64] |= 1ULL << cpu % 64;
}

static inline bool cpu_set_has(const struct cpu_set *set, unsigned int cpu)
{
    return (set->words[cpu / 64] >> cpu % 64 & 1) != 0;
}

/* Nothing can be posted to a CPU that has not come yet. Context: before its ipi_init_cpu(). */
void ipi_prepare_cpu(unsigned int cpu);

/**
 * ipi_init_cpu() - this CPU takes calls from now on.
 * Context: interrupts off, each CPU when it comes.
 */
void ipi_init_cpu(void);

/* What was posted here is done, and nothing more is taken; ipi_offline_cpu() follows. Context: interrupts
   off. */
void ipi_close_posts(void);

/**
 * ipi_offline_cpu() - this CPU takes no more calls: when it returns, those that had reached it are done, and
 * nobody waits.
 *
 * Shootdowns do not reach it any more, either: until it stops it may touch nothing but what stays mapped for
 * good.
 * Context: interrupts off, from now until it stops.
 */
void ipi_offline_cpu(void);

/* The CPUs that take calls; a copy, of a set which others may join and leave meanwhile. */
void ipi_online(struct cpu_set *set);

/* How many those are. */
unsigned int ipi_online_count(void);

/**
 * ipi_call() - call @function(@argument) on every CPU of a set, and wait until all have returned.
 * @set: CPUs that are not online, or leave meanwhile, are left out; this CPU may be in it, and is then called
 *       beside them.
 *
 * While it waits it serves what others call here, so two that call each other do not deadlock, whether
 * interrupts are on or off. A CPU that does not answer is named in the log after IPI_PATIENCE_NS, and its
 * interrupt is sent again; after ten times that the machine panics, because what was asked of that CPU may
 * not be left undone.
 * Context: any but NMI and a function that is being called.
 */
void ipi_call(const struct cpu_set *set, call_fn *function, void *argument);

/* The same on one CPU; on all. */
void ipi_call_one(unsigned int cpu, call_fn *function, void *argument);
void ipi_call_all(call_fn *function, void *argument);

/**
 * ipi_post() - have @request->run(@request->argument) called on a CPU, without waiting for it.
 * @cpu:     also this one, which does it when its interrupts are on, or when it serves.
 * @request: the caller's memory, not to be touched until it is done, which work_is_done() tells. To call
 *           many, one for each.
 *
 * It runs once, as what is called does, and may post in its turn. In no particular order with others. When
 * its interrupt is lost, it runs with the next call to that CPU, which does all that is there: ipi_wait() is
 * one, and so has its patience. Without a local APIC it has run before this returns.
 * Return: false when that CPU is not online: it will not run.
 * Context: any but NMI; interrupts on or off; also a function that is being called.
 */
bool ipi_post(unsigned int cpu, struct work *request) MUST_CHECK;

/**
 * ipi_wait() - wait until what was posted is done.
 * @cpu: to which it was posted.
 *
 * Context: as ipi_call(), which it may do.
 */
void ipi_wait(unsigned int cpu, const struct work *request);

/* Does what others call here and have posted here now. For loops that wait for another CPU, whether
   interrupts are on or off. */
void ipi_poll(void);

#define IPI_PATIENCE_NS 1000000000ULL

/* Has a CPU look for work, if it is halted. Context: any but NMI. */
void ipi_wake(unsigned int cpu);

/* No other CPU goes on: NMIs halt them, also those with interrupts off. Waits for nobody. Context: any; a
   panic. */
void ipi_stop_others(void);

/* APIC identity of a CPU that is online. */
uint32_t ipi_apic_id(unsigned int cpu);
