/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buddy allocator's tree: what is free, how it is taken and given, all under one lock.
 *
 * Memory is a tree of three levels with a fan-out of 512. A region is 1 GiB and has a bit for each
 * of its chunks of 2 MiB; a chunk has a bit for each of its frames of 4 KiB; and the regions have a
 * bit each in one bitmap. A block of order 0 to 8 is an aligned run of frame bits, of 9 to 17 an aligned
 * run of chunk bits, of 18 a region's bit. So there are no lists to split and join: a block that is given
 * back has merged with its buddy by lying beside it. Only between levels something happens.
 *
 * One lock guards all of it; it is a leaf: nothing that takes a lock is called under it, and it is held for
 * less than 2,000 instructions, but for the first split of a whole region. Whenever it is free, this is true:
 *
 *   1. A free frame is counted once: its region's bit is set in free_regions; or that is clear and its
 * chunk's bit is set in whole; or both are clear and its own bit is set. Where an upper bit is set the bits
 * below are clear. A frame that is in use, in a CPU's cache, or never was ours has none of the three.
 *   2. No chunk has all 512 bits set and no region all 512 of whole: they are one bit of the level above.
 *   3. hints say exactly which chunk, and which region, has a block of which order; orders, how many.
 *   4. buddy.free is the number of free frames.
 *
 * So a search follows set hints only and never returns empty-handed from one, but at the ends of [lo, hi),
 * where a chunk may lie half outside; and a request that finds nothing was made at a moment when there was
 * nothing.
 *
 * The caches in front take up to 64 frames of a word for one acquisition, which is why the lock is no
 * bottleneck: docs/decisions/0007-a-lock-for-the-buddy.md has the numbers, and what was there before: the
 * same tree without a lock. Refused: free lists, which want a word or two in every free block, that is memory
 * touched, or in its descriptor, of which 16 TiB have 32 GiB.
 */
#include "buddy_private.h"

/* ---- bitmaps and hints ---- */

static bool is_set(const uint64_t *bitmap, uint64_t bit)
{
    return (bitmap[bit / 64] >> bit % 64 & 1) != 0;
}

/* Return: the highest bit set at or below @from; -1 when there is none. @stride: from word to word. */
static int64_t highest_below(const uint64_t *bitmap, size_t stride, int64_t from)
{
    if (from < 0)
        return -1;
    int64_t word = from / 64;
    uint64_t value = bitmap[(size_t)word * stride] & (UINT64_MAX >> (63 - from % 64));
    while (value == 0) {
        if (--word < 0)
            return -1;
        value = bitmap[(size_t)word * stride];
    }
    return word * 64 + 63 - __builtin_clzll(value);
}

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

/* How many orders of blocks there are after bits were set in, or around, a word, of the @orders that there
   were before; ALL_ORDERS when that are all 512. */
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
    if (is_set(buddy.free_regions, (uint64_t)number) || region->whole_orders != 0 ||
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
    } else if (is_set(buddy.free_regions, (uint64_t)place->number)) {
        return false;
    } else if (order >= CHUNK_ORDER) {
        if (has_free_frames(region, place->chunk, order - CHUNK_ORDER) ||
            !bits512_give(&region->whole, order - CHUNK_ORDER, place->chunk))
            return false;
        settle_region(place->number, place->chunk);
    } else {
        if (is_set(region->whole.word, place->chunk) ||
            !bits512_give(&region->chunks[place->chunk], order, place->frame))
            return false;
        settle_chunk(place->number, place->chunk, place->frame / 64);
    }
    count_free((int64_t)BIT(order));
    return true;
}

bool buddy_give_mask_locked(const struct place *place, uint64_t mask)
{
    CHECK_HELD(&buddy.lock);
    struct region *region = place->region;
    if (is_set(buddy.free_regions, (uint64_t)place->number) || is_set(region->whole.word, place->chunk) ||
        !bits512_give_mask(&region->chunks[place->chunk], place->frame / 64, mask))
        return false;
    settle_chunk(place->number, place->chunk, place->frame / 64);
    count_free((int64_t)bits512_weight(mask));
    return true;
}

/* ---- taking from what is split; without counting ---- */

/* [lo, hi) cut to the 512 pieces of @size frames that begin at @base; in pieces. */
struct window {
    unsigned int lo, hi;
};

static struct window window_of(pfn_t lo, pfn_t hi, pfn_t base, uint64_t size)
{
    pfn_t end = pfn_add(base, 512 * size);
    return (struct window){
        .lo = lo.raw <= base.raw ? 0 : (unsigned int)((lo.raw - base.raw) / size),
        .hi = hi.raw >= end.raw ? 512 : (unsigned int)((hi.raw - base.raw + size - 1) / size),
    };
}

/* A hint may be for what lies outside of the window. That nothing at all is free in it is known sooner than
   that no block fits. */
static bool is_all_taken(const struct bits512 *bits, struct window window)
{
    return highest_below(bits->word, 1, (int64_t)window.hi - 1) < (int64_t)window.lo;
}

static pfn_t take_frames(int64_t number, unsigned int chunk, unsigned int order, pfn_t lo, pfn_t hi)
{
    struct region *region = &buddy.regions[number];
    pfn_t base = buddy_chunk_start(region, chunk);
    struct window window = window_of(lo, hi, base, 1);
    unsigned int index;
    if (is_all_taken(&region->chunks[chunk], window))
        return PFN_INVALID;
    if (bits512_take_blocks(&region->chunks[chunk], order, window.lo, window.hi, 1, &index) == 0)
        return PFN_INVALID;
    set_orders(number, chunk, bits512_orders(&region->chunks[chunk], region->orders[chunk]));
    return pfn_add(base, index);
}

/* Blocks of order 0 to 8, from a region's broken chunks. */
static pfn_t take_in_broken(int64_t number, unsigned int order, pfn_t lo, pfn_t hi)
{
    const struct region *region = &buddy.regions[number];
    struct window window = window_of(lo, hi, buddy_region_start(region), CHUNK_FRAMES);
    int64_t chunk = window.hi;
    while ((chunk = highest_below(&region->hints[0][order], CHUNK_ORDER, chunk - 1)) >= (int64_t)window.lo) {
        pfn_t frame = take_frames(number, (unsigned int)chunk, order, lo, hi);
        if (pfn_is_valid(frame))
            return frame;
    }
    return PFN_INVALID;
}

/* Blocks of order 9 to 17, from a split region. */
static pfn_t take_chunks(int64_t number, unsigned int order, pfn_t lo, pfn_t hi)
{
    struct region *region = &buddy.regions[number];
    pfn_t base = buddy_region_start(region);
    struct window window = window_of(lo, hi, base, CHUNK_FRAMES);
    unsigned int index;
    if (is_all_taken(&region->whole, window))
        return PFN_INVALID;
    if (bits512_take_blocks(&region->whole, order - CHUNK_ORDER, window.lo, window.hi, 1, &index) == 0)
        return PFN_INVALID;
    set_whole_orders(number, bits512_orders(&region->whole, region->whole_orders));
    return pfn_add(base, index * CHUNK_FRAMES);
}

/* The highest region that has frames below @hi; NO_REGION when none has. */
static int64_t top_region(pfn_t hi)
{
    return buddy_region_below((hi.raw - 1) / REGION_FRAMES);
}

/* @lo, @hi: multiples of 2^order (of a chunk, for whole chunks that only touch the range).
   @number: top_region(). */
static pfn_t take_from_split(unsigned int order, pfn_t lo, pfn_t hi, int64_t number)
{
    while ((number = highest_below(buddy.hints[order], 1, number)) >= 0) {
        if (pfn_add(buddy_region_start(&buddy.regions[number]), REGION_FRAMES).raw <= lo.raw)
            break;
        pfn_t frame =
            order < CHUNK_ORDER ? take_in_broken(number, order, lo, hi) : take_chunks(number, order, lo, hi);
        if (pfn_is_valid(frame))
            return frame;
        number--;
    }
    return PFN_INVALID;
}

/* ---- splitting ---- */

/* A chunk of a region that is split already, with no part in a reserve, for another region's descriptors.
   Return: PFN_INVALID when there is none to spare. */
static pfn_t take_spare_chunk(void)
{
    struct place place;
    pfn_t frame = PFN_INVALID;
    for (unsigned int i = BUDDY_ZONES; i-- > 0 && !pfn_is_valid(frame);) {
        pfn_t lo = pfn_align_up(buddy.zones[i].reserve_end, CHUNK_FRAMES);
        pfn_t hi = pfn_align_down(buddy.zones[i].end, CHUNK_FRAMES);
        frame = lo.raw < hi.raw ? take_from_split(CHUNK_ORDER, lo, hi, top_region(hi)) : PFN_INVALID;
    }
    if (!pfn_is_valid(frame) || !buddy_find(frame, &place))
        return PFN_INVALID;
    count_free(-(int64_t)CHUNK_FRAMES);
    if (!buddy_describe(place.region, place.chunk)) {
        buddy_give_locked(&place, CHUNK_ORDER);
        return PFN_INVALID;
    }
    return frame;
}

static void give_spare_chunk(pfn_t frame)
{
    struct place place;
    VERIFY(buddy_find(frame, &place) && buddy_give_locked(&place, CHUNK_ORDER));
}

static void set_metadata(pfn_t chunk)
{
    buddy_frame(chunk)->state = frame_state(FRAME_METADATA, CHUNK_ORDER, 0);
}

/* Gives the region a struct, and memory for its descriptors: another region's chunk, else its own one @own,
   or NO_CHUNK. @is_own_used: receives which. */
static bool prepare_region(int64_t number, unsigned int own, bool *is_own_used)
{
    struct region *region = &buddy.regions[number];
    *is_own_used = false;
    if (buddy_is_prepared(number))
        return true;
    pfn_t memory = take_spare_chunk();
    if (pfn_is_valid(memory)) {
        if (!buddy_prepare_region_locked(number, memory)) {
            give_spare_chunk(memory);
            return false;
        }
    } else {
        memory = pfn(buddy_gib_of(number) * REGION_FRAMES + own * CHUNK_FRAMES);
        if (own == NO_CHUNK || !buddy_prepare_region_locked(number, memory))
            return false;
        *is_own_used = true;
        buddy_describe(region, own);
        count_free(-(int64_t)CHUNK_FRAMES);
    }
    set_metadata(memory);
    return true;
}

/* A block of order 9 to 18 out of a region that is free as a whole. */
static pfn_t take_from_free_region(unsigned int order, pfn_t lo, pfn_t hi, int64_t number)
{
    for (; (number = highest_below(buddy.free_regions, 1, number)) >= 0; number--) {
        pfn_t base = pfn(buddy_gib_of(number) * REGION_FRAMES), end = pfn_add(base, REGION_FRAMES);
        if (end.raw <= lo.raw)
            break;
        pfn_t frame = pfn(pfn_min(hi, end).raw - BIT(order));
        /* One end of the region is not the block's. */
        unsigned int own = order == REGION_ORDER ? NO_CHUNK : frame.raw == base.raw ? REGION_CHUNKS - 1 : 0;
        bool is_own_used;
        if (!prepare_region(number, own, &is_own_used))
            continue;
        struct region *region = &buddy.regions[number];
        buddy.free_regions[number / 64] &= ~BIT(number % 64);
        unsigned int first = (unsigned int)((frame.raw - base.raw) / CHUNK_FRAMES);
        bits512_fill_around(&region->whole, first, first + (unsigned int)BIT(order - CHUNK_ORDER));
        if (is_own_used)
            region->whole.word[own / 64] &= ~BIT(own % 64);
        set_whole_orders(number, bits512_orders(&region->whole, BITS512_ORDERS));
        return frame;
    }
    return PFN_INVALID;
}

/* A block of order 0 to 8 out of a chunk that is free as a whole. */
static pfn_t take_from_chunk(unsigned int order, pfn_t lo, pfn_t hi, int64_t number)
{
    pfn_t chunk_lo = pfn_align_down(lo, CHUNK_FRAMES), chunk_hi = pfn_align_up(hi, CHUNK_FRAMES);
    pfn_t base = take_from_split(CHUNK_ORDER, chunk_lo, chunk_hi, number);
    if (!pfn_is_valid(base))
        base = take_from_free_region(CHUNK_ORDER, chunk_lo, chunk_hi, number);
    struct place place;
    if (!pfn_is_valid(base) || !buddy_find(base, &place))
        return PFN_INVALID;
    struct region *region = place.region;
    bool is_deferred = buddy.defers_describing && !buddy_is_described(&place);
    if (is_deferred || !buddy_describe(region, place.chunk)) {
        VERIFY(bits512_give(&region->whole, 0, place.chunk));
        settle_region(place.number, place.chunk);
        if (is_deferred)
            buddy.undescribed = base;
        return PFN_INVALID;
    }
    pfn_t frame = pfn(pfn_min(hi, pfn_add(base, CHUNK_FRAMES)).raw - BIT(order));
    unsigned int first = frame.raw % CHUNK_FRAMES;
    bits512_fill_around(&region->chunks[place.chunk], first, first + (unsigned int)BIT(order));
    set_orders(place.number, place.chunk, bits512_orders(&region->chunks[place.chunk], BITS512_ORDERS));
    return frame;
}

bool buddy_describe_free_locked(pfn_t chunk)
{
    CHECK_HELD(&buddy.lock);
    struct place place;
    if (!buddy_find(chunk, &place))
        return false;
    bool is_free =
        is_set(buddy.free_regions, (uint64_t)place.number) || is_set(place.region->whole.word, place.chunk);
    return !is_free || buddy_describe(place.region, place.chunk);
}

pfn_t buddy_take_between_locked(unsigned int order, pfn_t lo, pfn_t hi)
{
    CHECK_HELD(&buddy.lock);
    lo = pfn_align_up(lo, BIT(order));
    hi = pfn_align_down(hi, BIT(order));
    if (lo.raw >= hi.raw)
        return PFN_INVALID;
    int64_t number = top_region(hi);
    pfn_t frame = order < REGION_ORDER ? take_from_split(order, lo, hi, number) : PFN_INVALID;
    if (!pfn_is_valid(frame))
        frame = order < CHUNK_ORDER ? take_from_chunk(order, lo, hi, number)
                                    : take_from_free_region(order, lo, hi, number);
    if (pfn_is_valid(frame))
        count_free(-(int64_t)BIT(order));
    return frame;
}

/* Return: 0 also while its bits hold the address of a page, or something above it is free. */
static unsigned int orders_of(const struct place *place)
{
    return buddy_is_described(place) ? place->region->orders[place->chunk] : 0;
}

unsigned int buddy_take_in_chunk_locked(const struct place *place, unsigned int order, unsigned int wanted,
                                        pfn_t *frames)
{
    CHECK_HELD(&buddy.lock);
    unsigned int indexes[1 + BLOCK_CACHE_BATCH], orders = orders_of(place);
    if (orders <= order)
        return 0;
    struct bits512 *bits = &place->region->chunks[place->chunk];
    unsigned int count = bits512_take_blocks(bits, order, 0, CHUNK_FRAMES, wanted, indexes);
    for (unsigned int i = 0; i < count; i++)
        frames[i] = pfn_add(buddy_chunk_start(place->region, place->chunk), indexes[i]);
    set_orders(place->number, place->chunk, bits512_orders(bits, orders));
    count_free(-(int64_t)(count * BIT(order)));
    return count;
}

pfn_t buddy_take_some_locked(const struct place *place, unsigned int wanted, uint64_t *mask)
{
    CHECK_HELD(&buddy.lock);
    unsigned int orders = orders_of(place);
    if (orders == 0)
        return PFN_INVALID;
    struct bits512 *bits = &place->region->chunks[place->chunk];
    unsigned int word = bits512_take_some(bits, wanted, mask);
    set_orders(place->number, place->chunk, bits512_orders(bits, orders));
    count_free(-(int64_t)bits512_weight(*mask));
    return pfn_add(buddy_chunk_start(place->region, place->chunk), word * 64);
}
