/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel64's answers to mm/port.h that are more than an instruction.
 */
#include <ashlar/bits.h>
#include <ashlar/hw/cpu.h>
#include <ashlar/mm/port.h>

#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <diag/log.h>
#include <diag/panic.h>
#include <glue/address_space.h>
#include <lib/format.h>
#include <smp/ipi.h>
#include <smp/shootdown.h>

void port_flush(uint64_t virt, uint64_t size_bytes)
{
    shootdown(virt, size_bytes);
}

void port_flush_table(uint64_t virt, uint64_t size_bytes)
{
    shootdown_everywhere(virt, size_bytes);
}

/* ---- descriptors ---- */

status_t port_prepare_descriptors(struct frame *start, struct frame *end, uint64_t page_size)
{
    return paging_prepare(address_space(), (uint64_t)(uintptr_t)start,
                          align_up((uint64_t)((uintptr_t)end - (uintptr_t)start), page_size), page_size);
}

status_t port_map_descriptors(struct frame *start, phys_t memory, uint64_t page_size)
{
    return paging_map(address_space(), (uint64_t)(uintptr_t)start, memory, page_size, PAGE_WRITE | PAGE_GLOBAL);
}

/* ---- pinning ---- */

PERCPU(uint64_t, pin_rflags);

/* ---- locks ---- */

bool port_try_lock(struct port_lock *lock)
{
    uint32_t on = (cpu_read_rflags() & RFLAGS_IF) != 0;
    cpu_interrupts_off();
    if (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE) == 0) {
        lock->interrupts_were_on = on;
        return true;
    }
    if (on)
        cpu_interrupts_on();
    return false;
}

/* Who waits serves what others call here, also where interrupts are off: the CPU that is waited for may itself be
   waiting for just that, a shootdown for one. */
void port_pause(void)
{
    ipi_serve();
    cpu_pause();
}

void port_lock(struct port_lock *lock)
{
    while (!port_try_lock(lock))
        port_pause();
}

void port_unlock(struct port_lock *lock)
{
    uint32_t on = lock->interrupts_were_on;
    __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
    if (on)
        cpu_interrupts_on();
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
