/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What the files of the frame allocator share. Each calls only those above it in this list:
 *
 *   bits512.c      512 bits of one node of the tree
 *   descriptors.c  from a frame number to its region, chunk and descriptor; descriptors made on first use
 *   tree_check.c   checked builds: the tree's invariants
 *   tree.c         what is free: taking, giving, splitting, merging; hints
 *   search.c       where a block is taken: regions, chunks, what is to be split
 *   nodes.c        NUMA: memory's nodes and CPUs'
 *   zones.c        in which order zones and nodes are searched; the chunk that a CPU takes from
 *   free_check.c   whether a block may be freed
 *   block_cache.c  per-CPU stacks of blocks
 *   frame_cache.c  per-CPU stacks of single frames
 *   buddy.c        the functions of buddy.h
 *   add.c          memory that becomes the allocator's: buddy_add()
 *   init.c         from the memory map to the first free block: buddy_init()
 *   stats.c        counting
 *
 * Context of all: as buddy_alloc(); those that end in _locked with buddy.lock held.
 */
#include <ashlar/bits.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/port.h>

#include "bits512.h"

#define CHUNK_ORDER   9 /* 2 MiB */
#define CHUNK_FRAMES  512u
#define REGION_ORDER  18 /* 1 GiB */
#define REGION_CHUNKS 512u
#define REGION_FRAMES (CHUNK_FRAMES * REGION_CHUNKS)
#define HINT_ORDERS   REGION_ORDER /* orders 0 .. 17 have hints for each region */

#define BLOCK_CACHE_BATCH 4 /* blocks moved to a CPU's cache, or from it, at once */

/* Regions are numbered from 0 by ascending address; chunks by address / 2 MiB, or
   from 0 within their region. */
#define NO_REGION (-1)
#define NO_CHUNK  REGION_CHUNKS

STATIC_ASSERT(BUDDY_MAX_ORDER == REGION_ORDER, "a region is a block of the largest order");

/* A run of chunks that hold managed memory. No two spans have chunks in the same GiB. Constant after init. */
struct span {
    uint64_t first_chunk, end_chunk;
    int64_t first_region;
    struct bits512 *bits; /* of first_chunk */
};

struct region {
    /* constant once the region is prepared */
    uint64_t gib; /* its address, in GiB */
    /* By chunk: its frames that are free by themselves. Only chunks of the span have bits. Until a chunk is
       described, they mean nothing: word 0 is the physical address of the page for its descriptors, 0 if it
       has none, anything if is_mapped. */
    struct bits512 *chunks;
    bool is_mapped; /* the descriptors of the whole region are mapped, not zeroed */

    /* guarded by buddy.lock: */
    struct bits512 whole;                       /* chunks that are free as a whole */
    uint64_t hints[BITS512_WORDS][CHUNK_ORDER]; /* [c / 64][order]: chunk c has a free block of that order */
    uint8_t orders[REGION_CHUNKS]; /* n: the largest free block of the chunk is of order n - 1; 0: none */
    uint8_t whole_orders;          /* the same of the blocks of whole */
    uint64_t owned[BITS512_WORDS]; /* chunks that the allocator got as a whole */

    /* Only ever set, by release, once the descriptors are there; read without the lock. */
    uint64_t described[BITS512_WORDS];
} ALIGNED(64);

struct zone {
    pfn_t start, end;
    pfn_t reserve_end;         /* ordinary requests begin here */
    uint64_t managed, reserve; /* frames */
};

/* Memory from @start up to the next run's start is on @node. */
struct node_run {
    pfn_t start;
    uint32_t node;
};

/* A frame's place. */
struct place {
    struct region *region;
    int64_t number;     /* of the region */
    unsigned int chunk; /* in the region */
    unsigned int frame; /* in the chunk */
};

/* Pieces [lo, hi) of the 512 of a chunk or a region. */
struct window {
    unsigned int lo, hi;
};

struct buddy {
    /* constant after init */
    struct span *spans;
    size_t span_count;
    struct region *regions; /* ascending by address; touched when first split, or not wholly free at init */
    int64_t region_count;
    size_t region_words; /* of a bitmap with a bit for each region */
    struct node_run *node_runs;
    size_t node_run_count; /* the last one has no end */
    unsigned int node_count;
    uint8_t *distances;             /* NULL: nodes are equally far */
    phys_t end;                     /* the allocator never gets memory at or above it */
    struct zone zones[BUDDY_ZONES]; /* but for what buddy_add() adds */

    struct spinlock lock ALIGNED(64);
    /* guarded by lock; the counters are also read without it: */
    uint64_t *free_regions;             /* by region: all of it is free; its struct region is not used then */
    uint64_t *hints[HINT_ORDERS];       /* by region: it has a free block of that order */
    uint64_t free;                      /* frames, but for those in CPUs' caches */
    uint64_t metadata, metadata_opened; /* frames */

    /* Only ever set, by release, once the struct region is filled in; read without the lock. */
    uint64_t *prepared;
};
extern struct buddy buddy;

/* ---- descriptors.c ---- */

/* The end of the memory that the allocator can ever get. Early memory's last run, if it extends beyond
   memory, hides the rest. */
phys_t buddy_find_end(const struct buddy_setup *setup);

/* The chunks [*@first, *@end) that range @i of the memory map touches. Return: false when the allocator never
   gets memory of this range, not even by buddy_add(). */
bool buddy_managed_chunks(const struct buddy_setup *setup, size_t i, uint64_t *first, uint64_t *end);

/* Return: the last region at or below @gib; NO_REGION when there is none. */
int64_t buddy_region_below(uint64_t gib);

/* Return: false when no region holds the frame. Takes no lock. */
bool buddy_find(pfn_t frame, struct place *place);

struct frame *buddy_frame(pfn_t frame);
bool buddy_is_described(const struct place *place);
bool buddy_is_prepared(int64_t number);

/* The first frame of a region, and of one of its chunks. */
pfn_t buddy_region_start(const struct region *region);
pfn_t buddy_chunk_start(const struct region *region, unsigned int chunk);

/* @start, @size_bytes: multiples of 64. */
void buddy_zero(void *start, size_t size_bytes);

/* The GiB of any region, also of one that was never split. */
uint64_t buddy_gib_of(int64_t number);

/* Makes a chunk's descriptors exist. The caller owns the chunk wholly, or holds buddy.lock and the chunk is
   free as a whole. Return: false when they cannot.
   Cost: 1,900 instructions the first time. */
bool buddy_describe(struct region *region, unsigned int chunk);

/* The same for all chunks of a block that the caller owns, of CHUNK_ORDER and more. Context: no lock held. */
bool buddy_describe_block(pfn_t frame, unsigned int order);

/**
 * buddy_prepare_region_locked() - make the struct of a region that is free as a whole.
 * @memory: a chunk for the descriptors of all of it.
 *
 * Return: false, and nothing has changed, when @memory cannot be mapped.
 */
bool buddy_prepare_region_locked(int64_t number, pfn_t memory);

/* At init, the same for a region that is not wholly free: its struct, and early memory for its
   descriptors. */
status_t buddy_prepare_broken_region(const struct buddy_setup *setup, int64_t number) MUST_CHECK;

static inline bool buddy_is_set(const uint64_t *bitmap, uint64_t bit)
{
    return (bitmap[bit / 64] >> bit % 64 & 1) != 0;
}

/* ---- tree_check.c ---- */

/* The invariants at the head of tree.c, by CHECK(); in other builds they do nothing. */
#ifdef ASHLAR_CHECKED
/* After a change around chunk @chunk of a region: the region's own words; from time to time also the number
   of free frames. */
void buddy_check_region_locked(int64_t number, unsigned int chunk);
/* After a change around @place of a described chunk: the chunk's words, then its region's as above. */
void buddy_check_chunk_locked(const struct place *place);
/* After a search: the block that it took is managed, and not free any more. @frame: PFN_INVALID: none. */
void buddy_check_taken_locked(pfn_t frame, unsigned int order);
#else
#define buddy_check_region_locked(number, chunk) ((void)(number), (void)(chunk))
#define buddy_check_chunk_locked(place)          ((void)(place))
#define buddy_check_taken_locked(frame, order)   ((void)(frame), (void)(order))
#endif

/* ---- tree.c: all with buddy.lock held ---- */

/* Gives a block, or frames of one word. Return: false, and nothing is given, when a part of it is free
   already. */
bool buddy_give_locked(const struct place *place, unsigned int order);
bool buddy_give_mask_locked(const struct place *place, uint64_t mask);

/* Whether the chunk has a free block of order 0 to 8 that is its own: false also while its bits hold the
   address of a page, or something above it is free. */
bool buddy_has_blocks_locked(const struct place *place, unsigned int order);

/**
 * buddy_take_in_chunk_locked() - take up to @wanted blocks of a chunk.
 * @place:  of the chunk, whose hint for @order is set.
 * @order:  0 .. 8.
 * @window: in frames; multiples of 2^order.
 * @wanted: 1 .. 1 + BLOCK_CACHE_BATCH.
 *
 * Return: how many there were.
 */
unsigned int buddy_take_in_chunk_locked(const struct place *place, unsigned int order, struct window window,
                                        unsigned int wanted, pfn_t *frames);

/* Takes single frames: up to @wanted of one word of a chunk whose hint for order 0 is set. Return: the word's
   first frame. */
pfn_t buddy_take_some_locked(const struct place *place, unsigned int wanted, uint64_t *mask);

/* Takes a block of order 9 to 17 of a region's whole chunks; @window: in chunks. Return: PFN_INVALID when
   there is none. Its descriptors may not exist yet. */
pfn_t buddy_take_in_region_locked(int64_t number, unsigned int order, struct window window);

/* Frees all of a chunk but the block of order 0 to 8 at @place. The chunk is described, and the caller has
   taken it as a whole. */
void buddy_split_chunk_locked(const struct place *place, unsigned int order);

/* Splits a region that is prepared, and free as a whole: takes chunks @taken, and chunk @own unless it is
   NO_CHUNK; the others stay free. */
void buddy_split_region_locked(int64_t number, struct window taken, unsigned int own);

/* ---- search.c ---- */

/* A block of 2^order frames in [lo, hi). */
struct range_request {
    unsigned int order;
    bool defers; /* what has no descriptors is not split: the caller makes them, and searches again */
    pfn_t lo, hi;
};

/* The result of a search. At most one of the two is valid. */
struct found {
    pfn_t block; /* taken */
    /* If the request defers: a chunk that is still free and has to be described. Of a region without a
       struct, the first one. */
    pfn_t undescribed;
};
#define FOUND_NOTHING ((struct found){ PFN_INVALID, PFN_INVALID })

/**
 * buddy_take_between_locked() - take the highest block of a range, of a chunk or region that is split already
 * if there is one.
 * @request: any range, also an empty one.
 *
 * Return: the block. Its descriptor is not written, and those of an order of CHUNK_ORDER and more may not
 *         exist yet: buddy_describe_block().
 */
struct found buddy_take_between_locked(const struct range_request *request);

/* Does what a search has deferred because of @chunk, before the caller searches again:
     - Its region has a struct: makes the chunk's descriptors, if it is still free as a whole. If not, its
       owner makes them.
     - Its region has none: makes it, with another region's spare chunk, if that chunk is described. If not,
       the next search finds the spare chunk first.
   Return: false when that cannot be done: the descriptors cannot be mapped, or no region can spare a
   chunk. */
bool buddy_describe_free_locked(pfn_t chunk);

/* ---- nodes.c ---- */

/* Makes the runs of nodes, which cover all memory: a range that the setup does not name is node 0's. */
status_t buddy_set_nodes(const struct buddy_setup *setup) MUST_CHECK;

/* Return: the nearest node to @from that is not in @seen, a bit for each; BUDDY_MAX_NODES when all are. */
unsigned int buddy_nearest_node(unsigned int from, uint64_t seen);

/* ---- zones.c ---- */

/* Initially no CPU has a chunk, and all are on node 0. */
void buddy_reset_cpus(void);

/* Takes a block without the caches. Return: PFN_INVALID when there was none at the moment of looking. */
pfn_t buddy_take(unsigned int order, unsigned int flags, phys_t below, uint32_t node);

/**
 * buddy_take_blocks() - take blocks for ordinary requests, from the chunk that this CPU used last if it can.
 * @wanted: 1 .. 1 + BLOCK_CACHE_BATCH.
 * @frames: receives their first frames.
 *
 * Return: how many there were. Descriptors are not written, and may not exist: buddy_describe_block().
 */
unsigned int buddy_take_blocks(unsigned int order, unsigned int wanted, pfn_t *frames);

/**
 * buddy_take_frames() - take single frames near each other for this CPU.
 * @wanted: 1 .. 64.
 * @mask:   receives which ones: bit n is the frame @return + n.
 *
 * Return: the first frame of a word; PFN_INVALID when there is none. Their descriptors are not written.
 */
pfn_t buddy_take_frames(unsigned int wanted, uint64_t *mask);

/* Gives frames of one chunk's word. Return: false, and none is given, when one was free already. */
bool buddy_give_frames(const struct place *place, uint64_t mask);

/* Gives blocks whose heads say FRAME_NONE; reports one that is free already. */
void buddy_give_blocks(const pfn_t *frames, unsigned int count, unsigned int order);
void buddy_give(pfn_t frame, unsigned int order);

/* ---- free_check.c ---- */

/**
 * buddy_retire() - the check that all frees share: a head in use of @order becomes FRAME_NONE.
 * @caller: for the report.
 * @place:  receives where it is.
 * @flags:  receives the flags it had.
 *
 * Of several CPUs that free one block at once, one succeeds.
 * Return: false, and it was reported, when there is no such head.
 */
bool buddy_retire(pfn_t frame, unsigned int order, const void *caller, struct place *place,
                  unsigned int *flags);

/* ---- block_cache.c, whose common path is in block_cache.h ---- */

/* How many blocks this CPU would take, at most BLOCK_CACHE_BATCH. */
unsigned int block_cache_capacity_left(unsigned int order);

/* Puts blocks there, whose descriptors exist or are made. Those that do not fit go back. */
void block_cache_push_all(const pfn_t *frames, unsigned int count, unsigned int order);

/* Gives a batch of blocks of one order back, or all. Return: frames that went back; 0 when there are no
   blocks. */
uint64_t block_cache_drain_some(void);
void block_cache_drain(void);

/* Frames that a CPU keeps in blocks. */
uint64_t block_cache_count(unsigned int cpu);

/* Sets how many frames a CPU may keep in blocks of each order; 0: no blocks. Those that it has above that
   stay until it drains its stacks. */
void block_cache_set_share(unsigned int cpu, uint64_t frames);

/* Makes a CPU's stacks empty, with a share of 0; gives nothing back. */
void block_cache_init_cpu(unsigned int cpu);

/* ---- frame_cache.c ---- */

/* Sizes the caches by the memory there is. */
void frame_cache_init(void);

/* ---- add.c ---- */

/* Frames [lo, hi) become the allocator's, and its zones': they are free from here on. Those of regions that
   are free as a whole are already. Context: as buddy_add(), one caller at a time. */
void buddy_add_run(pfn_t lo, pfn_t hi);
