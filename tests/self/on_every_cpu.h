/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A function on all CPUs at once, as self-tests and benchmarks want it.
 */
#include <smp/idle.h>
#include <smp/ipi.h>

#define NEEDS_TWO()                                                                                          \
    do {                                                                                                     \
        if (ipi_online_count() < 2)                                                                          \
            SKIP_TEST("one CPU");                                                                            \
    } while (0)

/* What another CPU found, which EXPECT cannot count there; a test that wants it sets it to 0 first. */
extern uint32_t wrong; /* atomic */
void note_wrong(void);

/* Adds one to the uint32_t that @argument points to, atomically. */
void count_call(void *argument);

/**
 * on_every_cpu() - run @function(@argument) on the first @cpus CPUs that are online, this one included, at
 * once.
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
