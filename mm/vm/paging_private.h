/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The inside of the mapper: entries, tables, and one recursion over the tables for each operation. The files
 * of paging_*.c have one operation each; paging.c has all that <ashlar/mm/paging.h> declares.
 *
 * Levels count as in the manual's figures from below: 1 is a page table, 2 a page directory, 3 a
 * page-directory-pointer table, 4 the PML4. A range [virt, end) lies in one table and is cut at its entries;
 * each piece is done at this level or goes one level down. An end of 0 is 2^64.
 *
 * No frame is taken with the lock held: an operation that needs a table returns STATUS_NO_MEMORY, and the
 * function of paging.c calls it again with one. So a hold of the lock clears none, and waits for no shrinker.
 *
 * Context of all, but what reads only: the lock of the tree held, or no other CPU knows the tree.
 */
#include <ashlar/bits.h>
#include <ashlar/hw/paging.h>
#include <ashlar/mm/paging.h>
#include <ashlar/mm/port.h>

#define TOP_LEVEL 4

/* The bytes that one entry of a table at @level maps. */
static inline uint64_t span_of(unsigned int level)
{
    return PAGE_SIZE << (PTE_INDEX_BITS * (level - 1));
}

static inline unsigned int index_of(virt_t virt, unsigned int level)
{
    return (unsigned int)(virt.raw >> (PAGE_SHIFT + PTE_INDEX_BITS * (level - 1))) & (PTE_ENTRIES - 1);
}

static inline bool is_present(uint64_t entry)
{
    return (entry & PTE_PRESENT) != 0;
}

/* @entry: present. */
static inline bool is_leaf(uint64_t entry, unsigned int level)
{
    return level == 1 || (level < TOP_LEVEL && (entry & PTE_LARGE));
}

static inline uint64_t *table_at(phys_t table)
{
    return port_pointer(table);
}

static inline uint64_t *entry_at(phys_t table, unsigned int level, virt_t virt)
{
    return &table_at(table)[index_of(virt, level)];
}

static inline phys_t table_of(uint64_t entry)
{
    return phys(entry & PTE_ADDRESS_MASK);
}

/* An entry is read and written whole, because CPUs and readers without a lock read it at any time. The
   content of a table is written before the entry that leads to it; pairs with the acquire of read_entry(). */
static inline void write_entry(uint64_t *entry, uint64_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

static inline uint64_t read_entry(const uint64_t *entry)
{
    return __atomic_load_n(entry, __ATOMIC_ACQUIRE);
}

/* Where [virt, end) is cut: at the end of the entry of @span bytes that virt lies in, or at @end. */
static inline virt_t piece_end(virt_t virt, virt_t end, uint64_t span)
{
    /* The end of the last entry of all is 2^64, which is 0 here; so is @end then. */
    virt_t next = virt_add(virt_align_down(virt, span), span);
    return virt_distance(virt, next) < virt_distance(virt, end) ? next : end;
}

/* How many whole entries of @span bytes [virt, end) begins with. */
static inline uint64_t whole_entries(virt_t virt, virt_t end, uint64_t span)
{
    return virt_offset_in(virt, span) == 0 ? virt_distance(virt, end) / span : 0;
}

/* ---- paging_entry.c ---- */

/* @access: enum page_access. */
uint64_t paging_make_leaf(const struct paging *paging, phys_t address, unsigned int access,
                          unsigned int level);

/* @level: 1 .. 3, of an entry that maps a page. */
unsigned int paging_access_of(uint64_t entry, unsigned int level);
phys_t paging_leaf_address(uint64_t entry, unsigned int level);

/* An entry that leads to a table, for @virt. */
uint64_t paging_table_entry(phys_t table, virt_t virt);

/* ---- paging_tables.c ---- */

/* A table without entries. Return: PHYS_INVALID when there is no frame. Context: without the lock. */
phys_t paging_new_table(struct paging *paging);

/* The table that an entry leads to; when there is none, *@spare becomes it, and then is PHYS_INVALID.
   Return: STATUS_OK; STATUS_EXISTS when it maps a page; STATUS_NO_MEMORY when there is no spare one. */
status_t paging_enter(struct paging *paging, uint64_t *entry, unsigned int level, virt_t virt, phys_t *spare,
                      phys_t *table) MUST_CHECK;

/* Clears @entry if the table at @level that it leads to is empty, and has all CPUs forget that table. The
   table stays if they cannot be made to, and always if it is of level 3 and the upper half.
   Return: the table, which the caller gives back after it has released the lock; PHYS_INVALID: it stays. */
phys_t paging_detach_if_empty(struct paging *paging, uint64_t *entry, virt_t virt,
                              unsigned int level) MUST_CHECK;

/* Makes the tables for [*@virt, @end) down to level @lowest, at most one new one in a call. *@virt becomes
   the end of what has all of its tables.
   Return: as paging_enter(); STATUS_NO_MEMORY also when another table is needed. */
status_t paging_prepare_range(struct paging *paging, phys_t table, unsigned int level, unsigned int lowest,
                              virt_t *virt, virt_t end, phys_t *spare) MUST_CHECK;

/* Detaches the table at @level for *@virt if it is empty.
   *@virt:    becomes the lowest address after it that may have another table, at most @end.
   *@is_gone: is set when the entry for it is absent now: the table above may have become empty.
   *@freed:   receives the table if it was detached, as from paging_detach_if_empty().
   Return: whether there was a table. */
bool paging_prune_one(struct paging *paging, unsigned int level, virt_t *virt, virt_t end, bool *is_gone,
                      phys_t *freed);

/* Frees @table at @level, and the tables that its first @count entries lead to. */
void paging_free_tables(struct paging *paging, phys_t table, unsigned int level, unsigned int count);

/* ---- paging_map.c ---- */

/* A range that is being mapped. */
struct paging_map_job {
    struct paging *paging;
    unsigned int access;
    uint64_t mapped; /* bytes so far, also after a failure */
    phys_t spare;    /* for the next table that is missing */
};

/* Maps [virt, end). Return: as paging_enter(), and STATUS_EXISTS at a page that is mapped already. */
status_t paging_map_range(struct paging_map_job *job, phys_t table, unsigned int level, virt_t virt,
                          virt_t end, phys_t phys) MUST_CHECK;

/* Unmaps [virt, end); no page reaches over an edge of it. All tables stay, also those that become empty.
   Flushes nothing. */
void paging_unmap_range(struct paging *paging, phys_t table, unsigned int level, virt_t virt, virt_t end);

/* ---- paging_protect.c ---- */

/* Splits the pages that reach over an edge of the range, at most one in a call: *@spare becomes its table,
   and then is PHYS_INVALID.
   Return: STATUS_OK when no page reaches over an edge any more; STATUS_NO_MEMORY when another table is
   needed. */
status_t paging_split_edges(struct paging *paging, virt_t virt, uint64_t size_bytes,
                            phys_t *spare) MUST_CHECK;

/* The first of two steps of a merge: whether the entry at @level, 2 or 3, for @virt leads to a table whose
   first 256 entries map what the first half of one larger page would. False also while a paging_map() has
   mapped only a part of its range: if it fails, it must find its pages as it made them. */
bool paging_may_merge(struct paging *paging, unsigned int level, virt_t virt);

/* The second step, after paging_may_merge() was true and with no entry changed since: if the other 256
   entries map the rest of the larger page, it replaces the table.
   Return: the table, which no CPU walks any more, for the caller to give back; PHYS_INVALID: it stays. */
phys_t paging_merge_one(struct paging *paging, unsigned int level, virt_t virt) MUST_CHECK;

/* Changes the access of [virt, end); all of it is mapped, and no page reaches over an edge. Flushes
   nothing. */
void paging_protect_range(struct paging *paging, phys_t table, unsigned int level, virt_t virt, virt_t end,
                          unsigned int access);

/* ---- paging_walk.c ---- */

/* paging_walk() from the root @table. */
unsigned int paging_walk_tables(phys_t table, virt_t virt, struct paging_step steps[4]);

/* Whether every page of the range is mapped (@want), or none is (!@want). */
bool paging_is_all(phys_t table, unsigned int level, virt_t virt, virt_t end, bool want);

struct paging_visitor {
    paging_visit_fn *pages, *tables;
    void *context;
};

void paging_visit_table(const struct paging_visitor *visitor, virt_t virt, phys_t table);
void paging_visit_range(const struct paging_visitor *visitor, phys_t table, unsigned int level, virt_t virt,
                        virt_t end);
