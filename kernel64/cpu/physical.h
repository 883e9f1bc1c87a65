/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The one place that converts between physical addresses and pointers into the direct map.
 *
 * Until address_space_init() the direct map is the stub's: the first 4 GiB, RAM or not. Afterwards
 * it covers RAM and nothing else; device memory and tables in reserved memory have to be mapped.
 */
#include <ashlar/addr.h>
#include <ashlar/check.h>

/* @address: inside the direct map. Context: any. */
static inline void *phys_to_pointer(phys_t address)
{
    CHECK(address.raw < DIRECT_MAP_END - DIRECT_MAP_START, "direct map: it reaches the address");
    return (void *)(uintptr_t)(DIRECT_MAP_START + address.raw);
}

/* @pointer: into the direct map, not into the kernel image. Context: any. */
static inline phys_t pointer_to_phys(const volatile void *pointer)
{
    CHECK((uint64_t)(uintptr_t)pointer - DIRECT_MAP_START < DIRECT_MAP_END - DIRECT_MAP_START,
          "direct map: the pointer is into it");
    return phys((uint64_t)(uintptr_t)pointer - DIRECT_MAP_START);
}
