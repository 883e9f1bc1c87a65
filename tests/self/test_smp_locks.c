/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks that all CPUs take at once.
 */
#include <ashlar/ktest.h>
#include <ashlar/sync/spinlock.h>

#include <cpu/percpu.h>
#include <smp/ipi.h>

#include "on_every_cpu.h"

static struct spinlock lock = SPINLOCK("test", LOCK_TEST);
static uint64_t guarded;

static void count_with_lock(void *argument)
{
    (void)argument;
    for (unsigned int i = 0; i < 100; i++) {
        spin_lock(&lock);
        guarded++;
        if (spin_owner(&lock) != PERCPU_MINE(cpu_number))
            note_wrong();
        spin_unlock(&lock);
        if (spin_is_mine(&lock))
            note_wrong();
    }
}

KTEST(smp, a_lock_has_one_owner_at_a_time_and_records_it)
{
    NEEDS_TWO();
    guarded = wrong = 0;
    unsigned int cpus = on_every_cpu(4, count_with_lock, NULL);
    EXPECT(guarded == cpus * 100);
    EXPECT(wrong == 0);
    EXPECT(spin_owner(&lock) == SPIN_NO_OWNER);
}

/* As mm's are; and fair, whatever this machine is. */
static struct spinlock polling_lock = SPINLOCK("test polling", LOCK_TEST, LOCK_POLICY_MM);
static struct spinlock fair_lock = SPINLOCK("test fair", LOCK_TEST, .polls_calls = true);
static uint32_t served_calls; /* atomic */

/* The owner makes a cross-call to all CPUs, also to those that wait for the lock with interrupts masked. */
static void call_with_lock(void *argument)
{
    struct spinlock *held = argument;
    for (unsigned int i = 0; i < 10; i++) {
        irq_flags_t outside = local_irq_save();
        if (i % 2 == 0)
            local_irq_restore(outside);
        bool on = local_irq_is_enabled();
        spin_lock(held);
        guarded++;
        if (local_irq_is_enabled())
            note_wrong();
        ipi_call_all(count_call, &served_calls);
        spin_unlock(held);
        if (local_irq_is_enabled() != on)
            note_wrong();
        local_irq_restore(outside);
    }
}

KTEST(smp, waiters_of_a_polling_lock_run_cross_calls)
{
    NEEDS_TWO();
    guarded = wrong = served_calls = 0;
    unsigned int cpus = on_every_cpu(4, call_with_lock, &polling_lock);
    cpus += on_every_cpu(4, call_with_lock, &fair_lock);
    EXPECT(guarded == cpus * 10);
    EXPECT(served_calls == guarded * ipi_online_count());
    EXPECT(wrong == 0);
    EXPECT(spin_owner(&polling_lock) == SPIN_NO_OWNER && spin_owner(&fair_lock) == SPIN_NO_OWNER);
}
