/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What a CPU does that has nothing to do, and giving it something.
 */
#include <smp/work_list.h>

/**
 * idle_init() - choose how idle CPUs wait: by MWAIT where that is good, else by HLT; the option
 * idle=hlt|mwait has its way.
 * Context: first CPU, before idle_init_cpu() of any.
 */
void idle_init(void);

/* "mwait" or "hlt". */
const char *idle_method(void);

/* Nothing can be given to a CPU that has not come yet. Context: before its idle_init_cpu(). */
void idle_prepare_cpu(unsigned int cpu);

/* This CPU may be given work. Context: when it comes, before others may know that it is there. */
void idle_init_cpu(void);

/**
 * idle_run() - wait, and do what idle_queue_work() brings.
 * Context: each CPU but the first, when it is online.
 */
NORETURN void idle_run(void);

/**
 * idle_queue_work() - have work done by another CPU's idle loop, with interrupts on: it may take its time,
 * allocate, and wait.
 * @cpu:  not the first, which runs the monitor.
 * @work: run and argument filled in; not to be touched until it is done.
 *
 * In the order in which it was given. Return: false when the CPU is not online: nothing will be done.
 * Context: any but NMI.
 */
bool idle_queue_work(unsigned int cpu, struct work *work) MUST_CHECK;

/* Waits until it is done. Context: thread, interrupts on; not the CPU that does it. */
void idle_wait_for_work(const struct work *work);

typedef void idle_exit_fn(void);

/**
 * idle_request_exit() - have a CPU leave its idle loop, once it has done what it was given; it is given
 * nothing from then on.
 * @cpu:   online, not the first.
 * @leave: called there, with interrupts off. When it returns, the CPU stays, and may be given work again.
 *
 * Context: any but NMI.
 */
void idle_request_exit(unsigned int cpu, idle_exit_fn *leave);
