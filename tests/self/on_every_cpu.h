/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A function on all CPUs at once, for self-tests and benchmarks.
 */
#include <smp/idle.h>
#include <smp/ipi.h>

#define NEEDS_TWO()                                                                                          \
    do {                                                                                                     \
        if (ipi_online_count() < 2)                                                                          \
            SKIP_TEST("one CPU");                                                                            \
    } while (0)

/* on_every_cpu(), and expects that no CPU has called note_wrong(). */
#define EXPECT_ON_EVERY_CPU(cpus, function, argument)                                                        \
    do {                                                                                                     \
        wrong = 0;                                                                                           \
        on_every_cpu(cpus, function, argument);                                                              \
        EXPECT(wrong == 0);                                                                                  \
    } while (0)

/* Failures found on other CPUs, where EXPECT cannot count them; a test that uses it sets it to 0 first. */
extern uint32_t wrong; /* atomic */
void note_wrong(void);

/* Adds one to the uint32_t that @argument points to, atomically. */
void count_call(void *argument);

/**
 * on_every_cpu() - run @function(@argument) on the first @cpus CPUs that are online, this one included, at
 * once.
 * @cpus: 0 for all.
 *
 * Returns when all have run it.
 * Return: the number of CPUs; 0 when there was no memory, and then it ran on none.
 * Context: the BSP's thread, interrupts on.
 */
unsigned int on_every_cpu(unsigned int cpus, work_fn *function, void *argument);

/* The same on one CPU other than the BSP. Return: false when it is not online. */
bool on_cpu(unsigned int cpu, work_fn *function, void *argument) MUST_CHECK;

/* Return: the next CPU after @cpu that is online; 0 when there is none. */
unsigned int next_online_cpu(unsigned int cpu);
