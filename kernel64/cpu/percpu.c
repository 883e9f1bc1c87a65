/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The copies of per-CPU data.
 */
#include <cpu/percpu.h>

#include <ashlar/check.h>
#include <ashlar/sync/spinlock.h>
#include <panic/panic.h>
#include <lib/string.h>

/* kernel64.ld */
extern uint8_t __percpu_start[], __percpu_end[];

PERCPU(unsigned int, cpu_number);
PERCPU(bool, may_move);
PERCPU(uint64_t, spin_me); /* ashlar/sync/spinlock.h */

static uintptr_t distances[PERCPU_MAX]; /* constant once counted */
static unsigned int count = 1;          /* atomic */

unsigned int percpu_count(void)
{
    /* Acquire pairs with the release in percpu_add(): the copy and its distance are visible. */
    return __atomic_load_n(&count, __ATOMIC_ACQUIRE);
}

size_t percpu_size(void)
{
    return (size_t)(__percpu_end - __percpu_start);
}

uintptr_t percpu_distance(unsigned int cpu)
{
    return distances[cpu];
}

void percpu_add(void *copy)
{
    unsigned int cpu = count;
    VERIFY(cpu < PERCPU_MAX);
    memset(copy, 0, percpu_size());
    distances[cpu] = (uintptr_t)copy - (uintptr_t)__percpu_start;
    *PERCPU_OF(cpu, cpu_number) = cpu;
    *PERCPU_OF(cpu, spin_me) = (uint64_t)cpu << SPIN_CPU_SHIFT;
    __atomic_store_n(&count, cpu + 1, __ATOMIC_RELEASE);
}

#ifdef ASHLAR_CHECKED
void percpu_check_stays(void)
{
    if (local_irq_is_enabled())
        panic("per-CPU data: used with interrupts on by code that may migrate to another CPU");
}
#endif
