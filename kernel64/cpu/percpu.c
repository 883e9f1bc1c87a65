/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the copies of per-CPU data are. Only the first CPU runs, on the copy that was linked.
 */
#include <cpu/percpu.h>

PERCPU(unsigned int, cpu_number);

unsigned int percpu_count(void)
{
    return 1;
}

uintptr_t percpu_distance(unsigned int cpu)
{
    (void)cpu;
    return 0;
}
