/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Ranges of kernel address space: for device memory, stacks, and memory that need not be contiguous.
 *
 * A guard page, which is never mapped, precedes each range, and so also follows it. Memory that may be
 * contiguous comes from kmalloc() or the buddy allocator instead: the direct map maps it already.
 *
 * Context of all, unless it says otherwise: CHECK_MAY_ALLOCATE() of ashlar/sync/context.h: thread or
 * interrupt, not NMI, not in a cross-call, with no lock held but those allowed there. Never sleeps.
 */
#include <ashlar/addr.h>
#include <ashlar/mm/paging.h>
#include <ashlar/status.h>

enum vrange_kind {
    VRANGE_DEVICE, /* addresses that are not the kernel's RAM */
    VRANGE_MEMORY, /* frames from the allocator, anywhere */
    VRANGE_STACK,  /* the same, for a stack */
    VRANGE_KINDS
};

/**
 * vrange_init() - manage [start, end), in which nothing is mapped.
 * @paging: the tree to map in.
 * @start, @end: page-aligned.
 *
 * Context: once, one CPU. Needs no memory: the first ranges are described by static ones.
 */
void vrange_init(struct paging *paging, virt_t start, virt_t end);

/* Allow more than a few ranges, by allocating their descriptions from now on.
   Context: once, BSP, after kmalloc_init(). */
status_t vrange_init_memory(void) MUST_CHECK;

/**
 * vrange_map_device() - map physical addresses.
 * @address, @size_bytes: of any alignment; the pages around them are mapped.
 * @access: enum page_access; PAGE_GLOBAL is added.
 * @name:   for vmap and fault reports; not copied.
 * @result: receives the address of the byte at @address; untouched on failure.
 *
 * A physical page that a device range or the direct map maps already may be mapped again only with the same
 * memory type: two types at once are undefined (Intel SDM vol. 3A, "Programming the PAT"). The direct map is
 * write-back.
 * Return: STATUS_OK; STATUS_EXISTS when it is mapped with another type; STATUS_NO_MEMORY; STATUS_INVALID for
 *         a size of 0, or an end above what an entry can hold.
 * Cost: O(log n) for the address, one visit of all n ranges for the memory type, and paging_map() of at most
 *       16 pages at a time.
 */
status_t vrange_map_device(phys_t address, uint64_t size_bytes, unsigned int access, const char *name,
                           void **result) MUST_CHECK;

/**
 * vrange_map_memory() - memory from single frames, writable, not executable; content undefined.
 * @size_bytes: more than 0; rounded up to pages.
 * @kind:       VRANGE_MEMORY or VRANGE_STACK.
 * @name:       as for vrange_map_device().
 * @result:     receives its lowest address; untouched on failure.
 *
 * Return: STATUS_OK; STATUS_NO_MEMORY, at once when the machine does not have as much; STATUS_INVALID, also
 *         when @size_bytes rounds up to 2^64.
 * Cost: O(log n) for the address, and an allocation and a paging_map() for each page.
 */
status_t vrange_map_memory(uint64_t size_bytes, enum vrange_kind kind, const char *name,
                           void **result) MUST_CHECK;

/**
 * vrange_unmap() - unmap a range and free its address space.
 * @pointer: anywhere in it.
 *
 * When it returns, no CPU has a translation of the range and its frames are free; only then is it used again.
 * A pointer into no range is reported by port_bug() with the caller.
 * Cost: a TLB shootdown for each 16 pages, or 16 large pages.
 */
void vrange_unmap(const volatile void *pointer);

/**
 * vrange_prune() - free empty page tables that vrange_unmap() had to leave while table freeing was blocked.
 *
 * The next vrange_unmap() does it, too.
 * Context: thread; called after CPUs have come online or gone offline.
 */
void vrange_prune(void);

struct vrange_info {
    virt_t start, end; /* of what is mapped; the guard page is before start */
    enum vrange_kind kind;
    const char *name;
    unsigned int access; /* enum page_access */
    phys_t device;       /* what VRANGE_DEVICE maps at start */
};

/**
 * vrange_find() - the range of an address, for reports of faults.
 * @address:  any.
 * @info:     filled in.
 * @is_guard: receives whether it is the guard page before that range.
 *
 * Return: false when it belongs to no range, or the lock of the ranges is held, also by this CPU: it is not
 *         waited for.
 * Context: any, also NMI and panic.
 */
bool vrange_find(virt_t address, struct vrange_info *info, bool *is_guard);

/**
 * vrange_next() - iterate over ranges in ascending order.
 * @cursor: 0 at first.
 * @info:   filled in.
 *
 * Return: false after the last.
 */
bool vrange_next(uint64_t *cursor, struct vrange_info *info);

const char *vrange_kind_words(enum vrange_kind kind);
