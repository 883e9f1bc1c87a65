/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A function on all CPUs at once, as self-tests and benchmarks want it.
 */
#include <smp/idle.h>

/**
 * on_every_cpu() - run @function(@argument) on the first @cpus CPUs that are online, this one included, at once.
 * @cpus: 0 for all.
 *
 * Returns when all have. Return: how many those were; 0, and nothing was run, when there is no memory.
 * Context: the first CPU's thread, interrupts on.
 */
unsigned int on_every_cpu(unsigned int cpus, work_fn *function, void *argument);

/* The same on one CPU that is not the first. Return: false when it is not online. */
bool on_cpu(unsigned int cpu, work_fn *function, void *argument) MUST_CHECK;

/* Return: the next CPU after @cpu that is online; 0 when there is none. */
unsigned int next_online_cpu(unsigned int cpu);
