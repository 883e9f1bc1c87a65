/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel64's implementation of mm/port.h, as far as it is not inline. The functions that need other CPUs are
 * in smp/shootdown.c and smp/ipi.c.
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
#include <vm/address_space.h>

/* ---- descriptors ---- */

status_t port_prepare_descriptors(struct frame *start, struct frame *end, uint64_t page_size)
{
    return paging_prepare(address_space(), virt_of(start),
                          align_up(virt_distance(virt_of(start), virt_of(end)), page_size), page_size);
}

status_t port_map_descriptors(struct frame *start, phys_t memory, uint64_t page_size)
{
    return paging_map_prepared(address_space(), virt_of(start), memory, page_size, PAGE_WRITE | PAGE_GLOBAL);
}

/* ---- pinning ---- */

PERCPU(uint64_t, pin_rflags);

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

void port_bug(const char *format, ...)
{
    char words[LOG_LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    format_buffer_v(words, sizeof(words), format, arguments);
    va_end(arguments);
    panic("%s", words);
}
