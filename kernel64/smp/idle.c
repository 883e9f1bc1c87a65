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

typedef void leave_fn(void);

static PERCPU(struct work_list, given);
static PERCPU(leave_fn *, wanted_leave); /* atomic */

void idle_init_cpu(void)
{
    PERCPU_MINE(wanted_leave) = NULL;
    work_list_open(PERCPU_OF(PERCPU_MINE(cpu_number), given));
}

/* Return: whether somebody wants this CPU to leave and nobody has work for it, or will have. */
static bool may_leave(struct work_list *mine)
{
    return UNLIKELY(PERCPU_MINE(wanted_leave) != NULL) && work_list_close(mine);
}

void idle_run(void)
{
    struct work_list *mine = PERCPU_OF(PERCPU_MINE(cpu_number), given);
    for (;;) {
        cpu_interrupts_off();
        if (!work_list_is_empty(mine)) {
            cpu_interrupts_on();
            work_list_run(mine);
        } else if (may_leave(mine)) {
            PERCPU_MINE(wanted_leave)();
            idle_init_cpu();
        } else {
            tlb_enter_idle();
            cpu_interrupts_on_and_halt();
        }
    }
}

bool idle_give(unsigned int cpu, struct work *work)
{
    enum work_added added = work_list_add(PERCPU_OF(cpu, given), work);
    if (added == WORK_ADDED_FIRST)
        ipi_wake(cpu);
    return added != WORK_REFUSED;
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

void idle_leave(unsigned int cpu, leave_fn *leave)
{
    __atomic_store_n(PERCPU_OF(cpu, wanted_leave), leave, __ATOMIC_RELEASE);
    ipi_wake(cpu);
}
