/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A process's answers to <ashlar/mm/port.h>: physical memory is a block of this process, which
 * begins at physical address @hosted_ram_start.
 */
#include <ashlar/addr.h>

extern unsigned char *hosted_ram;
extern uint64_t hosted_ram_start;

static inline void *port_pointer(phys_t address)
{
    return hosted_ram + (address.raw - hosted_ram_start);
}

static inline phys_t port_phys(const void *pointer)
{
    return phys((uint64_t)((const unsigned char *)pointer - hosted_ram) + hosted_ram_start);
}

/* The test says what it wants to know of flushes. */
void port_flush(uint64_t virt, uint64_t size_bytes);
