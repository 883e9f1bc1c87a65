/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The idle loop of the APs, and work for it. Until there are threads, this is how long-running work reaches a
 * CPU; for short functions that run in an interrupt see smp/ipi.h. Without SMP: up.c.
 */
#include <smp/work_list.h>

/**
 * idle_init() - choose how idle CPUs wait: MWAIT where it wakes reliably, else HLT; idle=hlt|mwait overrides.
 *
 * Context: once, BSP, before idle_init_cpu() of any CPU.
 */
void idle_init(void);

/* "mwait" or "hlt". Context: any, after idle_init(). */
const char *idle_method(void);

/**
 * idle_prepare_cpu() - refuse work for a CPU that is not online yet.
 * @cpu: its number.
 *
 * Context: the CPU that starts it, before its idle_init_cpu().
 */
void idle_prepare_cpu(unsigned int cpu);

/* Accept work for this CPU. Context: this CPU as it starts, interrupts off, before it is online. */
void idle_init_cpu(void);

/**
 * idle_run() - wait for work and run it, forever.
 *
 * Context: each AP once it is online.
 */
NORETURN void idle_run(void);

/**
 * idle_queue_work() - have a function run in another CPU's idle loop, with interrupts on: it may take long,
 * allocate and wait.
 * @cpu:  not the BSP, which runs the monitor.
 * @work: run and argument filled in; the caller's memory, not to be touched until work_is_done().
 *
 * Work runs in the order in which it was queued.
 * Return: false when the CPU is not online: the work will not run.
 * Context: any but NMI. Takes no lock.
 */
bool idle_queue_work(unsigned int cpu, struct work *work) MUST_CHECK;

/**
 * idle_wait_for_work() - sleep until queued work is done.
 * @work: from idle_queue_work().
 *
 * Context: CHECK_MAY_SLEEP() of ashlar/sync/context.h: thread, interrupts on, no lock held; not the CPU that
 *          runs it.
 */
void idle_wait_for_work(const struct work *work);

typedef void idle_exit_fn(void);

/**
 * idle_request_exit() - have a CPU's idle loop call a function once its work is done; it accepts no work
 * then.
 * @cpu:  online, not the BSP.
 * @exit: called there with interrupts off. If it returns, the CPU accepts work again.
 *
 * Context: any but NMI. Takes no lock; does not wait.
 */
void idle_request_exit(unsigned int cpu, idle_exit_fn *exit);
