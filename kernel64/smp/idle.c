/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Idle CPUs. Until there are threads, this is also how work reaches a CPU.
 *
 * A CPU's work is a list that anybody pushes to and only the CPU takes, all at once: push by compare and exchange, take by
 * exchange, so that it needs no lock and no node is ever taken while it is pushed again. What was taken is turned round, to
 * run in the order in which it came.
 */
#include <smp/idle.h>

#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <cpu/tlb.h>
#include <smp/ipi.h>
#include <time/clock.h>
#include <time/timer.h>

static PERCPU(struct work *, work_list);

static struct work *take_all(void)
{
    struct work **list = PERCPU_OF(PERCPU_MINE(cpu_number), work_list);
    /* Acquire pairs with the release in idle_give(). */
    struct work *newest = __atomic_exchange_n(list, NULL, __ATOMIC_ACQUIRE), *oldest = NULL;
    while (newest) {
        struct work *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

static void run_all(struct work *work)
{
    while (work) {
        struct work *next = work->next;
        work->run(work->argument);
        /* Release: what it did is seen by who finds it done. The memory is the giver's from here on. */
        __atomic_store_n(&work->is_done, true, __ATOMIC_RELEASE);
        work = next;
    }
}

void idle_run(void)
{
    for (;;) {
        cpu_interrupts_off();
        struct work *work = take_all();
        if (!work) {
            tlb_enter_idle();
            cpu_interrupts_on_and_halt();
            continue;
        }
        cpu_interrupts_on();
        run_all(work);
    }
}

void idle_give(unsigned int cpu, struct work *work)
{
    struct work **list = PERCPU_OF(cpu, work_list);
    struct work *first = __atomic_load_n(list, __ATOMIC_RELAXED);
    work->is_done = false;
    do
        work->next = first;
    while (!__atomic_compare_exchange_n(list, &first, work, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
    if (!first)
        ipi_wake(cpu);
}

void idle_wait(const struct work *work)
{
    uint64_t wait_ns = 10000;
    while (!__atomic_load_n(&work->is_done, __ATOMIC_ACQUIRE)) {
        timer_sleep_until(clock_now_ns() + wait_ns);
        if (wait_ns < 1000000)
            wait_ns *= 2;
    }
}
