/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The kernel's answers to <ashlar/mm/port.h>. Includes none of kernel64's rooms: mm sees this.
 */
#include <ashlar/addr.h>

static inline void *port_pointer(phys_t address)
{
    return (void *)(uintptr_t)(DIRECT_MAP_START + address.raw);
}

static inline phys_t port_phys(const void *pointer)
{
    return phys((uint64_t)(uintptr_t)pointer - DIRECT_MAP_START);
}

void port_flush(uint64_t virt, uint64_t size_bytes);
