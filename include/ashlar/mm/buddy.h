/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The buddy allocator: physical memory in naturally aligned blocks of 2^order frames.
 *
 * For single frames from anywhere there is frame_alloc() of frame_cache.h, which is faster. For
 * objects there is slab.h. This is for page tables of chosen places, DMA buffers, large blocks.
 *
 * Defined in mm/frames/: requests in buddy.c, the start in init.c, memory that is added later in add.c, nodes
 * in nodes.c, counts in stats.c, the zones' sizes in zones.c.
 */
#include <ashlar/addr.h>
#include <ashlar/mm/memmap.h>
#include <ashlar/status.h>

#define BUDDY_MAX_ORDER 18 /* 1 GiB */
#define BUDDY_ORDERS    (BUDDY_MAX_ORDER + 1)

/* Zones: what devices of an age can reach. A zone ends where the next begins. */
enum buddy_zone {
    BUDDY_ZONE_1M,   /* real mode: the processors' trampoline */
    BUDDY_ZONE_16M,  /* ISA DMA */
    BUDDY_ZONE_4G,   /* 32-bit devices */
    BUDDY_ZONE_HIGH, /* the rest */
    BUDDY_ZONES
};

/* No limit. */
#define BUDDY_ANYWHERE  PHYS_INVALID
/* The calling CPU's node first, then by distance. */
#define BUDDY_ANY_NODE  UINT32_MAX
#define BUDDY_MAX_NODES 64

/* May use a zone's reserve: for what must not wait, such as an interrupt, or the freeing of memory. */
#define BUDDY_URGENT    1u
/* From @node or not at all. */
#define BUDDY_THIS_NODE 2u

/* A run of memory of one NUMA node; runs do not overlap; what is in no run is node 0's. */
struct buddy_node_range {
    phys_t start, end; /* page-aligned */
    uint32_t node;     /* 0 .. node_count - 1 */
};

struct buddy_setup {
    /* The swept map. MEMMAP_USABLE is given out; the kinds up to MEMMAP_MODULE may come later by
       buddy_add(). */
    const struct memmap_range *ranges;
    size_t range_count;

    /* Early memory. take() gives page-aligned memory, not zeroed, PHYS_INVALID when there is none;
       next_taken() walks, in ascending order, over all that was ever taken: false after the last. A last run
       that reaches further than the map's memory is what the machine cannot reach, not early memory: nothing
       from its start on is ever the allocator's, and it takes no descriptors. */
    phys_t (*take)(uint64_t size_bytes, uint64_t alignment);
    bool (*next_taken)(size_t *cursor, struct phys_range *taken);

    /* NUMA; all zero and NULL for a machine with one node. */
    const struct buddy_node_range *node_ranges;
    size_t node_range_count;
    unsigned int node_count;  /* 0 counts as 1; at most BUDDY_MAX_NODES */
    const uint8_t *distances; /* [from * node_count + to], as in the SLIT; NULL: all others equally far */
};

/**
 * buddy_init() - take over all usable memory that is not taken already.
 * @setup: read during the call only.
 *
 * Writes nothing into memory that stays free but where a 1 GiB piece is not wholly usable, and
 * there only what describes it.
 * Return: STATUS_OK; STATUS_NO_MEMORY when there is not enough for the allocator's own tables, or no usable
 *         memory at all; STATUS_INVALID for more than BUDDY_MAX_NODES nodes, or a node range that is empty or
 *         of no node.
 * Context: once, one CPU, before any other function here. Afterwards early memory is closed.
 */
status_t buddy_init(const struct buddy_setup *setup) MUST_CHECK;

/**
 * buddy_add() - give memory to the allocator that it did not have: the loader's, when read; a
 *               module's; early memory.
 * @start, @end: page-aligned; inside ranges of one of the kinds that buddy_setup allows.
 *
 * Return: STATUS_OK; STATUS_INVALID, and nothing is added, when a frame of it is already the
 *         allocator's or never can be, or the range is not aligned or ends before it starts.
 * Context: any, also interrupts, not NMI. Takes the lock of additions (LOCK_BUDDY_ADD), and under it the
 *          allocator's for each chunk.
 * Cost: grows with the range, with interrupts off.
 */
status_t buddy_add(phys_t start, phys_t end) MUST_CHECK;

/**
 * buddy_alloc() - take a block of 2^order frames.
 * @order: 0 .. BUDDY_MAX_ORDER.
 * @flags: BUDDY_URGENT or 0.
 *
 * Return: the block, aligned to its size, content undefined; PHYS_INVALID when there is none.
 *         Its head's descriptor is frame_state(FRAME_TAKEN, order, ...).
 * Context: CHECK_MAY_ALLOCATE() of ashlar/sync/context.h: any, also interrupts, not NMI, not in a cross-call,
 *          with no lock held but those allowed there. Never sleeps. Orders 0 to 9 come from this CPU's caches
 *          if they can; else it takes the allocator's lock, under which no other lock is taken. Before it
 *          fails it calls the shrinkers (shrink.h).
 * Cost: 50 instructions for a cached block; about 500 for another one of order 1 to 8; the first use of a 2
 *       MiB chunk, by whatever order, 700 more, which a block of order 9 and more pays for each of its
 *       chunks.
 */
phys_t buddy_alloc(unsigned int order, unsigned int flags);

/**
 * buddy_alloc_where() - take a block from a certain part of memory.
 * @order: 0 .. BUDDY_MAX_ORDER.
 * @flags: BUDDY_...
 * @below: the block ends at or below this address; BUDDY_ANYWHERE for no limit. Such a request may use the
 *         reserve of the highest zone that it reaches, if there is memory in a higher one; the topmost zone's
 *         is for what is urgent.
 * @node:  the node to look in first, below buddy_node_count(), or BUDDY_ANY_NODE.
 *
 * Return: as buddy_alloc(); PHYS_INVALID only if at one moment during the call no such block was free in the
 *         zones, less reserves, and nodes that the request may use. Blocks in other CPUs' caches are not
 *         free: those CPUs give them back on their next slow path.
 * Context: as buddy_alloc(); with BUDDY_THIS_NODE, which calls no shrinker, as buddy_free(). A single frame
 *          goes back by frame_free() or buddy_free().
 */
phys_t buddy_alloc_where(unsigned int order, unsigned int flags, phys_t below, uint32_t node);

/**
 * buddy_free() - give a block back.
 * @block: from buddy_alloc(), buddy_alloc_where(), or (order 0) frame_alloc().
 * @order: as it was taken with.
 *
 * A block that is free already, has another order, or was never given out is reported by port_bug() with
 * the caller's address, and is not freed; also when two CPUs free it at once: frames.h has the table.
 * Context: as frame_free() (frame_cache.h).
 */
void buddy_free(phys_t block, unsigned int order);

/**
 * buddy_split() - turn a block in use into two of the next lower order, each to be freed by itself.
 * @block: as for buddy_free(); its head says FRAME_TAKEN.
 * @order: as it was taken with; 1 .. BUDDY_MAX_ORDER.
 *
 * What is no such block is reported by port_bug(), and stays as it is.
 * Context: any, also interrupts, not NMI, by the owner of the block. Takes no lock. Cannot fail.
 */
void buddy_split(phys_t block, unsigned int order);

/* Whether @address is in a frame that has a descriptor: for any address. Context: any. */
bool buddy_owns(phys_t address);

/* Return: the node of @address; 0 for addresses without a node. Context: any. */
unsigned int buddy_node_of(phys_t address);

/* Return: the number of nodes, at least 1; and the calling CPU's, which may change when it is not pinned.
   Context of both: any. */
unsigned int buddy_node_count(void);
unsigned int buddy_home_node(void);

/* Sets the node of a CPU, which BUDDY_ANY_NODE begins with; 0 until then. Context: once for each CPU, before
   it allocates. */
void buddy_set_cpu_node(unsigned int cpu, unsigned int node);

struct buddy_zone_stats {
    uint64_t managed;              /* frames the allocator has, free or given out */
    uint64_t free;                 /* of them, free and in no CPU's cache */
    uint64_t reserve;              /* frames at its lower end that ordinary requests leave alone */
    uint64_t blocks[BUDDY_ORDERS]; /* free blocks, each counted once, at its largest order */
};

struct buddy_stats {
    struct buddy_zone_stats zones[BUDDY_ZONES];
    uint64_t cached;          /* free frames in CPUs' caches */
    uint64_t metadata;        /* frames that hold descriptors, bits and the like */
    uint64_t metadata_opened; /* of them, frames of descriptors that have been written so far */
};

/**
 * buddy_stats() - count free frames by zone and block size.
 * @node:  one node's, or BUDDY_ANY_NODE for all; managed, reserve, cached and metadata are always of all.
 * @stats: filled in.
 *
 * Exact when no CPU allocates meanwhile.
 * Context: as buddy_alloc().
 * Cost: a walk over all split regions, so not for common paths.
 */
void buddy_stats(uint32_t node, struct buddy_stats *stats);

/* Return: frames that the allocator has, free or given out. Context: any. Cost: a load for each zone. */
uint64_t buddy_managed_frames(void);

/* Return: free frames in CPUs' caches. Context: any. Cost: about 40 instructions a CPU. */
uint64_t buddy_cached_frames(void);

/* Return: all free frames: buddy_stats()'s free and cached. Context: any. Cost: as buddy_cached_frames(). */
uint64_t buddy_free_frames(void);

/* Return: free frames of one node, without those in CPUs' caches. Context: as buddy_alloc(). Cost: as
   buddy_stats(). */
uint64_t buddy_free_frames_of(unsigned int node);
