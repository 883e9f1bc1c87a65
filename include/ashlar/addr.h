/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Types of addresses. A physical address and a frame number are structs of one member: mixing them does not
 * compile, and on x86-64 they cost no instruction. A virtual address that the kernel dereferences is a
 * pointer; a number that only describes one is virt_t.
 *
 * Not for stub32: its physical addresses are 32-bit pointers.
 *
 * Context of all: any. Pure.
 */
#include <ashlar/bits.h>
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

/* Not an address: beyond the physical address width of any x86-64 CPU (52 bits). */
#define PHYS_INVALID ((phys_t){ UINT64_MAX })
#define PFN_INVALID  ((pfn_t){ UINT64_MAX })
/* Above every frame: the end of a range without limit. */
#define PFN_END      PFN_INVALID

static inline phys_t phys(uint64_t raw)
{
    return (phys_t){ raw };
}

static inline virt_t virt(uint64_t raw)
{
    return (virt_t){ raw };
}

static inline pfn_t pfn(uint64_t raw)
{
    return (pfn_t){ raw };
}

static inline virt_t virt_of(const volatile void *pointer)
{
    return (virt_t){ (uint64_t)(uintptr_t)pointer };
}

/* For numbers that are addresses by their source. */
static inline struct phys_range phys_range_of(uint64_t start, uint64_t end)
{
    return (struct phys_range){ { start }, { end } };
}

/* @size_bytes: any; a range that would pass 2^64 ends there. */
static inline struct phys_range phys_range_at(phys_t start, uint64_t size_bytes)
{
    return (struct phys_range){ start, { range_end(start.raw, size_bytes) } };
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

static inline virt_t virt_add(virt_t address, uint64_t bytes)
{
    return (virt_t){ address.raw + bytes };
}

static inline virt_t virt_sub(virt_t address, uint64_t bytes)
{
    return (virt_t){ address.raw - bytes };
}

static inline phys_t phys_sub(phys_t address, uint64_t bytes)
{
    return (phys_t){ address.raw - bytes };
}

/* Bytes from @from up to @to. */
static inline uint64_t phys_distance(phys_t from, phys_t to)
{
    return to.raw - from.raw;
}

static inline bool phys_is_equal(phys_t a, phys_t b)
{
    return a.raw == b.raw;
}

static inline bool phys_is_below(phys_t a, phys_t b)
{
    return a.raw < b.raw;
}

static inline phys_t phys_min(phys_t a, phys_t b)
{
    return a.raw < b.raw ? a : b;
}

static inline phys_t phys_max(phys_t a, phys_t b)
{
    return a.raw > b.raw ? a : b;
}

/* @bytes: a power of two. */
static inline phys_t phys_align_down(phys_t address, uint64_t bytes)
{
    return (phys_t){ address.raw & ~(bytes - 1) };
}

/* Must not pass 2^64. */
static inline phys_t phys_align_up(phys_t address, uint64_t bytes)
{
    return (phys_t){ (address.raw + bytes - 1) & ~(bytes - 1) };
}

/* Bytes from @from up to @to; as all arithmetic of addresses modulo 2^64, so that 0 is an end, too. */
static inline uint64_t virt_distance(virt_t from, virt_t to)
{
    return to.raw - from.raw;
}

static inline bool virt_is_equal(virt_t a, virt_t b)
{
    return a.raw == b.raw;
}

static inline bool virt_is_below(virt_t a, virt_t b)
{
    return a.raw < b.raw;
}

/* Whether @address is in [@start, @end), by one comparison. */
static inline bool virt_is_in(virt_t address, virt_t start, virt_t end)
{
    return address.raw - start.raw < end.raw - start.raw;
}

static inline virt_t virt_max(virt_t a, virt_t b)
{
    return a.raw > b.raw ? a : b;
}

/* @bytes: a power of two. */
static inline virt_t virt_align_down(virt_t address, uint64_t bytes)
{
    return (virt_t){ address.raw & ~(bytes - 1) };
}

static inline virt_t virt_align_up(virt_t address, uint64_t bytes)
{
    return (virt_t){ (address.raw + bytes - 1) & ~(bytes - 1) };
}

/* Bytes from the boundary of @bytes, a power of two, at or below it. */
static inline uint64_t virt_offset_in(virt_t address, uint64_t bytes)
{
    return address.raw & (bytes - 1);
}

/* The address must be mapped. */
static inline void *virt_to_pointer(virt_t address)
{
    return (void *)(uintptr_t)address.raw;
}

static inline pfn_t pfn_add(pfn_t frame, uint64_t frames)
{
    return (pfn_t){ frame.raw + frames };
}

/* Frames from @from up to @to. */
static inline uint64_t pfn_distance(pfn_t from, pfn_t to)
{
    return to.raw - from.raw;
}

static inline bool pfn_is_equal(pfn_t a, pfn_t b)
{
    return a.raw == b.raw;
}

static inline bool pfn_is_below(pfn_t a, pfn_t b)
{
    return a.raw < b.raw;
}

static inline pfn_t pfn_min(pfn_t a, pfn_t b)
{
    return a.raw < b.raw ? a : b;
}

static inline pfn_t pfn_max(pfn_t a, pfn_t b)
{
    return a.raw > b.raw ? a : b;
}

/* @frames: a power of two. */
static inline pfn_t pfn_align_down(pfn_t frame, uint64_t frames)
{
    return (pfn_t){ frame.raw & ~(frames - 1) };
}

static inline pfn_t pfn_align_up(pfn_t frame, uint64_t frames)
{
    return (pfn_t){ (frame.raw + frames - 1) & ~(frames - 1) };
}

static inline bool pfn_is_valid(pfn_t frame)
{
    return frame.raw != UINT64_MAX;
}

static inline bool phys_is_valid(phys_t address)
{
    return address.raw != UINT64_MAX;
}

static inline bool phys_ranges_overlap(struct phys_range a, struct phys_range b)
{
    return a.start.raw < b.end.raw && b.start.raw < a.end.raw;
}

static inline bool phys_range_contains(struct phys_range range, phys_t address)
{
    return range.start.raw <= address.raw && address.raw < range.end.raw;
}

/* Empty when they do not overlap. */
static inline struct phys_range phys_range_intersect(struct phys_range a, struct phys_range b)
{
    return (struct phys_range){ phys_max(a.start, b.start), phys_min(a.end, b.end) };
}

/* Whether @part is within @range. */
static inline bool phys_range_covers(struct phys_range range, struct phys_range part)
{
    return range.start.raw <= part.start.raw && part.end.raw <= range.end.raw;
}

/* A range that ends before it starts is empty as well. */
static inline bool phys_range_is_empty(struct phys_range range)
{
    return range.start.raw >= range.end.raw;
}

static inline uint64_t phys_range_size(struct phys_range range)
{
    return range.end.raw - range.start.raw;
}
