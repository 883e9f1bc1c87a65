/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Cross-calls: functions run on other CPUs, and waking and stopping those.
 *
 * A called function runs in an interrupt of the other CPU, or while that CPU waits for a cross-call of its
 * own or polls: it is short, takes only locks that may be taken after any lock that polls calls
 * (ashlar/sync/lock_class.h), does not allocate, arms no timer, makes no cross-call and waits for no CPU. It
 * may post, and free frames. Checked builds check that (ashlar/sync/context.h). For long work see smp/idle.h.
 * Without SMP, cross-calls are calls: up.c.
 */
#include <ashlar/status.h>
#include <ashlar/time_units.h>
#include <cpu/percpu.h>
#include <smp/inbox.h>
#include <smp/work_list.h>

/* A set of CPUs, by number. Context of what follows: any. */
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

/**
 * ipi_prepare_cpu() - refuse posts for a CPU that is not online yet.
 * @cpu: its number.
 *
 * Context: the CPU that starts it, before its ipi_init_cpu().
 */
void ipi_prepare_cpu(unsigned int cpu);

/**
 * ipi_init_cpu() - put this CPU online: it takes cross-calls and posts from now on. Flushes its TLB.
 *
 * Context: each CPU as it starts; interrupts are masked meanwhile.
 */
void ipi_init_cpu(void);

/**
 * ipi_close_posts() - run what was posted to this CPU, and refuse further posts; ipi_offline_cpu() follows.
 *
 * Context: interrupts off.
 */
void ipi_close_posts(void);

/**
 * ipi_offline_cpu() - this CPU takes no more cross-calls: those that had reached it have run on return.
 *
 * TLB shootdowns do not reach it any more either: until it halts it accesses only what is never unmapped.
 * Context: interrupts off, from now until it halts.
 */
void ipi_offline_cpu(void);

/**
 * ipi_online() - the CPUs that take cross-calls.
 * @set: receives a copy; CPUs may go online and offline meanwhile.
 *
 * Context: any.
 */
void ipi_online(struct cpu_set *set);

/* Number of online CPUs. Context: any. */
unsigned int ipi_online_count(void);

/**
 * ipi_call() - call @function(@argument) on every CPU of a set, and wait until all have returned.
 * @set:      CPUs that are not online, or go offline meanwhile, are skipped. This CPU may be in it, and calls
 *            the function itself.
 * @function: see the head of this file.
 * @argument: valid until this returns.
 *
 * While it waits it runs what others call here, so two CPUs that call each other do not deadlock, with
 * interrupts on or off. A CPU that does not respond for IPI_TIMEOUT_NS is logged and interrupted again;
 * after ten times the kernel panics, because what was asked of that CPU must not be left undone.
 * Context: CHECK_MAY_CALL() of ashlar/sync/context.h: interrupts on or off, no lock held whose waiters do not
 *          poll cross-calls, not in a cross-call; not NMI. Takes no lock.
 * Cost: one IPI to each CPU, at the same time; no memory.
 */
void ipi_call(const struct cpu_set *set, call_fn *function, void *argument);

/* The same on one CPU, and on all. Context of both: as ipi_call(). */
void ipi_call_one(unsigned int cpu, call_fn *function, void *argument);
void ipi_call_all(call_fn *function, void *argument);

/**
 * ipi_post() - have @request->run(@request->argument) run on a CPU, without waiting for it.
 * @cpu:     may be this one, which runs it when its interrupts are on, or when it polls.
 * @request: the caller's memory, one for each CPU; not to be touched until work_is_done() is true.
 *
 * It runs once, under the rules for a called function, and may post in turn; the order of requests is not
 * defined. If its IPI is lost, it runs with the next cross-call to that CPU: ipi_wait() makes one. Without a
 * local APIC it has run before this returns.
 *
 * Return: false when that CPU is not online: it will not run.
 * Context: any but NMI; interrupts on or off; also a cross-call. Takes no lock.
 */
bool ipi_post(unsigned int cpu, struct work *request) MUST_CHECK;

/**
 * ipi_wait() - wait until posted work is done.
 * @cpu:     to which it was posted.
 * @request: from ipi_post().
 *
 * Context: as ipi_call(), which it may make.
 */
void ipi_wait(unsigned int cpu, const struct work *request);

/**
 * ipi_poll() - run what other CPUs call here and have posted here.
 *
 * For loops that wait for another CPU with interrupts off.
 * Context: any but NMI and a cross-call.
 */
void ipi_poll(void);

#define IPI_TIMEOUT_NS (1 * NS_PER_SECOND)

/**
 * ipi_wake() - end HLT on a CPU, so that its idle loop checks for work.
 * @cpu: online.
 *
 * Context: any but NMI.
 */
void ipi_wake(unsigned int cpu);

/**
 * ipi_stop_others() - halt all other CPUs by NMI, also those with interrupts off. Does not wait for them.
 *
 * Does not return when another CPU has begun to stop the others: this CPU halts, too.
 * Context: any; for a panic.
 */
void ipi_stop_others(void);

/* The APIC ID of a CPU that is or was online. Context: any. */
uint32_t ipi_apic_id(unsigned int cpu);
