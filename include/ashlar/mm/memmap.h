/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The memory map: what firmware, loader and we ourselves say about physical memory goes in,
 * unsorted, overlapping, unaligned; one sweep makes it sorted, disjoint and page-aligned.
 *
 * Not an allocator: it only says what is there. It allocates nothing itself; the caller brings
 * the working memory.
 */
#include <ashlar/addr.h>
#include <ashlar/status.h>

/*
 * Kinds in order of strictness: where entries overlap, the later in this list wins. MEMMAP_USABLE
 * is the only one that may ever be allocated; the ones up to MEMMAP_ACPI_RECLAIM could become usable
 * when their content is no longer needed.
 */
#define MEMMAP_KINDS(K)                                                                                      \
    K(MEMMAP_USABLE, "usable")                                                                               \
    K(MEMMAP_BOOT_INFO, "boot information") /* what the loader left, until it has been copied */             \
    K(MEMMAP_BOOT_IMAGE, "boot image")      /* stub32, its payload, its page tables */                       \
    K(MEMMAP_ACPI_RECLAIM, "acpi reclaimable")                                                               \
    K(MEMMAP_MODULE, "module")                                                                               \
    K(MEMMAP_KERNEL, "kernel")         /* kernel64, and what it took before the allocator */                 \
    K(MEMMAP_ACPI_TABLE, "acpi table") /* a table found by walking, wherever it lies */                      \
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
 * One claim about memory, as given: any start, any end; start >= end means nothing. Make the end
 * with range_end(), so that a claim that runs past 2^64 stops there instead of wrapping.
 */
struct memmap_entry {
    uint64_t start, end;  /* [start, end), bytes, not aligned */
    uint32_t kind;        /* enum memmap_kind; a number that is none counts as MEMMAP_RESERVED */
    uint32_t source_type; /* the number the firmware used, for showing; 0 for our own entries */
};

/* One run of the result: page-aligned, not empty, disjoint from every other, in ascending order. */
struct memmap_range {
    phys_t start, end;
    enum memmap_kind kind;
};

/* The last page of 2^64 bytes is in no range: its end has no number, and no CPU can address it. */
#define MEMMAP_TOP (UINT64_MAX - PAGE_SIZE + 1)

/**
 * memmap_kind_from_e820() - what an E820, Multiboot2 or PVH type number means.
 * @type: as the firmware gave it.
 *
 * Return: the kind; MEMMAP_RESERVED for every unknown number.
 * Context: any. Pure.
 */
enum memmap_kind memmap_kind_from_e820(uint32_t type);

/**
 * memmap_kind_from_efi() - what an EFI memory type means after ExitBootServices.
 * @type:      EFI_MEMORY_TYPE.
 * @attribute: the descriptor's attribute bits. Only EFI_MEMORY_SP counts: memory that its owner
 *             wants kept for a special purpose is not for everyone.
 *
 * Return: the kind; MEMMAP_RESERVED for every unknown number, and for memory that the
 *         machine has but has not yet accepted.
 * Context: any. Pure.
 * Source: UEFI 2.10, "EFI_BOOT_SERVICES.GetMemoryMap()" and, in "Boot Services", the table "Memory
 *         Type Usage after EFI_BOOT_SERVICES.ExitBootServices()".
 */
enum memmap_kind memmap_kind_from_efi(uint32_t type, uint64_t attribute);

/* Return: "usable", "acpi nvs", ...; never NULL, also for a number out of range. Context: any. */
const char *memmap_kind_name(enum memmap_kind kind);

/* How many ranges a sweep of @count entries can give at most, and the bytes of scratch it needs. */
#define MEMMAP_MAX_RANGES(count)    (2 * (count))
#define MEMMAP_SCRATCH_BYTES(count) (2 * (count) * sizeof(uint32_t))

/**
 * memmap_sweep() - make a map of claims sorted, disjoint and page-aligned.
 * @entries, @count: claims in any order, not changed; @count below 2^32.
 * @scratch:  MEMMAP_SCRATCH_BYTES(count) bytes, 4-byte aligned; may be NULL when @count is 0.
 * @ranges:   room for MEMMAP_MAX_RANGES(count).
 * @range_count: how many were written.
 *
 * A byte's kind is the strictest that any entry has for it; a byte in no entry has none.
 * Bytes of one kind that touch are one run, across entries, and only whole runs are rounded:
 * usable ones inward to pages, so that two half pages that meet make a page; all others outward,
 * and a page that two of them share goes to the stricter. What is empty then vanishes.
 *
 * Context: any. Pure: allocates nothing, takes no lock, does not recurse.
 * Cost: O(count log count).
 */
void memmap_sweep(const struct memmap_entry *entries, size_t count, void *scratch,
                  struct memmap_range *ranges, size_t *range_count);

/* Return: the bytes of all ranges of @kind. Context: any. */
uint64_t memmap_total(const struct memmap_range *ranges, size_t count, enum memmap_kind kind);
