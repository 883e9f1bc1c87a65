/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buddy allocator: what is free, and how it is taken and given. Which part of memory a request looks in, and
 * what may be freed, is buddy_request.c's affair.
 *
 * Memory is a tree of three levels with a fan-out of 512. A region is 1 GiB and has a bit for each
 * of its chunks of 2 MiB; a chunk has a bit for each of its frames of 4 KiB; and the regions have a
 * bit each in one bitmap. A set bit is a free piece, at the level that it is free at:
 *
 *   region free as a whole   its bit in giants; nothing below it means anything
 *   chunk free as a whole    its bit in region->whole; its 512 frame bits are 0
 *   frame free               its bit in the chunk's bits
 *   in use                   no bit
 *
 * A bit is the only truth: whoever clears it atomically owns the piece. A block of order 0 to 8 is
 * an aligned run of frame bits, of 9 to 17 an aligned run of chunk bits, of 18 a region's bit. So
 * there are no lists to split and join: a block that is given back has merged with its buddy by
 * lying beside it. Only between levels something happens. Who wants a frame and finds no broken
 * chunk takes a whole one and sets the bits of the frames it does not want. Who sets the last bit of
 * a chunk takes all 512 again, and when it gets them, sets the chunk's one. No lock anywhere: a CPU
 * that stops in the middle, an interrupted one or a virtual one that the host does not run, delays nobody.
 *
 * Hints lead to free pieces: for each order and chunk, and for each order and region, a bit says
 * "may have a block of that order". They may be wrong in one direction only. The rule:
 *
 *   a free block has the hints of its order and all lower ones set, or a CPU that has just freed
 *   it, or just cleared the hint, is about to set them.
 *
 * Who frees sets the piece's bits first and looks at the hints after. Who fails to find a block
 * clears the hint first and looks at the bits again after. Whichever comes second sees the other
 * (both are sequentially consistent), and sets the hint.
 *
 * Some memory is visible to nobody for a moment: between taking a whole chunk and setting the bits
 * of its frames, or while 512 bits are being taken for merging. These moves are counted when they
 * begin and end, and who finds nothing looks again if one was under way.
 *
 * Refused: free lists with a lock a zone. They want a word or two in every free block, which is
 * memory touched, and a lock that 64 virtual CPUs on two real ones wait for in turn.
 */
#include "buddy_private.h"

struct buddy buddy;

static struct buddy_moves moves ALIGNED(64);

static void begin_move(void)
{
    __atomic_fetch_add(&moves.begun, 1, __ATOMIC_SEQ_CST);
}

static void end_move(void)
{
    __atomic_fetch_add(&moves.ended, 1, __ATOMIC_SEQ_CST);
}

struct buddy_moves buddy_count_moves(void)
{
    uint64_t ended = __atomic_load_n(&moves.ended, __ATOMIC_SEQ_CST);
    return (struct buddy_moves){ __atomic_load_n(&moves.begun, __ATOMIC_SEQ_CST), ended };
}

/* ---- bitmaps ---- */

static bool is_set(const uint64_t *word, uint64_t bit)
{
    return (__atomic_load_n(word, __ATOMIC_SEQ_CST) & bit) != 0;
}

/* Looks first: a hint is mostly set already, and the line then stays shared. */
static void set_if_clear(uint64_t *word, uint64_t bit)
{
    if (!is_set(word, bit))
        __atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST);
}

/* Return: the highest bit set at or below @from; NO_REGION when there is none. */
static int64_t highest_below(const uint64_t *bitmap, int64_t from)
{
    if (from < 0)
        return NO_REGION;
    int64_t word = from / 64;
    uint64_t value =
        __atomic_load_n(&bitmap[word], __ATOMIC_SEQ_CST) & (UINT64_MAX >> (63 - (unsigned)from % 64));
    while (value == 0) {
        if (--word < 0)
            return NO_REGION;
        value = __atomic_load_n(&bitmap[word], __ATOMIC_SEQ_CST);
    }
    return word * 64 + 63 - __builtin_clzll(value);
}

/* ---- places ---- */

/* Return: the last span that begins at or below @chunk; NULL when there is none. */
static struct span *span_below(uint64_t chunk)
{
    size_t low = 0, high = buddy.span_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (buddy.spans[middle].first_chunk <= chunk)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? &buddy.spans[low - 1] : NULL;
}

int64_t buddy_region_below(uint64_t gib)
{
    struct span *span = span_below(gib * REGION_CHUNKS + REGION_CHUNKS - 1);
    if (!span)
        return NO_REGION;
    uint64_t first_gib = span->first_chunk / REGION_CHUNKS, last_gib = (span->end_chunk - 1) / REGION_CHUNKS;
    return span->first_region + (int64_t)((gib < last_gib ? gib : last_gib) - first_gib);
}

bool buddy_find(uint64_t frame, struct place *place)
{
    uint64_t chunk = frame / CHUNK_FRAMES;
    struct span *span = span_below(chunk);
    if (!span || chunk >= span->end_chunk)
        return false;
    place->number = span->first_region + (int64_t)(chunk / REGION_CHUNKS - span->first_chunk / REGION_CHUNKS);
    place->region = &buddy.regions[place->number];
    place->chunk = chunk % REGION_CHUNKS;
    place->frame = frame % CHUNK_FRAMES;
    return true;
}

bool buddy_is_described(const struct place *place)
{
    return is_set(&buddy.prepared[place->number / 64], BIT(place->number % 64)) &&
           is_set(&place->region->described[place->chunk / 64], BIT(place->chunk % 64));
}

struct frame *buddy_frame(uint64_t frame)
{
    return port_frame(port_pointer(pfn_to_phys((pfn_t){ frame })));
}

uint64_t buddy_first_frame(const struct region *region, unsigned chunk)
{
    return region->gib * REGION_FRAMES + chunk * CHUNK_FRAMES;
}

/* ---- hints ---- */

static void hint_chunk(int64_t number, unsigned chunk, int largest)
{
    struct region *region = &buddy.regions[number];
    for (int order = 0; order <= largest && order < CHUNK_ORDER; order++) {
        set_if_clear(&region->hints[chunk / 64][order], BIT(chunk % 64));
        set_if_clear(&buddy.hints[order][number / 64], BIT(number % 64));
    }
}

static void hint_region(int64_t number, int largest)
{
    for (int order = CHUNK_ORDER; order <= CHUNK_ORDER + largest && order < REGION_ORDER; order++)
        set_if_clear(&buddy.hints[order][number / 64], BIT(number % 64));
}

/* Return: true when the chunk has such a block nevertheless; its hint is set again. */
static bool unhint_chunk(int64_t number, unsigned chunk, unsigned order)
{
    struct region *region = &buddy.regions[number];
    __atomic_fetch_and(&region->hints[chunk / 64][order], ~BIT(chunk % 64), __ATOMIC_SEQ_CST);
    if (!bits512_has(&region->chunks[chunk], order))
        return false;
    hint_chunk(number, chunk, (int)order);
    return true;
}

static bool has_hinted_chunk(const struct region *region, unsigned order)
{
    for (unsigned word = 0; word < BITS512_WORDS; word++)
        if (is_set(&region->hints[word][order], UINT64_MAX))
            return true;
    return false;
}

static bool has_block(const struct region *region, unsigned order)
{
    return order < CHUNK_ORDER ? has_hinted_chunk(region, order)
                               : bits512_has(&region->whole, order - CHUNK_ORDER);
}

static bool unhint_region(int64_t number, unsigned order)
{
    uint64_t *word = &buddy.hints[order][number / 64];
    __atomic_fetch_and(word, ~BIT(number % 64), __ATOMIC_SEQ_CST);
    if (!has_block(&buddy.regions[number], order))
        return false;
    set_if_clear(word, BIT(number % 64));
    return true;
}

/* ---- giving ---- */

/* All chunks of a region are free: it becomes one block. */
static void merge_region(int64_t number)
{
    struct bits512 *whole = &buddy.regions[number].whole;
    begin_move();
    while (bits512_is_full(whole)) {
        enum bits512_result result = bits512_take_all(whole);
        if (result == BITS512_TAKEN) {
            __atomic_fetch_or(&buddy.giants[number / 64], BIT(number % 64), __ATOMIC_SEQ_CST);
            break;
        }
        /* Who looked while bits were hidden may have cleared the hints. */
        for (unsigned word = 0; word < BITS512_WORDS; word++)
            hint_region(number, bits512_largest(whole, word));
    }
    end_move();
}

static void settle_region(int64_t number, unsigned chunk)
{
    int largest = bits512_largest(&buddy.regions[number].whole, chunk / 64);
    if (largest == CHUNK_ORDER)
        merge_region(number);
    else
        hint_region(number, largest);
}

void buddy_give_chunks(int64_t number, unsigned order, unsigned chunk)
{
    struct region *region = &buddy.regions[number];
    if (!bits512_give(&region->whole, order, chunk))
        port_wrong("buddy: P%#lx, order %u, was free already when it was given back",
                   buddy_first_frame(region, chunk) << PAGE_SHIFT, order + CHUNK_ORDER);
    settle_region(number, chunk);
}

/* All frames of a chunk are free: it becomes one block. */
static void merge_chunk(int64_t number, unsigned chunk)
{
    struct bits512 *bits = &buddy.regions[number].chunks[chunk];
    begin_move();
    while (bits512_is_full(bits)) {
        enum bits512_result result = bits512_take_all(bits);
        if (result == BITS512_TAKEN) {
            buddy_give_chunks(number, 0, chunk);
            break;
        }
        for (unsigned word = 0; word < BITS512_WORDS; word++)
            hint_chunk(number, chunk, bits512_largest(bits, word));
    }
    end_move();
}

void buddy_settle_chunk(int64_t number, unsigned chunk, unsigned word)
{
    int largest = bits512_largest(&buddy.regions[number].chunks[chunk], word);
    if (largest == CHUNK_ORDER)
        merge_chunk(number, chunk);
    else
        hint_chunk(number, chunk, largest);
}

bool buddy_give_frames(const struct place *place, uint64_t mask)
{
    uint64_t set_already = bits512_give_mask(&place->region->chunks[place->chunk], place->frame / 64, mask);
    buddy_settle_chunk(place->number, place->chunk, place->frame / 64);
    return set_already == 0;
}

/* After a take that hid words for a moment: whoever gave meanwhile may have missed that all is free. */
static void settle_all(int64_t number, unsigned chunk)
{
    for (unsigned word = 0; word < BITS512_WORDS; word++)
        buddy_settle_chunk(number, chunk, word);
}

static void settle_all_of_region(int64_t number)
{
    for (unsigned word = 0; word < BITS512_WORDS; word++)
        settle_region(number, word * 64);
}

/* ---- taking from what is split ---- */

/* [lo, hi) cut to the 512 pieces of @size frames that begin at @base; in pieces. */
struct window {
    unsigned lo, hi;
};

static struct window window_of(uint64_t lo, uint64_t hi, uint64_t base, uint64_t size)
{
    uint64_t end = base + 512 * size;
    return (struct window){
        .lo = lo <= base ? 0 : (unsigned)((lo - base) / size),
        .hi = hi >= end ? 512 : (unsigned)((hi - base + size - 1) / size),
    };
}

uint64_t buddy_take_in_chunk(int64_t number, unsigned chunk, unsigned order, uint64_t lo, uint64_t hi)
{
    struct region *region = &buddy.regions[number];
    uint64_t base = buddy_first_frame(region, chunk);
    struct window window = window_of(lo, hi, base, 1);
    unsigned index;
    if (order > 6)
        begin_move();
    enum bits512_result result = bits512_take(&region->chunks[chunk], order, window.lo, window.hi, &index);
    if (result == BITS512_UNDONE)
        settle_all(number, chunk);
    if (order > 6)
        end_move();
    return result == BITS512_TAKEN ? base + index : NO_FRAME;
}

/* Blocks of order 0 to 8, from broken chunks. */
static uint64_t take_in_broken(int64_t number, unsigned order, uint64_t lo, uint64_t hi)
{
    struct region *region = &buddy.regions[number];
    struct window window = window_of(lo, hi, region->gib * REGION_FRAMES, CHUNK_FRAMES);
    for (unsigned chunk = window.hi; chunk-- > window.lo;) {
        uint64_t hinted = __atomic_load_n(&region->hints[chunk / 64][order], __ATOMIC_SEQ_CST) &
                          (UINT64_MAX >> (63 - chunk % 64));
        if (hinted == 0) {
            chunk &= ~63u;
            continue;
        }
        chunk = (chunk & ~63u) + 63 - (unsigned)__builtin_clzll(hinted);
        if (chunk < window.lo)
            break;
        uint64_t frame;
        bool is_inside = buddy_first_frame(region, chunk) >= lo && buddy_first_frame(region, chunk) + CHUNK_FRAMES <= hi;
        do {
            frame = buddy_take_in_chunk(number, chunk, order, lo, hi);
        } while (frame == NO_FRAME && is_inside && unhint_chunk(number, chunk, order));
        if (frame != NO_FRAME)
            return frame;
    }
    return NO_FRAME;
}

/* Blocks of order 9 to 17, from split regions. */
static uint64_t take_in_region(int64_t number, unsigned order, uint64_t lo, uint64_t hi)
{
    struct region *region = &buddy.regions[number];
    uint64_t base = region->gib * REGION_FRAMES;
    struct window window = window_of(lo, hi, base, CHUNK_FRAMES);
    unsigned index;
    if (order > CHUNK_ORDER + 6)
        begin_move();
    enum bits512_result result =
        bits512_take(&region->whole, order - CHUNK_ORDER, window.lo, window.hi, &index);
    if (result == BITS512_UNDONE)
        settle_all_of_region(number);
    if (order > CHUNK_ORDER + 6)
        end_move();
    return result == BITS512_TAKEN ? base + index * CHUNK_FRAMES : NO_FRAME;
}

/* @lo, @hi: multiples of 2^order (of a chunk, for whole chunks that only touch the range). */
static uint64_t take_from_split(unsigned order, uint64_t lo, uint64_t hi)
{
    int64_t lowest = lo / REGION_FRAMES == 0 ? 0 : buddy_region_below(lo / REGION_FRAMES - 1) + 1;
    int64_t number = buddy_region_below((hi - 1) / REGION_FRAMES);
    while ((number = highest_below(buddy.hints[order], number)) >= lowest) {
        uint64_t base = buddy.regions[number].gib * REGION_FRAMES;
        bool is_inside = base >= lo && base + REGION_FRAMES <= hi;
        uint64_t frame;
        do {
            frame = order < CHUNK_ORDER ? take_in_broken(number, order, lo, hi)
                                        : take_in_region(number, order, lo, hi);
        } while (frame == NO_FRAME && is_inside && unhint_region(number, order));
        if (frame != NO_FRAME)
            return frame;
        number--;
    }
    return NO_FRAME;
}

uint64_t buddy_take_chunk_of_split(void)
{
    return take_from_split(CHUNK_ORDER, 0, UINT64_MAX / 2);
}

/* ---- splitting ---- */

/* Return: the highest whole region that [lo, hi) touches and that was free: it is the caller's. */
static int64_t take_giant(uint64_t lo, uint64_t hi)
{
    int64_t lowest = lo / REGION_FRAMES == 0 ? 0 : buddy_region_below(lo / REGION_FRAMES - 1) + 1;
    int64_t number = buddy_region_below((hi - 1) / REGION_FRAMES);
    while ((number = highest_below(buddy.giants, number)) >= lowest) {
        uint64_t bit = BIT(number % 64);
        if (__atomic_fetch_and(&buddy.giants[number / 64], ~bit, __ATOMIC_SEQ_CST) & bit)
            return number;
    }
    return NO_REGION;
}

/* Sets a region's chunk bits but [skip_lo, skip_hi) and those below @lowest. */
static void publish_chunks(int64_t number, unsigned lowest, unsigned skip_lo, unsigned skip_hi)
{
    struct region *region = &buddy.regions[number];
    for (unsigned word = 0; word < BITS512_WORDS; word++) {
        uint64_t free = 0;
        for (unsigned bit = 0; bit < 64; bit++) {
            unsigned chunk = word * 64 + bit;
            if (chunk >= lowest && (chunk < skip_lo || chunk >= skip_hi))
                free |= BIT(bit);
        }
        bits512_give_mask(&region->whole, word, free);
    }
    settle_all_of_region(number);
}

/* A block of order 9 to 18 out of a region that was whole. */
static uint64_t split_region(unsigned order, uint64_t lo, uint64_t hi)
{
    uint64_t frame = NO_FRAME;
    begin_move();
    while (frame == NO_FRAME) {
        int64_t number = take_giant(lo, hi);
        unsigned lowest = 0;
        if (number == NO_REGION)
            break;
        if (!buddy_prepare_region(number, &lowest)) {
            __atomic_fetch_or(&buddy.giants[number / 64], BIT(number % 64), __ATOMIC_SEQ_CST);
            break;
        }
        uint64_t base = buddy_gib_of(number) * REGION_FRAMES, size = BIT(order);
        /* The highest block in the region and the range; the lowest chunk may have become descriptors. */
        uint64_t at = (hi < base + REGION_FRAMES ? hi : base + REGION_FRAMES) - size;
        if (at >= base + lowest * CHUNK_FRAMES)
            frame = at;
        unsigned skip = frame == NO_FRAME ? 0 : (unsigned)((frame - base) / CHUNK_FRAMES);
        if (order < REGION_ORDER || frame == NO_FRAME)
            publish_chunks(number, lowest, skip,
                           frame == NO_FRAME ? 0 : skip + (unsigned)(size / CHUNK_FRAMES));
    }
    end_move();
    return frame;
}

static void publish_frames(int64_t number, unsigned chunk, unsigned skip_lo, unsigned skip_hi)
{
    struct bits512 *bits = &buddy.regions[number].chunks[chunk];
    for (unsigned word = 0; word < BITS512_WORDS; word++) {
        unsigned lo = skip_lo > word * 64 ? skip_lo - word * 64 : 0;
        unsigned hi = skip_hi > word * 64 ? skip_hi - word * 64 : 0;
        uint64_t below = lo >= 64 ? UINT64_MAX : BIT(lo) - 1, above = hi >= 64 ? 0 : UINT64_MAX << hi;
        bits512_give_mask(bits, word, below | above);
    }
    settle_all(number, chunk);
}

/* A block of order 0 to 8 out of a chunk that was whole. */
static uint64_t split_chunk(unsigned order, uint64_t lo, uint64_t hi)
{
    uint64_t chunk_lo = align_down(lo, CHUNK_FRAMES), chunk_hi = align_up(hi, CHUNK_FRAMES);
    struct place place;
    begin_move();
    uint64_t base = take_from_split(CHUNK_ORDER, chunk_lo, chunk_hi);
    if (base == NO_FRAME)
        base = split_region(CHUNK_ORDER, chunk_lo, chunk_hi);
    uint64_t frame = NO_FRAME;
    if (base != NO_FRAME && buddy_find(base, &place)) {
        if (buddy_describe(place.region, place.chunk)) {
            uint64_t end = base + CHUNK_FRAMES;
            frame = (hi < end ? hi : end) - BIT(order);
            publish_frames(place.number, place.chunk, frame % CHUNK_FRAMES,
                           (unsigned)(frame % CHUNK_FRAMES + BIT(order)));
        } else {
            buddy_give_chunks(place.number, 0, place.chunk);
        }
    }
    end_move();
    return frame;
}

uint64_t buddy_take_between(unsigned order, uint64_t lo, uint64_t hi)
{
    lo = align_up(lo, BIT(order));
    hi = align_down(hi, BIT(order));
    if (lo >= hi)
        return NO_FRAME;
    uint64_t frame = order < REGION_ORDER ? take_from_split(order, lo, hi) : NO_FRAME;
    if (frame != NO_FRAME)
        return frame;
    return order < CHUNK_ORDER ? split_chunk(order, lo, hi) : split_region(order, lo, hi);
}
