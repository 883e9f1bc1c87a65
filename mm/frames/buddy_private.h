/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What the files of the buddy allocator share: buddy.c (its functions: where a request looks, what may be
 * freed), buddy_tree.c (the idea; what is free), buddy_descriptors.c (what describes a piece when it is first
 * used), buddy_init.c (from the memory map to the first free block), buddy_stats.c (counting), frame_cache.c,
 * block_cache.c.
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

/* Frame numbers, chunk numbers and region indices are plain integers here. */
#define NO_FRAME  UINT64_MAX
#define NO_REGION (-1)

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
    /* Of chunk 0; only chunks of the span have theirs. Until a chunk is described, word 0 of its bits holds
       the physical address of the page for its descriptors, if it has one of its own; else anything. */
    struct bits512 *chunks;
    bool is_mapped; /* there is memory behind the descriptors of the whole region, not zeroed */

    /* guarded by buddy.lock: */
    struct bits512 whole;                       /* chunks that are free as a whole */
    uint64_t hints[BITS512_WORDS][CHUNK_ORDER]; /* [c / 64][order]: chunk c has a free block of that order */
    uint8_t orders[REGION_CHUNKS]; /* n: the largest free block of the chunk is of order n - 1; 0: none */
    uint8_t whole_orders;          /* the same of the blocks of whole */
    uint64_t owned[BITS512_WORDS]; /* chunks that were given to us as a whole */

    /* Only ever set, by release, once the descriptors are there; read without the lock. */
    uint64_t described[BITS512_WORDS];
} ALIGNED(64);

struct zone {
    uint64_t start, end;  /* frames */
    uint64_t reserve_end; /* ordinary requests begin here */
    uint64_t managed, reserve;
};

/* Memory from @start up to the next one's start belongs to @node. */
struct node_run {
    uint64_t start;
    uint32_t node;
};

/* A frame's place. */
struct place {
    struct region *region;
    int64_t number;     /* of the region */
    unsigned int chunk; /* in the region */
    unsigned int frame; /* in the chunk */
};

struct buddy {
    /* constant after init */
    struct span *spans;
    size_t span_count;
    struct region *regions; /* ascending by address; touched when first split, or not wholly free at init */
    int64_t region_count;
    size_t region_words; /* of a bitmap with a bit for each region */
    struct node_run *node_runs;
    size_t node_run_count; /* the last one's end is nobody's start */
    unsigned int node_count;
    uint8_t *distances;             /* NULL: nodes are equally far */
    uint64_t end;                   /* bytes; memory behind it is not ours and never will be */
    struct zone zones[BUDDY_ZONES]; /* but for what buddy_add() adds */

    struct port_lock lock ALIGNED(64);
    /* guarded by lock; the counters are also read without it: */
    uint64_t *giants;                   /* by region: free as a whole; its struct region says nothing then */
    uint64_t *hints[HINT_ORDERS];       /* by region: it has a free block of that order */
    uint64_t free;                      /* frames, but for those in CPUs' caches */
    uint64_t metadata, metadata_opened; /* frames */

    /* Only ever set, by release, once the struct region is filled in; read without the lock. */
    uint64_t *prepared;
};
extern struct buddy buddy;

/* ---- buddy_tree.c: all with buddy.lock held ---- */

/**
 * buddy_take_between_locked() - take the highest block that lies within frames [lo, hi), rather of what is
 * broken.
 *
 * Return: NO_FRAME when there is none. Its descriptor is not written, and those of an order of CHUNK_ORDER
 *         and more may not exist yet: buddy_describe_block().
 */
uint64_t buddy_take_between_locked(unsigned int order, uint64_t lo, uint64_t hi);

/* The same in one chunk, for orders 0 to 8. */
uint64_t buddy_take_in_chunk_locked(const struct place *place, unsigned int order, uint64_t lo, uint64_t hi);

/* The same of single frames: up to @wanted of one word. Return: the word's first frame; NO_FRAME when none is
   free. */
uint64_t buddy_take_some_locked(const struct place *place, unsigned int wanted, uint64_t *mask);

/* A free chunk in regions that are split already, with no part in a reserve. */
uint64_t buddy_take_spare_chunk_locked(void);

/* Gives a block, or frames of one word. Return: false, and nothing is given, when a part of it is free
   already. */
bool buddy_give_locked(const struct place *place, unsigned int order);
bool buddy_give_mask_locked(const struct place *place, uint64_t mask);

/* ---- buddy.c ---- */

/* Makes the runs of nodes, which cover everything: what the setup does not name is node 0's. */
status_t buddy_set_nodes(const struct buddy_setup *setup);

/* No CPU has a chunk that it took from before, and all are on node 0. */
void buddy_forget_cpus(void);

/* Takes a block without the caches. Return: NO_FRAME when there was none at the moment of looking. */
uint64_t buddy_take(unsigned int order, unsigned int flags, phys_t below, uint32_t node);

/**
 * buddy_take_blocks() - take blocks for ordinary requests, from the chunk that this CPU used last if it can.
 * @wanted: 1 .. 1 + BLOCK_CACHE_BATCH.
 * @frames: receives their first frames.
 *
 * Return: how many there were. Descriptors are not written, and may not exist: buddy_describe_block().
 */
unsigned int buddy_take_blocks(unsigned int order, unsigned int wanted, uint64_t *frames);

/**
 * buddy_take_frames() - take single frames near each other for this CPU.
 * @wanted: 1 .. 64.
 * @mask:   receives which ones: bit n is the frame @return + n.
 *
 * Return: the first frame of a word; NO_FRAME when there is none. Their descriptors are not written.
 */
uint64_t buddy_take_frames(unsigned int wanted, uint64_t *mask);

/* Gives frames of one chunk's word. Return: false, and none is given, when one was free already. */
bool buddy_give_frames(const struct place *place, uint64_t mask);

/* Gives blocks, of which nobody has the descriptors any more; reports one that is free already. */
void buddy_give_blocks(const uint64_t *frames, unsigned int count, unsigned int order);
void buddy_give(uint64_t frame, unsigned int order);

/* The check that all frees share: a head in use of @order becomes FRAME_NONE; where it is and its flags are
   said.
   Return: false, and it was reported, when there is none. */
bool buddy_retire(uint64_t frame, unsigned int order, const void *caller, struct place *place,
                  unsigned int *flags);

/* buddy_free() past the stacks of blocks. Return: whether it was a block in use, which then has a
   descriptor. */
bool buddy_free_checked(phys_t block, unsigned int order, const void *caller);

/* ---- buddy_descriptors.c ---- */

/* Bytes: where memory ends that can ever be ours. Early memory's last run, if it reaches further than memory,
   hides the rest. */
uint64_t buddy_find_end(const struct buddy_setup *setup);

/* The chunks that range number @i of the map touches. Return: false when it never becomes ours, not even by
   buddy_add(). */
bool buddy_managed_chunks(const struct buddy_setup *setup, size_t i, uint64_t *first, uint64_t *end);

/* Return: the last region at or below @gib; NO_REGION when there is none. */
int64_t buddy_region_below(uint64_t gib);

/* Return: false when no region holds the frame. Takes no lock. */
bool buddy_find(uint64_t frame, struct place *place);

struct frame *buddy_frame(uint64_t frame);
bool buddy_is_described(const struct place *place);

/* The number of a chunk's first frame. */
uint64_t buddy_first_frame(const struct region *region, unsigned int chunk);

/* @start, @size_bytes: multiples of 64. */
void buddy_zero(void *start, size_t size_bytes);

/* The GiB of any region, also of one that was never split. */
uint64_t buddy_gib_of(int64_t number);

/* Makes a chunk's descriptors exist. The caller owns the chunk wholly. About 700 instructions the first
   time. */
bool buddy_describe(struct region *region, unsigned int chunk);

/* The same for all chunks of a block that the caller owns, of CHUNK_ORDER and more. Takes the time, and no
   lock. */
bool buddy_describe_block(uint64_t frame, unsigned int order);

/**
 * buddy_prepare_region_locked() - make the struct of a region that is free as a whole, and memory for its
 * descriptors.
 * @spare: a chunk that may be used for them when no other region has one; NO_CHUNK for none.
 * @used:  receives whether it was.
 */
#define NO_CHUNK REGION_CHUNKS
bool buddy_prepare_region_locked(int64_t number, unsigned int spare, bool *used);

/* At init, the same for a region that is not wholly free: its struct, and early memory for its
   descriptors. */
status_t buddy_prepare_broken_region(const struct buddy_setup *setup, int64_t number);

/* ---- block_cache.c ---- */

#define BLOCK_CACHE_BATCH 4 /* blocks that come and go at once */

/* How many blocks this CPU would take, at most BLOCK_CACHE_BATCH. */
unsigned int block_cache_room(unsigned int order);

/* Puts blocks there, whose descriptors exist or are made. Those that do not fit go back. */
void block_cache_push_all(const uint64_t *frames, unsigned int count, unsigned int order);

void block_cache_drain(void);

/* Frames that a CPU keeps in blocks. */
uint64_t block_cache_count(unsigned int cpu);

/* What a CPU may keep of one order; 0: no blocks at all. What it has above that goes back when it is
   drained. */
void block_cache_set_share(unsigned int cpu, uint64_t frames);
void block_cache_init_cpu(unsigned int cpu);

/* ---- frame_cache.c ---- */

/* Sizes the caches by the memory there is. */
void frame_cache_init(void);
