/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Idle CPUs. Until there are threads, this is also how work reaches a CPU.
 *
 * The list is looked at with interrupts off, which the halt turns on: who adds to it when it has been found empty sends an
 * interrupt, and that ends the halt.
 */
#include <smp/idle.h>

#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <cpu/tlb.h>
#include <smp/ipi.h>
#include <time/clock.h>
#include <time/timer.h>

static PERCPU(struct work_list, given);

void idle_run(void)
{
    struct work_list *mine = PERCPU_OF(PERCPU_MINE(cpu_number), given);
    for (;;) {
        cpu_interrupts_off();
        if (work_list_is_empty(mine)) {
            tlb_enter_idle();
            cpu_interrupts_on_and_halt();
        } else {
            cpu_interrupts_on();
            work_list_run(mine);
        }
    }
}

void idle_give(unsigned int cpu, struct work *work)
{
    if (work_list_add(PERCPU_OF(cpu, given), work))
        ipi_wake(cpu);
}

void idle_wait(const struct work *work)
{
    uint64_t wait_ns = 10000;
    while (!work_is_done(work)) {
        timer_sleep_until(clock_now_ns() + wait_ns);
        if (wait_ns < 1000000)
            wait_ns *= 2;
    }
}
