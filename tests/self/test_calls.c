/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls between processors, with waiting and without: from all to all, whatever the interrupt flag.
 */
#include <ashlar/ktest.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/irqflags.h>
#include <ashlar/time_units.h>

#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <irq/lapic.h>
#include <irq/vectors.h>
#include <smp/ipi.h>
#include <time/clock.h>
#include <trap/traps.h>

#include "on_every_cpu.h"

/* ---- calls ---- */

static uint32_t calls; /* atomic */

KTEST(smp, a_call_to_all_runs_once_on_each_cpu_before_it_returns)
{
    for (unsigned int i = 0; i < 100; i++) {
        calls = 0;
        ipi_call_all(count_call, &calls);
        EXPECT(calls == ipi_online_count());
    }
}

static void wait_for_two(void *argument)
{
    uint64_t end_ns = clock_now_ns() + IPI_TIMEOUT_NS;
    count_call(argument);
    while (__atomic_load_n((uint32_t *)argument, __ATOMIC_RELAXED) < 2 && clock_now_ns() < end_ns)
        cpu_relax();
    if (__atomic_load_n((uint32_t *)argument, __ATOMIC_RELAXED) < 2)
        note_wrong();
}

KTEST(smp, the_caller_runs_its_part_at_the_same_time)
{
    struct cpu_set online, two = { { 0 } };
    NEEDS_TWO();
    ipi_online(&online);
    for (unsigned int cpu = 0, count = 0; cpu < percpu_count() && count < 2; cpu++)
        if (cpu_set_has(&online, cpu)) {
            cpu_set_add(&two, cpu);
            count++;
        }
    calls = wrong = 0;
    ipi_call(&two, wait_for_two, &calls);
    EXPECT(calls == 2);
    EXPECT(wrong == 0);
}

static unsigned int called_cpu;

static void note_cpu(void *argument)
{
    (void)argument;
    called_cpu = PERCPU_MINE(cpu_number);
}

KTEST(smp, a_call_to_one_cpu_runs_on_that_cpu)
{
    struct cpu_set online;
    ipi_online(&online);
    for (unsigned int cpu = 0; cpu < percpu_count(); cpu++) {
        if (!cpu_set_has(&online, cpu))
            continue;
        called_cpu = UINT32_MAX;
        ipi_call_one(cpu, note_cpu, NULL);
        EXPECT(called_cpu == cpu);
    }
}

KTEST(smp, an_interrupt_is_counted_on_the_cpu_that_takes_it)
{
    struct cpu_set online;
    NEEDS_TWO();
    ipi_online(&online);
    for (unsigned int cpu = 0; cpu < percpu_count(); cpu++) {
        if (!cpu_set_has(&online, cpu) || cpu == PERCPU_MINE(cpu_number))
            continue;
        uint64_t before = traps_taken_count(cpu, VECTOR_CALL);
        ipi_call_one(cpu, note_cpu, NULL);
        EXPECT(traps_taken_count(cpu, VECTOR_CALL) > before);
    }
}

/* Rounds of calls from each CPU to all; fewer where there are many CPUs, because on a host with few CPUs a
   call to hundreds takes as many time slices. */
#define STORM_CALLS 20
#define STORM_MOST  320

static unsigned int storm_rounds(void)
{
    unsigned int fair = STORM_MOST / ipi_online_count();
    return fair > STORM_CALLS ? STORM_CALLS : fair > 2 ? fair : 2;
}

/* Every second one with interrupts off, where only serving while waiting keeps two from waiting for each
   other. */
static void call_all_cpus(void *argument)
{
    for (unsigned int i = 0; i < storm_rounds(); i++) {
        uint32_t reached = 0;
        irq_flags_t state = { 0 };
        if (i % 2)
            state = local_irq_save();
        ipi_call_all(count_call, &reached);
        if (i % 2)
            local_irq_restore(state);
        if (reached != ipi_online_count())
            note_wrong();
        count_call(argument);
    }
}

KTEST(smp, all_cpus_may_call_all_at_once)
{
    NEEDS_TWO();
    wrong = calls = 0;
    unsigned int cpus = on_every_cpu(0, call_all_cpus, &calls);
    EXPECT(calls == cpus * storm_rounds());
    EXPECT(wrong == 0);
}

/* ---- posts ---- */

#define POST_TIMEOUT_NS (10 * NS_PER_SECOND)

struct letter {
    struct work request;
    unsigned int cpu, times; /* not atomic: the caller waits for it */
};

static void open_letter(void *argument)
{
    struct letter *letter = argument;
    if (PERCPU_MINE(cpu_number) != letter->cpu)
        note_wrong();
    letter->times++;
}

static struct cpu_set reachable;

static void post_letter(struct letter *letter, unsigned int cpu)
{
    letter->request = (struct work){ .run = open_letter, .argument = letter };
    letter->cpu = cpu;
    if (!ipi_post(cpu, &letter->request))
        note_wrong();
}

/* To all, itself included; every second time with interrupts off until all have been read. */
static void post_to_all_cpus(void *argument)
{
    struct letter *letters = kcalloc(percpu_count(), sizeof(*letters));
    if (!letters) {
        note_wrong();
        return;
    }
    for (unsigned int i = 1; i <= storm_rounds(); i++) {
        irq_flags_t state = { 0 };
        if (i % 2)
            state = local_irq_save();
        for (unsigned int cpu = 0; cpu < percpu_count(); cpu++)
            if (cpu_set_has(&reachable, cpu))
                post_letter(&letters[cpu], cpu);
        for (unsigned int cpu = 0; cpu < percpu_count(); cpu++)
            if (cpu_set_has(&reachable, cpu)) {
                ipi_wait(cpu, &letters[cpu].request);
                if (letters[cpu].times != i)
                    note_wrong();
            }
        if (i % 2)
            local_irq_restore(state);
        count_call(argument);
    }
    kfree(letters);
}

KTEST(smp, posts_from_all_cpus_to_all_run_once_each)
{
    wrong = calls = 0;
    ipi_online(&reachable);
    unsigned int cpus = on_every_cpu(0, post_to_all_cpus, &calls);
    EXPECT(calls == cpus * storm_rounds());
    EXPECT(wrong == 0);
}

#define HOPS 1000

static struct hop {
    struct work request;
    unsigned int cpu;
} * hops; /* each posts the next one */

static void hop_on(void *argument)
{
    struct hop *hop = argument;
    if (PERCPU_MINE(cpu_number) != hop->cpu)
        note_wrong();
    if (hop + 1 < hops + HOPS && !ipi_post(hop[1].cpu, &hop[1].request))
        note_wrong();
}

KTEST(smp, a_called_function_may_post)
{
    hops = kcalloc(HOPS, sizeof(*hops));
    ASSERT_THAT(hops);
    wrong = 0;
    ipi_online(&reachable);
    for (unsigned int i = 0, cpu = 0; i < HOPS; i++) {
        do
            cpu = (cpu + 1) % percpu_count();
        while (!cpu_set_has(&reachable, cpu));
        hops[i] = (struct hop){ .request = { .run = hop_on, .argument = &hops[i] }, .cpu = cpu };
    }
    ASSERT_THAT(ipi_post(hops[0].cpu, &hops[0].request));
    /* Each was posted before the one before it was done. */
    for (unsigned int i = 0; i < HOPS; i++)
        ipi_wait(hops[i].cpu, &hops[i].request);
    EXPECT(wrong == 0);
    kfree(hops);
}

/* ipi_wait() would call, and bring what has not arrived. */
static bool is_read_by_itself(const struct letter *letter)
{
    uint64_t end_ns = clock_now_ns() + POST_TIMEOUT_NS;
    while (!work_is_done(&letter->request))
        if (clock_now_ns() > end_ns)
            return false;
        else
            cpu_relax();
    return letter->times == 1;
}

KTEST(smp, a_post_arrives_without_a_call)
{
    wrong = 0;
    ipi_online(&reachable);
    for (unsigned int cpu = 0; cpu < percpu_count(); cpu++) {
        struct letter letter = { 0 };
        if (!cpu_set_has(&reachable, cpu))
            continue;
        post_letter(&letter, cpu);
        EXPECT(is_read_by_itself(&letter));
        ipi_wait(cpu, &letter.request);
    }
    EXPECT(wrong == 0);
}

KTEST(smp, a_post_to_the_own_cpu_runs_when_interrupts_are_enabled)
{
    struct letter letter = { 0 };
    if (lapic_mode() == LAPIC_NONE)
        SKIP_TEST("no local APIC");
    irq_flags_t state = local_irq_save();
    post_letter(&letter, PERCPU_MINE(cpu_number));
    bool was_done = work_is_done(&letter.request);
    local_irq_restore(state);
    EXPECT(!was_done);
    EXPECT(is_read_by_itself(&letter));
    ipi_wait(letter.cpu, &letter.request);
}
