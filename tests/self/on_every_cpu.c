/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queues work to all idle loops, and waits for it.
 */
#include "on_every_cpu.h"

#include <ashlar/mm/kmalloc.h>
#include <smp/ipi.h>

uint32_t wrong;

void note_wrong(void)
{
    __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
}

void count_call(void *argument)
{
    __atomic_fetch_add((uint32_t *)argument, 1, __ATOMIC_RELAXED);
}

unsigned int on_every_cpu(unsigned int cpus, work_fn *function, void *argument)
{
    struct cpu_set online;
    unsigned int given = 0, count = percpu_count();
    struct work *work = kcalloc(count, sizeof(*work));
    if (!work)
        return 0;
    ipi_online(&online);
    for (unsigned int cpu = 0; cpu < count && (cpus == 0 || given + 1 < cpus); cpu++) {
        if (cpu == PERCPU_MINE(cpu_number) || !cpu_set_has(&online, cpu))
            continue;
        work[given] = (struct work){ .run = function, .argument = argument };
        given += idle_queue_work(cpu, &work[given]);
    }
    function(argument);
    for (unsigned int i = 0; i < given; i++)
        idle_wait_for_work(&work[i]);
    kfree(work);
    return given + 1;
}

bool on_cpu(unsigned int cpu, work_fn *function, void *argument)
{
    struct work work = { .run = function, .argument = argument };
    if (!idle_queue_work(cpu, &work))
        return false;
    idle_wait_for_work(&work);
    return true;
}

unsigned int next_online_cpu(unsigned int cpu)
{
    struct cpu_set online;
    ipi_online(&online);
    while (++cpu < percpu_count())
        if (cpu_set_has(&online, cpu))
            return cpu;
    return 0;
}
