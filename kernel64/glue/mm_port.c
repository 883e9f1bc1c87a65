/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel64's answers to mm/port.h that are more than an instruction.
 */
#include <ashlar/bits.h>
#include <ashlar/hw/cpu.h>
#include <ashlar/mm/port.h>

#include <cpu/insn.h>
#include <diag/log.h>
#include <diag/panic.h>
#include <glue/address_space.h>
#include <lib/format.h>

/* Above this many pages one reload is cheaper than a walk over the range. */
#define FLUSH_SINGLY_LIMIT 32

/* Only this CPU runs so far. Kernel pages are global: writing CR3 would leave them, toggling CR4.PGE
   does not (Intel SDM vol. 3A, "Invalidation of TLBs and Paging-Structure Caches"). */
static void flush_everything(void)
{
    uint64_t cr4 = cpu_read_cr4();
    cpu_write_cr4(cr4 ^ CR4_PGE);
    cpu_write_cr4(cr4);
    if (!(cr4 & CR4_PGE))
        cpu_write_cr3(cpu_read_cr3());
}

void port_flush(uint64_t virt, uint64_t size_bytes)
{
    if (size_bytes > FLUSH_SINGLY_LIMIT * PAGE_SIZE) {
        flush_everything();
        return;
    }
    uint64_t last = virt + size_bytes - 1; /* which may be that of the address space */
    for (uint64_t page = virt & ~(PAGE_SIZE - 1); page <= last; page += PAGE_SIZE) {
        cpu_invalidate_page((void *)page);
        if (page + PAGE_SIZE == 0)
            break;
    }
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

/* Interrupts come through between the tries. */
void port_lock(struct port_lock *lock)
{
    while (!port_try_lock(lock))
        cpu_pause();
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
