/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Page tables of 4-level paging: the one walker and the one mapper. They reach tables through
 * mm/port.h, so they run hosted, and they run on tables that no CPU uses yet.
 *
 * Not here: which address means what (layout.h, vm/address_space.h), and who owns a frame.
 *
 * Context of all: one caller at a time for one tree; any otherwise. Never sleeps.
 * Source: Intel SDM vol. 3A, "4-Level Paging and 5-Level Paging".
 */
#include <ashlar/addr.h>
#include <ashlar/status.h>

/* What a page may be used for. Every mapped page can be read. */
enum page_access {
    PAGE_WRITE = 1 << 0,
    PAGE_EXECUTE = 1 << 1, /* on a CPU without NX, every page can be executed */
    PAGE_USER = 1 << 2,
    PAGE_GLOBAL = 1 << 3,
    /* Memory type: write-back unless one of these is given. */
    PAGE_UNCACHED = 1 << 4,
    PAGE_WRITE_COMBINING = 1 << 5,
};

/* A tree of page tables. */
struct paging {
    phys_t root; /* the PML4 */
    bool has_nx;
    bool has_huge_pages; /* 1 GiB, by CPUID */

    /* Frames for tables. take() gives any frame, or PHYS_INVALID; its content does not matter. */
    phys_t (*take)(void);
    void (*give)(phys_t frame);

    /* Empty tables in [kept_start, kept_end) could not be freed; none when kept_end is 0. */
    virt_t kept_start, kept_end;
};

/* One entry that maps a page. */
struct page_mapping {
    virt_t virt;         /* of the page's first byte */
    phys_t phys;         /* likewise */
    uint64_t size_bytes; /* PAGE_SIZE, LARGE_PAGE_SIZE or HUGE_PAGE_SIZE */
    unsigned int access; /* enum page_access */
};

/**
 * paging_init() - an empty tree.
 * @paging: root is filled in, all else is the caller's.
 *
 * Return: STATUS_OK; STATUS_NO_MEMORY.
 */
status_t paging_init(struct paging *paging) MUST_CHECK;

/**
 * paging_fill_upper_half() - give each of the 256 upper PML4 entries a table.
 *
 * These tables are never freed: an address space that copies the entries sees every mapping made
 * later, and no fault is ever taken to bring it up to date.
 *
 * Return: STATUS_OK; STATUS_NO_MEMORY.
 */
status_t paging_fill_upper_half(struct paging *paging) MUST_CHECK;

/**
 * paging_map() - map a range in the largest pages that addresses and CPU allow.
 * @virt, @phys, @size_bytes: multiples of PAGE_SIZE; @virt canonical, the range inside one half.
 * @access: enum page_access.
 *
 * Return: STATUS_OK; STATUS_EXISTS when anything in the range is mapped, STATUS_NO_MEMORY,
 *         STATUS_INVALID: nothing has changed then.
 */
status_t paging_map(struct paging *paging, virt_t virt, phys_t phys, uint64_t size_bytes,
                    unsigned int access) MUST_CHECK;

/**
 * paging_prepare() - make the tables that mapping pages of one size will need, so that it cannot fail.
 * @virt, @size_bytes: as for paging_map().
 * @page_size: PAGE_SIZE or LARGE_PAGE_SIZE.
 *
 * They stay as long as nothing in their range is unmapped.
 * Return: STATUS_OK; STATUS_EXISTS where a larger page is mapped; STATUS_NO_MEMORY; STATUS_INVALID.
 */
status_t paging_prepare(struct paging *paging, virt_t virt, uint64_t size_bytes,
                        uint64_t page_size) MUST_CHECK;

/**
 * paging_unmap() - remove what is mapped in a range; what is not mapped there is passed over.
 * @virt, @size_bytes: as for paging_map(). Large pages at the edges are split.
 *
 * Tables that become empty are freed, after every CPU has forgotten them. While one cannot be asked
 * (port_flush_table()), they stay in place, empty, and serve the next mapping there; paging_prune() tries
 * again.
 * Return: STATUS_OK; STATUS_NO_MEMORY when a page cannot be split, STATUS_INVALID: nothing that can
 *         be seen has changed then.
 */
status_t paging_unmap(struct paging *paging, virt_t virt, uint64_t size_bytes) MUST_CHECK;

/**
 * paging_prune() - free empty tables that paging_unmap() had to leave.
 * @virt, @size_bytes: as for paging_map().
 *
 * Changes no translation. What still cannot be freed stays.
 */
void paging_prune(struct paging *paging, virt_t virt, uint64_t size_bytes);

/**
 * paging_protect() - change the access of a range; the addresses stay.
 * @virt, @size_bytes: as for paging_map().
 * @access: replaces the old one, memory type included.
 *
 * Large pages at the edges are split, and what has become uniform is merged.
 * Return: as paging_unmap(); STATUS_NOT_FOUND when part of the range is not mapped.
 */
status_t paging_protect(struct paging *paging, virt_t virt, uint64_t size_bytes,
                        unsigned int access) MUST_CHECK;

/**
 * paging_query() - the page that maps an address.
 * @virt:    any canonical address.
 * @mapping: untouched on failure.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND.
 */
status_t paging_query(const struct paging *paging, virt_t virt, struct page_mapping *mapping) MUST_CHECK;

/**
 * paging_maps_any() - whether anything in a range is mapped.
 * @virt, @size_bytes: as for paging_map().
 *
 * Return: true when at least one page is; false for a range that paging_map() would call invalid.
 * Cost: one entry for each page of the largest size that fits, more where the range is mapped in parts.
 */
bool paging_maps_any(const struct paging *paging, virt_t virt, uint64_t size_bytes);

/* One step of a walk: an entry, and where it stands. */
struct paging_step {
    unsigned int level; /* 4: PML4 .. 1: page table */
    phys_t table;
    unsigned int index; /* in the table */
    uint64_t entry;
    bool is_leaf; /* it maps a page */
};

/**
 * paging_walk() - the entries that the CPU reads to translate an address.
 * @virt:  any canonical address.
 * @steps: receives up to 4.
 *
 * Return: how many there are; the last one maps a page or is not present.
 */
unsigned int paging_walk(const struct paging *paging, virt_t virt, struct paging_step steps[4]);

/* What paging_visit() finds: a page, or a table (with its address in .phys and .size_bytes 0). */
typedef void paging_visit_fn(void *context, const struct page_mapping *mapping);

/**
 * paging_visit() - visit every mapped page of [start, end), in ascending order.
 * @start:   of the range.
 * @end:     exclusive; 0 is 2^64.
 * @pages:   called for each page.
 * @tables:  called for each table on the way, the PML4 included, before its pages; may be NULL.
 * @context: passed to both.
 */
void paging_visit(const struct paging *paging, virt_t start, virt_t end, paging_visit_fn *pages,
                  paging_visit_fn *tables, void *context);

/* Return: whether an address is canonical, so that the CPU will translate it. */
bool paging_is_canonical(virt_t virt);
