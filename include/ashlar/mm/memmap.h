/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The memory map. Its input is the entries of firmware, loader and kernel about physical memory: unsorted,
 * overlapping, unaligned. One sweep turns them into ranges: sorted, disjoint and page-aligned.
 *
 * Not an allocator: it only describes memory. It allocates nothing itself; the caller supplies the working
 * memory.
 */
#include <ashlar/addr.h>
#include <ashlar/status.h>

/*
 * Kinds in order of strictness: where entries overlap, the later in this list wins. Only MEMMAP_USABLE may be
 * allocated; the kinds up to MEMMAP_ACPI_RECLAIM can become usable when their content is no longer needed.
 */
#define MEMMAP_KINDS(K)                                                                                      \
    K(MEMMAP_USABLE, "usable")                                                                               \
    K(MEMMAP_BOOT_INFO, "boot information") /* what the loader left, until it has been copied */             \
    K(MEMMAP_BOOT_IMAGE, "boot image")      /* stub32, its payload, its page tables */                       \
    K(MEMMAP_ACPI_RECLAIM, "acpi reclaimable")                                                               \
    K(MEMMAP_MODULE, "module")                                                                               \
    K(MEMMAP_KERNEL, "kernel")         /* kernel64, and its early memory */                                  \
    K(MEMMAP_ACPI_TABLE, "acpi table") /* a table found by the walk from the RSDP */                         \
    K(MEMMAP_ACPI_NVS, "acpi nvs")                                                                           \
    K(MEMMAP_PERSISTENT, "persistent")                                                                       \
    K(MEMMAP_SOFT_RESERVED, "soft reserved")                                                                 \
    K(MEMMAP_FRAMEBUFFER, "framebuffer")                                                                     \
    K(MEMMAP_RUNTIME, "efi runtime")                                                                         \
    K(MEMMAP_DEVICE, "device")                                                                               \
    K(MEMMAP_RESERVED, "reserved") /* and every unknown type */                                              \
    K(MEMMAP_UNUSABLE, "unusable")

#define MEMMAP_ENUM(name, words) name,
enum memmap_kind { MEMMAP_KINDS(MEMMAP_ENUM) MEMMAP_KIND_COUNT };
#undef MEMMAP_ENUM

/* The kinds up to this one are RAM that the kernel reads and writes through its direct map. */
#define MEMMAP_LAST_RAM MEMMAP_ACPI_TABLE

/*
 * One entry of the input: any start, any end; empty when start >= end. Use range_end() for the end, so that
 * an entry that runs past 2^64 ends there instead of wrapping.
 */
struct memmap_entry {
    uint64_t start, end;  /* [start, end), bytes, not aligned; numbers, as firmware stores them */
    uint32_t kind;        /* enum memmap_kind; any other number counts as MEMMAP_RESERVED */
    uint32_t source_type; /* the firmware's number, for display; 0 for the kernel's own entries */
};

/* Return: what the entry covers. Context: any. */
static inline struct phys_range memmap_entry_range(const struct memmap_entry *entry)
{
    return phys_range_of(entry->start, entry->end);
}

/* One range of the result: page-aligned, not empty, disjoint from every other, in ascending order. */
struct memmap_range {
    phys_t start, end;
    enum memmap_kind kind;
};

/* Return: its bytes, without the kind. Context: any. */
static inline struct phys_range memmap_extent(const struct memmap_range *range)
{
    return (struct phys_range){ range->start, range->end };
}

/* The last page of 2^64 bytes is in no range: its end cannot be represented, and no CPU can address it. */
#define MEMMAP_TOP (UINT64_MAX - PAGE_SIZE + 1)

/**
 * memmap_kind_from_e820() - the kind of an E820, Multiboot2 or PVH type.
 * @type: as stored by firmware.
 *
 * Return: the kind; MEMMAP_RESERVED for every unknown number.
 * Context: any. Pure.
 */
enum memmap_kind memmap_kind_from_e820(uint32_t type);

/**
 * memmap_kind_from_efi() - the kind of an EFI memory type after ExitBootServices.
 * @type:      EFI_MEMORY_TYPE.
 * @attribute: the descriptor's attribute bits. Only EFI_MEMORY_SP counts: special-purpose memory is not for
 *             general use.
 *
 * Return: the kind; MEMMAP_RESERVED for every unknown number, and for unaccepted memory.
 * Context: any. Pure.
 * Source: UEFI Specification 2.10, "EFI_BOOT_SERVICES.GetMemoryMap()" and, in "Boot Services", the table
 *         "Memory Type Usage after EFI_BOOT_SERVICES.ExitBootServices()".
 */
enum memmap_kind memmap_kind_from_efi(uint32_t type, uint64_t attribute);

/* Return: "usable", "acpi nvs", ...; never NULL, also for a number out of range. Context: any. */
const char *memmap_kind_name(enum memmap_kind kind);

/* How many ranges a sweep of @count entries can give at most, and the bytes of scratch it needs. */
#define MEMMAP_MAX_RANGES(count)    (2 * (count))
#define MEMMAP_SCRATCH_BYTES(count) (2 * (count) * sizeof(uint32_t))

/**
 * memmap_sweep() - turn entries into sorted, disjoint and page-aligned ranges.
 * @entries, @count: in any order, not changed; @count below 2^32.
 * @scratch:  MEMMAP_SCRATCH_BYTES(count) bytes, 4-byte aligned; may be NULL when @count is 0.
 * @ranges:   an array of MEMMAP_MAX_RANGES(count).
 * @range_count: how many were written.
 *
 * A byte has the strictest kind of all entries that cover it; a byte in no entry has none. Adjacent bytes of
 * one kind are one run, across entries, and only whole runs are rounded to pages: usable ones inward, so that
 * two adjacent half pages make a page; all others outward, and a page that two runs share has the stricter
 * kind. Empty runs are dropped.
 *
 * Context: any. Pure: allocates nothing, takes no lock, does not recurse.
 * Cost: O(count log count).
 */
void memmap_sweep(const struct memmap_entry *entries, size_t count, void *scratch,
                  struct memmap_range *ranges, size_t *range_count);

/* Return: the bytes of all ranges of @kind. Context: any. */
uint64_t memmap_total(const struct memmap_range *ranges, size_t count, enum memmap_kind kind);
