/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What the files of the buddy allocator share: buddy.c (the idea, taking and giving), buddy_request.c
 * (where to look, what may be freed), buddy_init.c (from the memory map to the first free block),
 * buddy_descriptors.c (what describes a piece when it is first used), buddy_stats.c (counting), frame_cache.c,
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
#define NO_FRAME      UINT64_MAX
#define NO_REGION     (-1)

STATIC_ASSERT(BUDDY_MAX_ORDER == REGION_ORDER, "a region is a block of the largest order");

/* A run of chunks that hold managed memory. No two spans have chunks in the same GiB. Constant after init. */
struct span {
    uint64_t first_chunk, end_chunk;
    int64_t first_region;
    struct bits512 *bits; /* of first_chunk */
};

struct region {
    struct bits512 whole;                       /* chunks that are free as a whole */
    uint64_t hints[BITS512_WORDS][CHUNK_ORDER]; /* [c / 64][order]: chunk c may have a block of that order */
    uint64_t described[BITS512_WORDS];          /* chunks whose descriptors exist */
    uint64_t owned[BITS512_WORDS];              /* chunks that were given to us as a whole */
    uint64_t gib;                               /* its address, in GiB */
    /* The free frames of chunk 0; only chunks of the span have theirs. Until a chunk is described, its
       word 0 holds the physical address of the page for its descriptors; 0: it has none. */
    struct bits512 *chunks;
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

struct buddy {
    struct span *spans;
    size_t span_count;
    struct region *regions; /* ascending by address; touched when first split, or not wholly free at init */
    int64_t region_count;
    size_t region_words; /* of a bitmap with a bit for each region */

    /* One bit a region each. */
    uint64_t *giants;             /* free as a whole; its struct region says nothing then */
    uint64_t *prepared;           /* its struct region is filled in, and its chunks are described */
    uint64_t *hints[HINT_ORDERS]; /* it may have a free block of that order */

    struct zone zones[BUDDY_ZONES];
    struct node_run *node_runs;
    size_t node_run_count; /* the last one's end is nobody's start */
    unsigned node_count;
    uint8_t *distances; /* NULL: nodes are equally far */

    uint64_t metadata, metadata_opened; /* frames */
};
extern struct buddy buddy;

/* ---- buddy.c ---- */

/* Return: the last region at or below @gib; NO_REGION when there is none. */
int64_t buddy_region_below(uint64_t gib);

/* A frame's place. Return: false when no region holds it. */
struct place {
    struct region *region;
    int64_t number; /* of the region */
    unsigned chunk; /* in the region */
    unsigned frame; /* in the chunk */
};
bool buddy_find(uint64_t frame, struct place *place);

struct frame *buddy_frame(uint64_t frame);
bool buddy_is_described(const struct place *place);

/* The number of a chunk's first frame. */
uint64_t buddy_first_frame(const struct region *region, unsigned chunk);

/* Moves, in which memory is visible to nobody for a moment: how many have begun and ended. */
struct buddy_moves {
    uint64_t begun, ended;
};
struct buddy_moves buddy_count_moves(void);

/* Takes a block within frames [lo, hi). Return: NO_FRAME when it found none. */
uint64_t buddy_take_between(unsigned order, uint64_t lo, uint64_t hi);

/* The same in one chunk, for orders 0 to 8. */
uint64_t buddy_take_in_chunk(int64_t number, unsigned chunk, unsigned order, uint64_t lo, uint64_t hi);

/* Takes a free chunk in a region that is split already. */
uint64_t buddy_take_chunk_of_split(void);

/* Makes free bits of a chunk known after they were set: hints, merging. @word: the one given to. */
void buddy_settle_chunk(int64_t number, unsigned chunk, unsigned word);

/* Gives a block of 2^order whole chunks; reports a chunk that is free already. */
void buddy_give_chunks(int64_t number, unsigned order, unsigned chunk);

/* Gives frames of one chunk's word. Return: false when one was free already. */
bool buddy_give_frames(const struct place *place, uint64_t mask);

/* ---- buddy_init.c ---- */

/* Whether a range becomes ours, now or by buddy_add(). */
static inline bool buddy_is_managed(const struct memmap_range *range)
{
    return range->kind <= MEMMAP_KERNEL;
}

/* ---- buddy_descriptors.c ---- */

/* @start, @size_bytes: multiples of 64. */
void buddy_zero(void *start, size_t size_bytes);

/* The GiB of any region, also of one that was never split. */
uint64_t buddy_gib_of(int64_t number);

/* Makes a never used chunk's descriptors exist. The caller owns the chunk wholly. */
bool buddy_describe(struct region *region, unsigned chunk);

/* Makes a never used region's struct and descriptors. The caller took its giant bit. */
bool buddy_prepare_region(int64_t number, unsigned *lowest_chunk);

/* At init, the same for a region that is not wholly free: its struct, and early memory for its descriptors. */
status_t buddy_prepare_broken_region(const struct buddy_setup *setup, int64_t number);

/* ---- buddy_request.c ---- */

/* No CPU has a chunk that it took from before, and all are on node 0. */
void buddy_forget_cpus(void);

/* Takes a block without the frame cache. Return: NO_FRAME when there is none. */
uint64_t buddy_take(unsigned order, unsigned flags, phys_t below, uint32_t node);

/**
 * buddy_take_frames() - take single frames near each other for this CPU.
 * @wanted: 1 .. 64.
 * @mask:   receives which ones: bit n is the frame @return + n.
 *
 * Return: the first frame of a word; NO_FRAME when there is none. Their descriptors are not written.
 */
uint64_t buddy_take_frames(unsigned wanted, uint64_t *mask);

/* The check that all frees share: a head in use of @order becomes FRAME_NONE; where it is and its flags are said.
   Return: false, and it was reported, when there is none. */
bool buddy_retire(uint64_t frame, unsigned order, const void *caller, struct place *place, unsigned *flags);

/* Gives a block of which nobody has the descriptor any more. */
void buddy_give(uint64_t frame, unsigned order);

/* buddy_free() past the stacks of blocks. Return: whether it was a block in use, which then has a descriptor. */
bool buddy_free_checked(phys_t block, unsigned order, const void *caller);

/* ---- block_cache.c ---- */

void block_cache_drain(void);

/* Frames that a CPU keeps in blocks. */
uint64_t block_cache_count(unsigned cpu);

/* What a CPU may keep of one order; 0: no blocks at all. What it has above that goes back when it is drained. */
void block_cache_set_share(unsigned cpu, uint64_t frames);
void block_cache_init_cpu(unsigned cpu);

/* ---- frame_cache.c ---- */

/* Sizes the caches by the memory there is. */
void frame_cache_init(void);
