/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Addresses that must not be mixed. A physical address and a frame number are structs of one
 * member: mixing them does not compile, and on x86-64 they cost no instruction. A virtual
 * address that the kernel dereferences is a pointer; a number that only describes one is virt_t.
 *
 * Not for stub32: its physical addresses are 32-bit pointers.
 */
#include <ashlar/layout.h>
#include <ashlar/types.h>

typedef struct {
    uint64_t raw;
} phys_t;

typedef struct {
    uint64_t raw;
} pfn_t;

typedef struct {
    uint64_t raw;
} virt_t;

/* [start, end), bytes. */
struct phys_range {
    phys_t start, end;
};

/* No address: outside what any x86-64 CPU can form (52 bits). */
#define PHYS_INVALID ((phys_t){ UINT64_MAX })

static inline phys_t phys(uint64_t raw)
{
    return (phys_t){ raw };
}

static inline virt_t virt(uint64_t raw)
{
    return (virt_t){ raw };
}

static inline virt_t virt_of(const volatile void *pointer)
{
    return (virt_t){ (uint64_t)(uintptr_t)pointer };
}

static inline pfn_t phys_to_pfn(phys_t address)
{
    return (pfn_t){ address.raw >> PAGE_SHIFT };
}

static inline phys_t pfn_to_phys(pfn_t frame)
{
    return (phys_t){ frame.raw << PAGE_SHIFT };
}

static inline phys_t phys_add(phys_t address, uint64_t bytes)
{
    return (phys_t){ address.raw + bytes };
}

static inline bool phys_is_valid(phys_t address)
{
    return address.raw != UINT64_MAX;
}

static inline uint64_t phys_range_size(struct phys_range range)
{
    return range.end.raw - range.start.raw;
}
