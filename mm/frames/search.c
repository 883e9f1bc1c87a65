/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding a block between two addresses, from the highest down, under buddy.lock:
 *
 *   buddy_take_between_locked()
 *     search_regions()      regions whose hint says that they have a block of that order
 *       search_chunks()     in one of them, chunks whose hint says so: orders 0 to 8
 *       search_region()     the bits of its whole chunks: orders 9 to 17
 *     search_whole_chunks() for orders 0 to 8, a chunk that is free as a whole, to split
 *     search_free_regions() for all others, a region that is free as a whole, to split
 *
 * Split memory is preferred, so that large blocks last. A search follows set hints only and finds a block at
 * each, except at the ends of [lo, hi), where a chunk may lie half outside.
 *
 * Descriptors of what is split are made first: of a region in prepare_region(), of a chunk in
 * search_whole_chunks(), or, because that takes long, by the caller: then the search ends with the chunk,
 * which is still free.
 */
#include "buddy_private.h"

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

/* ---- in what is split ---- */

/* [lo, hi) cut to the 512 pieces of @size frames that begin at @base; in pieces. */
static struct window window_of(pfn_t lo, pfn_t hi, pfn_t base, uint64_t size)
{
    pfn_t end = pfn_add(base, 512 * size);
    return (struct window){
        .lo = !pfn_is_below(base, lo) ? 0 : (unsigned int)(pfn_distance(base, lo) / size),
        .hi = !pfn_is_below(hi, end) ? 512 : (unsigned int)((pfn_distance(base, hi) + size - 1) / size),
    };
}

/* A hint may be for a block outside the window. A test for any free bit in the window is cheaper than one for
   a block that fits. */
static bool is_all_taken(const struct bits512 *bits, struct window window)
{
    return highest_below(bits->word, 1, (int64_t)window.hi - 1) < (int64_t)window.lo;
}

/* Blocks of order 0 to 8. The lock is held. */
static pfn_t search_chunks(const struct range_request *request, int64_t number)
{
    CHECK_HELD(&buddy.lock);
    struct place place = { .region = &buddy.regions[number], .number = number };
    const struct region *region = place.region;
    unsigned int order = request->order;
    struct window chunks = window_of(request->lo, request->hi, buddy_region_start(region), CHUNK_FRAMES);
    int64_t chunk = chunks.hi;
    while ((chunk = highest_below(&region->hints[0][order], CHUNK_ORDER, chunk - 1)) >= (int64_t)chunks.lo) {
        pfn_t frame;
        place.chunk = (unsigned int)chunk;
        struct window frames = window_of(request->lo, request->hi, buddy_chunk_start(region, place.chunk), 1);
        if (!is_all_taken(&region->chunks[chunk], frames) &&
            buddy_take_in_chunk_locked(&place, order, frames, 1, &frame) == 1)
            return frame;
    }
    return PFN_INVALID;
}

/* Blocks of order 9 to 17. The lock is held. */
static pfn_t search_region(const struct range_request *request, int64_t number)
{
    CHECK_HELD(&buddy.lock);
    const struct region *region = &buddy.regions[number];
    struct window chunks = window_of(request->lo, request->hi, buddy_region_start(region), CHUNK_FRAMES);
    return is_all_taken(&region->whole, chunks) ? PFN_INVALID
                                                : buddy_take_in_region_locked(number, request->order, chunks);
}

/* The highest region that has frames below @hi; NO_REGION when none has. */
static int64_t top_region(pfn_t hi)
{
    return buddy_region_below((hi.raw - 1) / REGION_FRAMES);
}

/* @request: its range begins and ends at multiples of 2^order. @number: top_region(). The lock is held. */
static pfn_t search_regions(const struct range_request *request, int64_t number)
{
    CHECK_HELD(&buddy.lock);
    while ((number = highest_below(buddy.hints[request->order], 1, number)) >= 0) {
        if (!pfn_is_below(request->lo, pfn_add(buddy_region_start(&buddy.regions[number]), REGION_FRAMES)))
            break;
        pfn_t frame =
            request->order < CHUNK_ORDER ? search_chunks(request, number) : search_region(request, number);
        if (pfn_is_valid(frame))
            return frame;
        number--;
    }
    return PFN_INVALID;
}

/* ---- in what is to be split ---- */

/* The highest whole chunk within [lo, hi), which stays free. @place: receives where it is. */
static bool find_whole_chunk(pfn_t lo, pfn_t hi, struct place *place)
{
    for (int64_t number = top_region(hi); (number = highest_below(buddy.hints[CHUNK_ORDER], 1, number)) >= 0;
         number--) {
        const struct region *region = &buddy.regions[number];
        struct window chunks = window_of(lo, hi, buddy_region_start(region), CHUNK_FRAMES);
        int64_t chunk = highest_below(region->whole.word, 1, (int64_t)chunks.hi - 1);
        if (chunk >= (int64_t)chunks.lo)
            return buddy_find(buddy_chunk_start(region, (unsigned int)chunk), place);
    }
    return false;
}

/* A chunk of a region that is split already, with no part in a reserve, for another region's descriptors.
   Return: false when there is none to spare. */
static bool find_spare_chunk(struct place *place)
{
    bool is_found = false;
    for (unsigned int i = BUDDY_ZONES; i-- > 0 && !is_found;) {
        pfn_t lo = pfn_align_up(buddy.zones[i].reserve_end, CHUNK_FRAMES);
        pfn_t hi = pfn_align_down(buddy.zones[i].end, CHUNK_FRAMES);
        is_found = pfn_is_below(lo, hi) && find_whole_chunk(lo, hi, place);
    }
    return is_found;
}

static void set_metadata(pfn_t chunk)
{
    buddy_frame(chunk)->state = frame_state(FRAME_METADATA, CHUNK_ORDER, 0);
}

/* Gives the region a struct, and chunk @spare of another one for its descriptors. Return: false when that
   cannot be mapped. */
static bool prepare_region_from(int64_t number, const struct place *spare)
{
    if (!buddy_describe(spare->region, spare->chunk))
        return false;
    struct window window = { spare->chunk, spare->chunk + 1 };
    pfn_t memory = buddy_take_in_region_locked(spare->number, CHUNK_ORDER, window);
    if (buddy_prepare_region_locked(number, memory)) {
        set_metadata(memory);
        return true;
    }
    VERIFY(buddy_give_locked(spare, CHUNK_ORDER));
    return false;
}

/* The same, with a spare chunk, else with its own one @own, or NO_CHUNK. @is_own_used: receives which. */
static bool prepare_region(int64_t number, unsigned int own, bool *is_own_used)
{
    struct place spare;
    *is_own_used = false;
    if (buddy_is_prepared(number) || (find_spare_chunk(&spare) && prepare_region_from(number, &spare)))
        return true;
    pfn_t memory = pfn(buddy_gib_of(number) * REGION_FRAMES + own * CHUNK_FRAMES);
    *is_own_used = own != NO_CHUNK && buddy_prepare_region_locked(number, memory);
    if (!*is_own_used)
        return false;
    VERIFY(buddy_describe(&buddy.regions[number], own));
    set_metadata(memory);
    return true;
}

/* The descriptors of another region's spare chunk exist before it becomes memory of the one at @base. */
static pfn_t first_to_describe(pfn_t base)
{
    struct place spare;
    return find_spare_chunk(&spare) && !buddy_is_described(&spare)
               ? buddy_chunk_start(spare.region, spare.chunk)
               : base;
}

/* Splits a region that is free as a whole for a block of order 9 to 18. The lock is held. */
static struct found search_free_regions(const struct range_request *request, int64_t number)
{
    CHECK_HELD(&buddy.lock);
    for (; (number = highest_below(buddy.free_regions, 1, number)) >= 0; number--) {
        pfn_t base = pfn(buddy_gib_of(number) * REGION_FRAMES), end = pfn_add(base, REGION_FRAMES);
        if (!pfn_is_below(request->lo, end))
            break;
        pfn_t frame = pfn(pfn_min(request->hi, end).raw - BIT(request->order));
        /* One end of the region is not the block's. */
        unsigned int own = request->order == REGION_ORDER ? NO_CHUNK
                           : pfn_is_equal(frame, base)    ? REGION_CHUNKS - 1
                                                          : 0;
        bool is_own_used;
        if (request->defers && !buddy_is_prepared(number))
            return (struct found){ PFN_INVALID, first_to_describe(base) };
        if (!prepare_region(number, own, &is_own_used))
            continue;
        struct window taken = { .lo = (unsigned int)(pfn_distance(base, frame) / CHUNK_FRAMES) };
        taken.hi = taken.lo + (unsigned int)BIT(request->order - CHUNK_ORDER);
        buddy_split_region_locked(number, taken, is_own_used ? own : NO_CHUNK);
        return (struct found){ frame, PFN_INVALID };
    }
    return FOUND_NOTHING;
}

/* Splits a chunk that is free as a whole for a block of order 0 to 8. The lock is held. */
static struct found search_whole_chunks(const struct range_request *request, int64_t number)
{
    CHECK_HELD(&buddy.lock);
    /* Also chunks that are only partly in the range: the block's part of one is within it. */
    const struct range_request whole = {
        .order = CHUNK_ORDER,
        .defers = request->defers,
        .lo = pfn_align_down(request->lo, CHUNK_FRAMES),
        .hi = pfn_align_up(request->hi, CHUNK_FRAMES),
    };
    struct found found = { search_regions(&whole, number), PFN_INVALID };
    if (!pfn_is_valid(found.block))
        found = search_free_regions(&whole, number);
    struct place place;
    if (!pfn_is_valid(found.block) || !buddy_find(found.block, &place))
        return found;
    bool has_to_wait = request->defers && !buddy_is_described(&place);
    if (has_to_wait || !buddy_describe(place.region, place.chunk)) {
        VERIFY(buddy_give_locked(&place, CHUNK_ORDER));
        return (struct found){ PFN_INVALID, has_to_wait ? found.block : PFN_INVALID };
    }
    found.block = pfn(pfn_min(request->hi, pfn_add(found.block, CHUNK_FRAMES)).raw - BIT(request->order));
    place.frame = found.block.raw % CHUNK_FRAMES;
    buddy_split_chunk_locked(&place, request->order);
    return found;
}

/* ---- the two entries ---- */

bool buddy_describe_free_locked(pfn_t chunk)
{
    CHECK_HELD(&buddy.lock);
    struct place place, spare;
    if (!buddy_find(chunk, &place))
        return false;
    if (!buddy_is_prepared(place.number))
        return find_spare_chunk(&spare) &&
               (!buddy_is_described(&spare) || prepare_region_from(place.number, &spare));
    bool is_free = buddy_is_set(buddy.free_regions, (uint64_t)place.number) ||
                   buddy_is_set(place.region->whole.word, place.chunk);
    return !is_free || buddy_describe(place.region, place.chunk);
}

struct found buddy_take_between_locked(const struct range_request *request)
{
    CHECK_HELD(&buddy.lock);
    unsigned int order = request->order;
    const struct range_request aligned = {
        .order = order,
        .defers = request->defers,
        .lo = pfn_align_up(request->lo, BIT(order)),
        .hi = pfn_align_down(request->hi, BIT(order)),
    };
    if (!pfn_is_below(aligned.lo, aligned.hi))
        return FOUND_NOTHING;
    int64_t number = top_region(aligned.hi);
    struct found found = FOUND_NOTHING;
    if (order < REGION_ORDER)
        found.block = search_regions(&aligned, number);
    if (!pfn_is_valid(found.block) && order < CHUNK_ORDER)
        found = search_whole_chunks(&aligned, number);
    else if (!pfn_is_valid(found.block))
        found = search_free_regions(&aligned, number);
    buddy_check_taken_locked(found.block, order);
    return found;
}
