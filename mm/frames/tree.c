/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buddy allocator's tree of free memory: allocation and freeing in it, all under one lock.
 *
 * Memory is a tree of three levels with a fan-out of 512. A region is 1 GiB and has a bit for each
 * of its chunks of 2 MiB; a chunk has a bit for each of its frames of 4 KiB; and the regions have a
 * bit each in one bitmap. A block of order 0 to 8 is an aligned run of frame bits, of 9 to 17 an aligned
 * run of chunk bits, of 18 a region's bit. So there are no lists: a freed block has merged with its buddy as
 * soon as its bits are set. Only a split or a merge between levels takes work.
 *
 * This file changes what is free; search.c decides where. One lock guards all of it; it is a leaf: nothing
 * that takes a lock is called under it, and it is held for less than 2,000 instructions. Whenever the lock is
 * free, these invariants hold:
 *
 *   1. A free frame is counted once: its region's bit is set in free_regions; or that is clear and its
 *      chunk's bit is set in whole; or both are clear and its own bit is set. Where an upper bit is set the
 *      bits below are clear. A frame that is in use, in a CPU's cache, or not managed has none of the three.
 *   2. No chunk has all 512 bits set and no region all 512 of whole: they are one bit of the level above.
 *   3. hints say exactly which chunk, and which region, has a block of which order; orders, how many.
 *   4. buddy.free is the number of free frames.
 *
 * Each function below preserves them, and tree_check.c asserts them in checked builds. So a search that
 * follows a hint finds a block, except at the ends of its range, and a request fails only if no block that it
 * may have was free at the moment of its search.
 *
 * The caches in front take up to 64 frames of a word for one acquisition, so the lock is no bottleneck:
 * docs/decisions/0007-a-lock-for-the-buddy.md has the numbers, and what was there before: the same tree
 * without a lock. Refused: free lists. They need a word or two in every free block, so that free memory is
 * touched, or in every descriptor, and descriptors for 16 TiB are 32 GiB.
 */
#include "buddy_private.h"

/* ---- hints ---- */

static void count_free(int64_t frames)
{
    __atomic_store_n(&buddy.free, buddy.free + (uint64_t)frames, __ATOMIC_RELAXED);
}

/* The region has blocks of this order of chunks' bits, or none, after a hint in @changed changed. */
static void hint_region(int64_t number, unsigned int order, unsigned int changed)
{
    const struct region *region = &buddy.regions[number];
    uint64_t any = region->hints[changed][order];
    for (unsigned int word = 0; any == 0 && word < BITS512_WORDS; word++)
        any = region->hints[word][order];
    uint64_t *hints = &buddy.hints[order][number / 64];
    *hints = any ? *hints | BIT(number % 64) : *hints & ~BIT(number % 64);
}

/* A chunk's bits have changed: blocks of orders below @orders are free there. */
static void set_orders(int64_t number, unsigned int chunk, unsigned int orders)
{
    struct region *region = &buddy.regions[number];
    unsigned int old = region->orders[chunk];
    region->orders[chunk] = (uint8_t)orders;
    for (unsigned int order = old < orders ? old : orders; order < old || order < orders; order++) {
        region->hints[chunk / 64][order] ^= BIT(chunk % 64);
        hint_region(number, order, chunk / 64);
    }
}

/* The same of a region's bits. */
static void set_whole_orders(int64_t number, unsigned int orders)
{
    struct region *region = &buddy.regions[number];
    unsigned int old = region->whole_orders;
    region->whole_orders = (uint8_t)orders;
    for (unsigned int order = old < orders ? old : orders; order < old || order < orders; order++)
        buddy.hints[CHUNK_ORDER + order][number / 64] ^= BIT(number % 64);
}

/* The number of orders that have blocks after bits were set in, or around, a word; @orders: the number
   before. ALL_ORDERS when all 512 bits are set. */
#define ALL_ORDERS (BITS512_ORDERS + 1)
static unsigned int orders_grown(const struct bits512 *bits, unsigned int word, unsigned int orders)
{
    while (orders < ALL_ORDERS && bits512_has_at(bits, word, orders))
        orders++;
    return orders;
}

/* ---- giving ---- */

/* Bits of whole around @chunk were set. */
static void settle_region(int64_t number, unsigned int chunk)
{
    struct region *region = &buddy.regions[number];
    unsigned int orders = orders_grown(&region->whole, chunk / 64, region->whole_orders);
    if (orders == ALL_ORDERS) {
        bits512_clear(&region->whole);
        orders = 0;
        buddy.free_regions[number / 64] |= BIT(number % 64);
    }
    set_whole_orders(number, orders);
}

/* Bits of the chunk around @word were set. */
static void settle_chunk(int64_t number, unsigned int chunk, unsigned int word)
{
    struct region *region = &buddy.regions[number];
    unsigned int orders = orders_grown(&region->chunks[chunk], word, region->orders[chunk]);
    if (orders < ALL_ORDERS) {
        set_orders(number, chunk, orders);
        return;
    }
    bits512_clear(&region->chunks[chunk]);
    set_orders(number, chunk, 0);
    VERIFY(bits512_give(&region->whole, 0, chunk));
    settle_region(number, chunk);
}

/* Whether some of 2^order chunks have frames that are free by themselves. */
static bool has_free_frames(const struct region *region, unsigned int chunk, unsigned int order)
{
    if (order < BITS512_WORD_ORDER)
        return (region->hints[chunk / 64][0] & (BIT(BIT(order)) - 1) << chunk % 64) != 0;
    for (unsigned int word = chunk / 64; word < (chunk + BIT(order)) / 64; word++)
        if (region->hints[word][0] != 0)
            return true;
    return false;
}

static bool give_region(int64_t number)
{
    const struct region *region = &buddy.regions[number];
    if (buddy_is_set(buddy.free_regions, (uint64_t)number) || region->whole_orders != 0 ||
        has_free_frames(region, 0, REGION_ORDER - CHUNK_ORDER))
        return false;
    buddy.free_regions[number / 64] |= BIT(number % 64);
    return true;
}

bool buddy_give_locked(const struct place *place, unsigned int order)
{
    CHECK_HELD(&buddy.lock);
    struct region *region = place->region;
    if (order == REGION_ORDER) {
        if (!give_region(place->number))
            return false;
    } else if (buddy_is_set(buddy.free_regions, (uint64_t)place->number)) {
        return false;
    } else if (order >= CHUNK_ORDER) {
        if (has_free_frames(region, place->chunk, order - CHUNK_ORDER) ||
            !bits512_give(&region->whole, order - CHUNK_ORDER, place->chunk))
            return false;
        settle_region(place->number, place->chunk);
    } else {
        if (buddy_is_set(region->whole.word, place->chunk) ||
            !bits512_give(&region->chunks[place->chunk], order, place->frame))
            return false;
        settle_chunk(place->number, place->chunk, place->frame / 64);
    }
    count_free((int64_t)BIT(order));
    if (order < CHUNK_ORDER)
        buddy_check_chunk_locked(place);
    else
        buddy_check_region_locked(place->number, place->chunk);
    return true;
}

bool buddy_give_mask_locked(const struct place *place, uint64_t mask)
{
    CHECK_HELD(&buddy.lock);
    struct region *region = place->region;
    if (buddy_is_set(buddy.free_regions, (uint64_t)place->number) ||
        buddy_is_set(region->whole.word, place->chunk) ||
        !bits512_give_mask(&region->chunks[place->chunk], place->frame / 64, mask))
        return false;
    settle_chunk(place->number, place->chunk, place->frame / 64);
    count_free((int64_t)bit_count(mask));
    buddy_check_chunk_locked(place);
    return true;
}

/* ---- taking ---- */

bool buddy_has_blocks_locked(const struct place *place, unsigned int order)
{
    CHECK_HELD(&buddy.lock);
    return buddy_is_described(place) && place->region->orders[place->chunk] > order;
}

unsigned int buddy_take_in_chunk_locked(const struct place *place, unsigned int order, struct window window,
                                        unsigned int wanted, pfn_t *frames)
{
    CHECK_HELD(&buddy.lock);
    unsigned int indexes[1 + BLOCK_CACHE_BATCH];
    struct bits512 *bits = &place->region->chunks[place->chunk];
    unsigned int count = bits512_take_blocks(bits, order, window.lo, window.hi, wanted, indexes);
    if (count == 0)
        return 0;
    for (unsigned int i = 0; i < count; i++)
        frames[i] = pfn_add(buddy_chunk_start(place->region, place->chunk), indexes[i]);
    set_orders(place->number, place->chunk, bits512_orders(bits, place->region->orders[place->chunk]));
    count_free(-(int64_t)(count * BIT(order)));
    buddy_check_chunk_locked(place);
    return count;
}

pfn_t buddy_take_some_locked(const struct place *place, unsigned int wanted, uint64_t *mask)
{
    CHECK_HELD(&buddy.lock);
    struct bits512 *bits = &place->region->chunks[place->chunk];
    unsigned int word = bits512_take_some(bits, wanted, mask);
    set_orders(place->number, place->chunk, bits512_orders(bits, place->region->orders[place->chunk]));
    count_free(-(int64_t)bit_count(*mask));
    buddy_check_chunk_locked(place);
    return pfn_add(buddy_chunk_start(place->region, place->chunk), word * 64);
}

pfn_t buddy_take_in_region_locked(int64_t number, unsigned int order, struct window window)
{
    CHECK_HELD(&buddy.lock);
    struct region *region = &buddy.regions[number];
    unsigned int index;
    if (bits512_take_blocks(&region->whole, order - CHUNK_ORDER, window.lo, window.hi, 1, &index) == 0)
        return PFN_INVALID;
    set_whole_orders(number, bits512_orders(&region->whole, region->whole_orders));
    count_free(-(int64_t)BIT(order));
    buddy_check_region_locked(number, index);
    return buddy_chunk_start(region, index);
}

/* ---- splitting ---- */

void buddy_split_chunk_locked(const struct place *place, unsigned int order)
{
    CHECK_HELD(&buddy.lock);
    struct bits512 *bits = &place->region->chunks[place->chunk];
    bits512_fill_around(bits, place->frame, place->frame + (unsigned int)BIT(order));
    set_orders(place->number, place->chunk, bits512_orders(bits, BITS512_ORDERS));
    count_free((int64_t)(CHUNK_FRAMES - BIT(order)));
    buddy_check_chunk_locked(place);
}

void buddy_split_region_locked(int64_t number, struct window taken, unsigned int own)
{
    CHECK_HELD(&buddy.lock);
    struct region *region = &buddy.regions[number];
    buddy.free_regions[number / 64] &= ~BIT(number % 64);
    bits512_fill_around(&region->whole, taken.lo, taken.hi);
    if (own != NO_CHUNK)
        region->whole.word[own / 64] &= ~BIT(own % 64);
    set_whole_orders(number, bits512_orders(&region->whole, BITS512_ORDERS));
    count_free(-(int64_t)((taken.hi - taken.lo + (own != NO_CHUNK)) * CHUNK_FRAMES));
    buddy_check_region_locked(number, taken.lo);
}
