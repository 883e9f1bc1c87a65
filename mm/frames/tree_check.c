/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The invariants at the head of tree.c as assertions, in checked builds.
 *
 * Each change of the tree checks the words that it touched: a chunk's bits against its hints and its
 * region's, in some hundred instructions. The check of buddy.free counts all that is split; so it is made
 * once in COUNT_AFTER changes, and less often where more is split. tests/unit/buddy_invariants.h checks all
 * invariants at once, on a machine at rest.
 */
#include "buddy_private.h"

#ifdef ASHLAR_CHECKED

/* Changes from one count of all free frames to the next, for each COUNT_CHUNKS
   split chunks that it visits. */
#define COUNT_AFTER  1024u
#define COUNT_CHUNKS 64u

/* Guarded by buddy.lock. */
static uint64_t changes_to_count = COUNT_AFTER;

static bool is_all_zero(const struct bits512 *bits)
{
    uint64_t any = 0;
    for (unsigned int word = 0; word < BITS512_WORDS; word++)
        any |= bits->word[word];
    return any == 0;
}

/* ---- 4: the number of free frames ---- */

/* @chunks: grows by the split chunks that were visited. */
static uint64_t count_region(const struct region *region, uint64_t *chunks)
{
    uint64_t frames = 0;
    for (unsigned int word = 0; word < BITS512_WORDS; word++) {
        frames += (uint64_t)bit_count(region->whole.word[word]) * CHUNK_FRAMES;
        for (uint64_t hinted = region->hints[word][0]; hinted != 0; hinted &= hinted - 1) {
            const struct bits512 *bits = &region->chunks[word * 64 + (unsigned int)__builtin_ctzll(hinted)];
            for (unsigned int i = 0; i < BITS512_WORDS; i++)
                frames += bit_count(bits->word[i]);
            ++*chunks;
        }
    }
    return frames;
}

static void check_count(void)
{
    uint64_t frames = 0, chunks = 0;
    if (--changes_to_count > 0)
        return;
    for (size_t word = 0; word < buddy.region_words; word++) {
        uint64_t split = buddy.prepared[word] & ~buddy.free_regions[word];
        frames += (uint64_t)bit_count(buddy.free_regions[word]) * REGION_FRAMES;
        for (; split != 0; split &= split - 1)
            frames += count_region(&buddy.regions[word * 64 + (unsigned int)__builtin_ctzll(split)], &chunks);
    }
    changes_to_count = COUNT_AFTER * (1 + chunks / COUNT_CHUNKS);
    CHECK(frames == buddy.free, "buddy: the count of free frames is that of the bits set");
}

/* ---- 1 to 3: a chunk and its region ---- */

/* Whether @orders is bits512_orders(), and not all are set, after a change of word @word: a block that has
   come about is there or around it. */
static bool are_orders(const struct bits512 *bits, unsigned int word, unsigned int orders)
{
    return orders <= BITS512_ORDERS && (orders == 0 || bits512_has(bits, orders - 1)) &&
           !bits512_has_at(bits, word, orders);
}

static void check_free_region(int64_t number)
{
    const struct region *region = &buddy.regions[number];
    if (!buddy_is_set(buddy.prepared, (uint64_t)number))
        return;
    CHECK(is_all_zero(&region->whole),
          "buddy: a region that is free as a whole has no free chunks of its own");
    for (unsigned int word = 0; word < BITS512_WORDS; word++)
        CHECK(region->hints[word][0] == 0,
              "buddy: a region that is free as a whole has no free frames of its own");
}

/* Whether the region has a hint for the largest of its @orders orders of whole chunks,
   and none for the next. */
static bool are_hints(int64_t number, unsigned int orders)
{
    return (orders == 0 || buddy_is_set(buddy.hints[CHUNK_ORDER + orders - 1], (uint64_t)number)) &&
           (orders == BITS512_ORDERS || !buddy_is_set(buddy.hints[CHUNK_ORDER + orders], (uint64_t)number));
}

static void check_split_region(int64_t number, unsigned int chunk)
{
    const struct region *region = &buddy.regions[number];
    CHECK(are_orders(&region->whole, chunk / 64, region->whole_orders),
          "buddy: a region's orders are those of its chunks' bits, and 512 free chunks are one free region");
    CHECK(are_hints(number, region->whole_orders), "buddy: a region's hints are those of its chunks' bits");
}

void buddy_check_region_locked(int64_t number, unsigned int chunk)
{
    CHECK_HELD(&buddy.lock);
    if (buddy_is_set(buddy.free_regions, (uint64_t)number))
        check_free_region(number);
    else
        check_split_region(number, chunk);
    check_count();
}

static bool has_hint(const struct region *region, unsigned int order)
{
    uint64_t any = 0;
    for (unsigned int word = 0; word < BITS512_WORDS; word++)
        any |= region->hints[word][order];
    return any != 0;
}

void buddy_check_chunk_locked(const struct place *place)
{
    CHECK_HELD(&buddy.lock);
    const struct region *region = place->region;
    unsigned int chunk = place->chunk;
    const struct bits512 *bits = &region->chunks[chunk];
    unsigned int orders = region->orders[chunk];
    if (buddy_is_set(buddy.free_regions, (uint64_t)place->number) || buddy_is_set(region->whole.word, chunk))
        CHECK(is_all_zero(bits), "buddy: a chunk that is free as a whole has no free frames of its own");
    CHECK(are_orders(bits, place->frame / 64, orders),
          "buddy: a chunk's orders are those of its frames' bits, and 512 free frames are one free chunk");
    for (unsigned int order = 0; order < CHUNK_ORDER; order++)
        CHECK((region->hints[chunk / 64][order] >> chunk % 64 & 1) == (order < orders),
              "buddy: a chunk's hints are those of its orders");
    CHECK((orders == 0 || buddy_is_set(buddy.hints[orders - 1], (uint64_t)place->number)) &&
              (orders == CHUNK_ORDER ||
               buddy_is_set(buddy.hints[orders], (uint64_t)place->number) == has_hint(region, orders)),
          "buddy: a region's hints say whether one of its chunks has a block");
    buddy_check_region_locked(place->number, chunk);
}

/* ---- 1: what is taken ---- */

static bool is_free(const struct place *place, unsigned int order)
{
    const struct region *region = place->region;
    return buddy_is_set(buddy.free_regions, (uint64_t)place->number) ||
           buddy_is_set(region->whole.word, place->chunk) ||
           (order < CHUNK_ORDER && buddy_is_set(region->chunks[place->chunk].word, place->frame));
}

void buddy_check_taken_locked(pfn_t frame, unsigned int order)
{
    CHECK_HELD(&buddy.lock);
    struct place first, last;
    if (!pfn_is_valid(frame))
        return;
    CHECK(is_aligned(frame.raw, BIT(order)), "buddy: a block begins at a multiple of its size");
    CHECK(buddy_find(frame, &first) && buddy_find(pfn_add(frame, BIT(order) - 1), &last),
          "buddy: a block lies in memory that is managed");
    CHECK(!is_free(&first, order) && !is_free(&last, order), "buddy: a block that was taken is not free");
}

#endif
