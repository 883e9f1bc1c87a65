/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A scheduler of interleavings: "CPUs" are coroutines on one thread, and each atomic operation of the real
 * code is a point where another one may run (interleave_hook.h).
 *
 * interleave_all() runs all schedules in which a CPU is interrupted at most so many times where it could
 * have continued; a wait or an end does not count. Few interruptions find most faults (Musuvathi and
 * Qadeer, "Iterative Context Bounding for Systematic Testing of Multithreaded Programs", PLDI 2007), and
 * the number of schedules stays finite. interleave_random() runs schedules drawn from a seed. Compiled with
 * -fsanitize-coverage=trace-pc, each basic block of the subject is a point for it, too, so that it covers
 * plain memory under a lock.
 *
 * A schedule must be repeatable: each run begins in the same state.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <ashlar/types.h>

#include "seed.h"

#define INTERLEAVE_CPUS   4
#define INTERLEAVE_STACK  (256 << 10)
#define INTERLEAVE_DEPTH  100000
/* One of so many basic blocks is a point where another CPU runs. */
#define INTERLEAVE_BLOCKS 100
/* Waits in one run: more is a deadlock. */
#define INTERLEAVE_WAITS  50000
/* Basic blocks of the subject in one run, with its preparation and its check: more is a loop without end. */
#define INTERLEAVE_STEPS  2000000ul

static struct {
    struct {
        void *stack_pointer;
        char *stack;
        bool is_done;
    } cpus[INTERLEAVE_CPUS + 1]; /* the last is the caller */
    unsigned int count, current;
    void (*run)(unsigned int cpu);
    void (*switched)(unsigned int cpu);  /* NULL, or called with the CPU that runs next */
    void (*interrupt)(unsigned int cpu); /* NULL, or called on a CPU where an interrupt could come */
    bool is_running, is_random, is_deciding;

    unsigned int rate, waits;
    unsigned long steps; /* basic blocks of the subject since the run's state was prepared */

    /* The schedule: at each point with a choice, which one, and of how many. */
    uint16_t choice[INTERLEAVE_DEPTH], options[INTERLEAVE_DEPTH];
    unsigned int depth, known;
    unsigned int interruptions, bound;
} interleave;

void interleave_switch(void **save, void *load);
__asm__(".text\n.globl interleave_switch\ninterleave_switch:\n"
        "    push %rbx\n    push %rbp\n    push %r12\n    push %r13\n    push %r14\n    push %r15\n"
        "    mov %rsp, (%rdi)\n    mov %rsi, %rsp\n"
        "    pop %r15\n    pop %r14\n    pop %r13\n    pop %r12\n    pop %rbp\n    pop %rbx\n    ret\n");

/* The decision has been made. */
static void interleave_go(unsigned int to)
{
    unsigned int from = interleave.current;
    interleave.is_deciding = to != from;
    if (to == from)
        return;
    interleave.current = to;
    if (to < interleave.count && interleave.switched)
        interleave.switched(to);
    interleave.is_deciding = false;
    interleave_switch(&interleave.cpus[from].stack_pointer, interleave.cpus[to].stack_pointer);
}

/* Return: the schedule's choice among @options. */
static unsigned int interleave_choose(unsigned int options)
{
    if (options <= 1)
        return 0;
    if (interleave.is_random)
        return seed_below(options);
    unsigned int at = interleave.depth++;
    if (at == INTERLEAVE_DEPTH) {
        fprintf(stderr, "interleave: a schedule of more than %u choices\n", INTERLEAVE_DEPTH);
        abort();
    }
    if (at >= interleave.known) {
        interleave.choice[at] = 0;
        interleave.known = at + 1;
    }
    interleave.options[at] = (uint16_t)options;
    return interleave.choice[at];
}

/* Return: number @n of the CPUs that are not done, without the current one. */
static unsigned int interleave_other(unsigned int n)
{
    for (unsigned int cpu = 0; cpu < interleave.count; cpu++)
        if (cpu != interleave.current && !interleave.cpus[cpu].is_done && n-- == 0)
            return cpu;
    return interleave.count;
}

static unsigned int interleave_others(void)
{
    unsigned int others = 0;
    while (interleave_other(others) < interleave.count)
        others++;
    return others;
}

/* One of those that can go on, mostly the current one: one time in @rate another. */
static unsigned int interleave_draw(unsigned int rate)
{
    unsigned int others = interleave_others();
    return others > 0 && seed_below(rate) == 0 ? interleave_other(seed_below(others)) : interleave.current;
}

/* At atomic operations and waits, not at each basic block: sequences that restart count as one instruction.
 */
static void interleave_interrupt(void)
{
    if (interleave.interrupt)
        interleave.interrupt(interleave.current);
}

void interleave_point(void)
{
    if (!interleave.is_running || interleave.is_deciding)
        return;
    interleave.is_deciding = true;
    unsigned int to = interleave.current;
    if (interleave.is_random) {
        to = interleave_draw(interleave.rate);
    } else if (interleave.interruptions < interleave.bound) {
        unsigned int choice = interleave_choose(1 + interleave_others());
        if (choice > 0) {
            interleave.interruptions++;
            to = interleave_other(choice - 1);
        }
    }
    interleave_go(to);
    interleave_interrupt();
}

/* Called at each basic block of what is compiled so. A list that a planted fault has made a circle is walked
   without end, also by what prepares and checks; a count ends that at the same block on any machine, however
   slow. */
void __sanitizer_cov_trace_pc(void);
__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void)
{
    if (++interleave.steps > INTERLEAVE_STEPS) {
        fprintf(stderr, "interleave: more than %lu basic blocks in one run: it has no end\n",
                INTERLEAVE_STEPS);
        abort();
    }
    if (!interleave.is_running || !interleave.is_random || interleave.is_deciding)
        return;
    interleave.is_deciding = true;
    interleave_go(interleave_draw(INTERLEAVE_BLOCKS));
}

/* The next one runs, in order, so that CPUs that wait for a third one do not switch
   to each other for ever. */
int interleave_wait(void)
{
    if (!interleave.is_running)
        return 0;
    interleave.is_deciding = true;
    unsigned int cpu = interleave.current;
    do
        cpu = (cpu + 1) % interleave.count;
    while (interleave.cpus[cpu].is_done && cpu != interleave.current);
    /* The condition may have become true since it was checked, and the other CPUs be done. */
    if (++interleave.waits > INTERLEAVE_WAITS) {
        fprintf(stderr, "interleave: CPU %u waits for no CPU\n", interleave.current);
        abort();
    }
    interleave_go(cpu);
    interleave_interrupt();
    return 0;
}

static void interleave_body(void)
{
    interleave.run(interleave.current);
    interleave.is_deciding = true;
    interleave.cpus[interleave.current].is_done = true;
    unsigned int others = interleave_others();
    interleave_go(others > 0 ? interleave_other(interleave_choose(others)) : INTERLEAVE_CPUS);
    abort();
}

/* One run: @run(cpu) on each of @count CPUs, in one schedule. */
static void interleave_once(unsigned int count, void (*run)(unsigned int cpu))
{
    interleave.count = count;
    interleave.run = run;
    interleave.depth = interleave.interruptions = interleave.waits = 0;
    for (unsigned int cpu = 0; cpu < count; cpu++) {
        if (!interleave.cpus[cpu].stack)
            interleave.cpus[cpu].stack = malloc(INTERLEAVE_STACK);
        uint64_t *top = (uint64_t *)(void *)(interleave.cpus[cpu].stack + INTERLEAVE_STACK);
        *--top = 0; /* the ABI's alignment at a function's entry */
        *--top = (uint64_t)(uintptr_t)interleave_body;
        top -= 6;
        for (unsigned int i = 0; i < 6; i++)
            top[i] = 0;
        interleave.cpus[cpu].stack_pointer = top;
        interleave.cpus[cpu].is_done = false;
    }
    interleave.current = INTERLEAVE_CPUS;
    interleave.is_deciding = interleave.is_running = true;
    interleave_go(interleave_choose(count));
    interleave.is_running = false;
}

/**
 * interleave_all() - all schedules with at most @bound interruptions.
 * @prepare: creates the initial state of each run; @check: checks the final one.
 *
 * Return: how many there were.
 */
static UNUSED unsigned long interleave_all(unsigned int count, unsigned int bound, void (*prepare)(void),
                                           void (*run)(unsigned int cpu), void (*check)(void))
{
    unsigned long runs = 0;
    interleave.is_random = false;
    interleave.bound = bound;
    interleave.known = 0;
    for (;;) {
        interleave.steps = 0;
        prepare();
        interleave_once(count, run);
        check();
        runs++;
        unsigned int at = interleave.depth < interleave.known ? interleave.depth : interleave.known;
        while (at > 0 && interleave.choice[at - 1] + 1u >= interleave.options[at - 1])
            at--;
        if (at == 0)
            return runs;
        interleave.choice[at - 1]++;
        interleave.known = at;
    }
}

/* @runs random schedules; the seed is that of seed_from_environment(). */
static UNUSED void interleave_random(unsigned int count, unsigned long runs, void (*prepare)(void),
                                     void (*run)(unsigned int cpu), void (*check)(void))
{
    interleave.is_random = true;
    for (unsigned long i = 0; i < runs; i++) {
        interleave.rate = 1 + seed_below(40);
        interleave.steps = 0;
        prepare();
        interleave_once(count, run);
        check();
    }
}

/* All schedules with at most @bound interruptions, whose number is printed, and @runs random ones. */
static UNUSED void interleave_all_and_random(unsigned int count, unsigned int bound, unsigned long runs,
                                             void (*prepare)(void), void (*run)(unsigned int cpu),
                                             void (*check)(void))
{
    printf("%lu schedules\n", interleave_all(count, bound, prepare, run, check));
    interleave_random(count, runs, prepare, run, check);
}
