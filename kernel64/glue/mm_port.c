/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel64's answers to mm/port.h that are more than an instruction.
 */
#include <ashlar/hw/cpu.h>
#include <ashlar/mm/port.h>

#include <cpu/insn.h>

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
    for (uint64_t page = virt & ~(PAGE_SIZE - 1); page < virt + size_bytes; page += PAGE_SIZE)
        cpu_invalidate_page((void *)page);
}
