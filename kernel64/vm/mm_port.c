/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel64's answers to mm/port.h that are more than an instruction.
 */
#include <ashlar/bits.h>
#include <ashlar/hw/cpu.h>
#include <ashlar/mm/port.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/irqflags.h>

#include <cpu/features.h>
#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <lib/format.h>
#include <log/log.h>
#include <panic/panic.h>
#include <smp/ipi.h>
#include <vm/address_space.h>

/* ---- descriptors ---- */

status_t port_prepare_descriptors(struct frame *start, struct frame *end, uint64_t page_size)
{
    return paging_prepare(address_space(), (uint64_t)(uintptr_t)start,
                          align_up((uint64_t)((uintptr_t)end - (uintptr_t)start), page_size), page_size);
}

status_t port_map_descriptors(struct frame *start, phys_t memory, uint64_t page_size)
{
    return paging_map(address_space(), (uint64_t)(uintptr_t)start, memory, page_size,
                      PAGE_WRITE | PAGE_GLOBAL);
}

/* ---- pinning ---- */

PERCPU(uint64_t, pin_rflags);

/* ---- locks ---- */

/* Nobody else writes the owner of a lock that is held; the others look whether it is 0, or for words in the
   log. */
static inline void keep_state(struct port_lock *lock, irq_flags_t state)
{
    if (state.rflags & RFLAGS_IF)
        lock->spin.owner |= SPIN_WERE_ON;
}

bool port_try_lock(struct port_lock *lock)
{
    irq_flags_t state;
    if (!spin_try_lock(&lock->spin, &state))
        return false;
    keep_state(lock, state);
    return true;
}

/* Who waits serves what others call here, also where interrupts are off: the CPU that is waited for may
   itself be waiting for just that, a shootdown for one. */
void port_pause(void)
{
    ipi_poll();
    cpu_relax();
}

/* In turn, but not under a hypervisor, where the one whose turn it is may not be running, and all would wait
   for it: docs/decisions/0006-turns-under-a-hypervisor.md. */
static NOINLINE void wait_for_lock(struct port_lock *lock, const void *caller)
{
    irq_flags_t state = local_irq_save();
    spin_wait_serving(&lock->spin, !cpu_has(CPU_FEATURE_HYPERVISOR), ipi_poll, caller);
    keep_state(lock, state);
}

void port_lock(struct port_lock *lock)
{
    if (!port_try_lock(lock))
        wait_for_lock(lock, __builtin_return_address(0));
}

void port_unlock(struct port_lock *lock)
{
    uint32_t owner = __atomic_load_n(&lock->spin.owner, __ATOMIC_RELAXED);
    spin_unlock(&lock->spin, (irq_flags_t){ owner & SPIN_WERE_ON ? RFLAGS_IF : 0 });
}

/* ---- words ---- */

uint64_t port_ticks(void)
{
    return cpu_read_tsc();
}

void port_report(const char *format, ...)
{
    char words[LOG_LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    format_buffer_v(words, sizeof(words), format, arguments);
    va_end(arguments);
    log_warn("mm", "%s", words);
}

void port_wrong(const char *format, ...)
{
    char words[LOG_LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    format_buffer_v(words, sizeof(words), format, arguments);
    va_end(arguments);
    panic("%s", words);
}
