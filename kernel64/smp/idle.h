/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What a CPU does that has nothing to do, and giving it something.
 */
#include <smp/work_list.h>

/**
 * idle_run() - halt, and do what idle_give() brings.
 * Context: each CPU but the first, when it is online.
 */
NORETURN void idle_run(void);

/**
 * idle_give() - have work done by another CPU's idle loop, with interrupts on: it may take its time, allocate, and wait.
 * @cpu:  online, not the first, which runs the monitor.
 * @work: run and argument filled in; not to be touched until it is done.
 *
 * In the order in which it was given. Context: any but NMI.
 */
void idle_give(unsigned int cpu, struct work *work);

/* Waits until it is done. Context: thread, interrupts on; not the CPU that does it. */
void idle_wait(const struct work *work);
