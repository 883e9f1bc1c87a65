/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Page tables of 4-level paging: the one walker and the one mapper. They reach tables through
 * mm/port.h, so they run hosted, and they run on tables that no CPU uses yet.
 *
 * Not here: which address means what (layout.h, vm/address_space.h), and the owner of a frame.
 *
 * Locks. There is one rule for each of three kinds of access to a tree, and a checked build checks each:
 *
 *   change   takes the tree's lock (class LOCK_PAGE_TABLES) itself, and allocates tables, so it is called
 *            only where memory may be allocated. The internal functions have CHECK_HELD(); the order of locks
 *            is checked, too.
 *   fill     paging_map_prepared() writes one entry, in tables that are never freed, without a lock; the page
 *            is the caller's. It is for a caller that holds an inner lock, as the frame allocator does when
 *            it maps its descriptors. An entry that another caller has written is reported by its status.
 *   read     paging_walk(), paging_query() and paging_visit() take no lock, so that a panic and an NMI may
 *            walk. They read each entry once. No table may be freed under them: the caller keeps mapped what
 *            it looks up, and no paging_protect() may merge the pages around it; or it calls
 *            port_block_table_freeing() first; or no other CPU runs. paging_visit() checks the last two.
 *
 * The lock is held, with interrupts masked, for one step at a time: a change of the entries of the range, a
 * split of one page, a look at one table that may be empty, or at half of one that may be merged. Nothing is
 * allocated or freed with it held. Between two steps of one call, other callers change what is not in its
 * range.
 *
 * Context of all, unless it says otherwise: CHECK_MAY_ALLOCATE() of ashlar/sync/context.h: thread or
 * interrupt, not NMI, not in a cross-call, with no lock held but those allowed there, and none that an
 * interrupt handler takes: take() may wait for a CPU that frees memory. Takes the tree's lock; and without
 * it, through take() and give(), those of the frame allocator. Never sleeps.
 * Source: Intel SDM vol. 3A, "4-Level Paging and 5-Level Paging".
 */
#include <ashlar/addr.h>
#include <ashlar/mm/port.h>
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

    /* Frames for tables. take() gives any frame, or PHYS_INVALID; its content does not matter. Both are
       called without the lock: give() may drain a CPU's cache, which takes long. */
    phys_t (*take)(void);
    void (*give)(phys_t frame);

    struct spinlock lock; /* LOCK_PAGE_TABLES */
    /* guarded by lock, as are the tables: */
    uint64_t changes;             /* holds of the lock in which an entry may have changed */
    unsigned int half_mapped;     /* calls of paging_map() that lack a table; nothing is merged meanwhile */
    virt_t kept_start, kept_last; /* of the range whose empty tables could not be freed; none: 0 and 0 */
};

/* One entry that maps a page. */
struct page_mapping {
    virt_t virt;         /* of the page's first byte */
    phys_t phys;         /* likewise */
    uint64_t size_bytes; /* PAGE_SIZE, LARGE_PAGE_SIZE or HUGE_PAGE_SIZE */
    unsigned int access; /* enum page_access */
};

/**
 * paging_init() - make an empty tree.
 * @paging: root and lock are filled in; has_*, take and give are filled in by the caller.
 *
 * Return: STATUS_OK; STATUS_NO_MEMORY.
 * Context: as above; no other CPU uses the tree yet. Takes no lock of its own.
 */
status_t paging_init(struct paging *paging) MUST_CHECK;

/**
 * paging_adopt() - change a tree that was made elsewhere, as by stub32.
 * @paging: as for paging_init().
 * @root:   its PML4.
 *
 * Context: any; no other CPU changes the tree.
 */
void paging_adopt(struct paging *paging, phys_t root);

/**
 * paging_end() - free a tree that no CPU uses: its PML4, and the tables of its lower half.
 * @paging: not usable afterwards. What its upper half leads to is another tree's, and stays.
 *
 * For a tree whose pages are no longer accessed through it: nothing is flushed, and table freeing may be
 * blocked (port_block_table_freeing()).
 * Context: as above; no CPU has the tree in CR3 or walks it. Takes no lock of its own.
 */
void paging_end(struct paging *paging);

/**
 * paging_fill_upper_half() - give each of the 256 upper PML4 entries a table.
 *
 * These tables are never freed: an address space that copies the entries sees every mapping made later,
 * without faults to bring it up to date.
 * Return: STATUS_OK; STATUS_NO_MEMORY.
 * Context: as paging_init().
 */
status_t paging_fill_upper_half(struct paging *paging) MUST_CHECK;

/**
 * paging_map() - map a range in the largest pages that addresses and CPU allow.
 * @virt, @phys, @size_bytes: multiples of PAGE_SIZE; @virt canonical, the range inside one half.
 * @access: enum page_access.
 *
 * Return: STATUS_OK; STATUS_EXISTS when anything in the range is mapped, STATUS_NO_MEMORY,
 *         STATUS_INVALID: nothing has changed then.
 * Cost: two passes over the entries of the range, which are one step, so long ranges are mapped in pieces;
 * and for each new table a cleared frame and one more step.
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
 * paging_map_prepared() - map one page in tables that paging_prepare() made.
 * @virt, @phys: multiples of @page_size; no other caller maps this page.
 * @page_size: as for paging_prepare().
 * @access: enum page_access.
 *
 * Nothing in what was prepared is ever unmapped.
 * Return: STATUS_OK; STATUS_EXISTS when something is mapped there; STATUS_NOT_FOUND when its table is
 *         missing. Nothing has changed then.
 * Context: any but NMI. Takes no lock and no frame.
 * Cost: 3 or 4 entries read, one locked instruction.
 */
status_t paging_map_prepared(struct paging *paging, virt_t virt, phys_t phys, uint64_t page_size,
                             unsigned int access) MUST_CHECK;

/**
 * paging_unmap() - unmap a range; unmapped parts of it are skipped.
 * @virt, @size_bytes: as for paging_map(). Large pages at the edges are split.
 *
 * Tables that become empty are freed after a TLB shootdown. While that is blocked
 * (port_block_table_freeing()), they stay in place, empty, and serve the next mapping there; paging_prune()
 * tries again.
 * Return: STATUS_OK; STATUS_NO_MEMORY when a page cannot be split, STATUS_INVALID: no translation has changed
 *         then.
 * Cost: one TLB shootdown for the range, which is one step, so long ranges are unmapped in pieces. For each
 * page that is split a step of 512 entries and a shootdown; for each table that becomes empty likewise.
 */
status_t paging_unmap(struct paging *paging, virt_t virt, uint64_t size_bytes) MUST_CHECK;

/**
 * paging_prune() - free empty tables that paging_unmap() had to leave.
 * @paging: the tree; its lock is taken for each page table separately.
 *
 * Changes no translation. What still cannot be freed stays.
 */
void paging_prune(struct paging *paging);

/**
 * paging_protect() - change the access of a range; the addresses stay.
 * @virt, @size_bytes: as for paging_map().
 * @access: replaces the old one, memory type included.
 *
 * Large pages at the edges are split, and what has become uniform is merged, unless other callers go on
 * changing the tree meanwhile, or are in the middle of paging_map().
 * Return: as paging_unmap(); STATUS_NOT_FOUND when part of the range is not mapped.
 * Cost: as paging_unmap(), and two steps of 256 entries for each table that may be merged.
 */
status_t paging_protect(struct paging *paging, virt_t virt, uint64_t size_bytes,
                        unsigned int access) MUST_CHECK;

/**
 * paging_query() - the page that maps an address.
 * @virt:    any canonical address.
 * @mapping: untouched on failure.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND.
 * Context: any, also NMI and panic; a reader.
 */
status_t paging_query(const struct paging *paging, virt_t virt, struct page_mapping *mapping) MUST_CHECK;

/**
 * paging_maps_any() - whether anything in a range is mapped.
 * @virt, @size_bytes: as for paging_map().
 *
 * Return: true when at least one page is; false for a range that paging_map() would call invalid.
 * Cost: one entry for each page of the largest size that fits, more where the range is mapped in parts.
 */
bool paging_maps_any(struct paging *paging, virt_t virt, uint64_t size_bytes);

/* One step of a walk: an entry, and its place. */
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
 * Context: any, also NMI and panic; a reader.
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
 *
 * Context: thread, interrupt or panic; a reader. The callbacks run without a lock.
 */
void paging_visit(const struct paging *paging, virt_t start, virt_t end, paging_visit_fn *pages,
                  paging_visit_fn *tables, void *context);

/* Return: whether an address is canonical, so that the CPU will translate it. Context: any. */
bool paging_is_canonical(virt_t virt);
