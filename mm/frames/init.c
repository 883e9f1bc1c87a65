/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the memory map to the first free block.
 *
 * One run of early memory holds the tables that grow with the machine: a struct region for each GiB, 64 bytes
 * for each 2 MiB, bitmaps of a bit for each GiB. Only the bitmaps are written here, and the tables of regions
 * that are not wholly free; every other region is one bit until it is split. So the start takes little longer
 * on 16 TiB than on 1 TiB.
 */
#include <ashlar/mm/frame_cache.h>

#include "buddy_private.h"

static const pfn_t zone_starts[BUDDY_ZONES] = {
    { 0 }, { MIB(1) >> PAGE_SHIFT }, { MIB(16) >> PAGE_SHIFT }, { GIB(4) >> PAGE_SHIFT }
};

/* A reserve is this part of a zone's memory, up to this limit. The topmost zone that has any memory serves no
   device in particular, so its reserve is for urgent requests only. */
static const struct {
    unsigned int part;
    uint64_t most;
} reserves[BUDDY_ZONES] = {
    { 1, MIB(1) >> PAGE_SHIFT },
    { 16, MIB(1) >> PAGE_SHIFT },
    { 32, MIB(64) >> PAGE_SHIFT },
    { 64, MIB(4) >> PAGE_SHIFT },
};

/* ---- space for the tables ---- */

/* Joins what shares a GiB. @spans: NULL to count only. */
static size_t find_spans(const struct buddy_setup *setup, struct span *spans)
{
    struct span last = { 0 };
    size_t count = 0;
    for (size_t i = 0; i < setup->range_count; i++) {
        uint64_t first, end;
        if (!buddy_managed_chunks(setup, i, &first, &end))
            continue;
        if (count == 0 ||
            (first > last.end_chunk && first / REGION_CHUNKS != (last.end_chunk - 1) / REGION_CHUNKS)) {
            last.first_chunk = first;
            count++;
        }
        last.end_chunk = end;
        if (spans)
            spans[count - 1] = last;
    }
    return count;
}

/* Space is measured and handed out by the same lines: first from address 0, then from the real start. */
struct layout {
    uint64_t at;
};

static void *layout_take(struct layout *layout, uint64_t count, size_t size)
{
    uint64_t start = align_up(layout->at, 64);
    layout->at = start + count * size;
    return (void *)(uintptr_t)start;
}

static void lay_out(struct layout *layout, const struct buddy_setup *setup, uint64_t chunk_count)
{
    buddy.node_runs = layout_take(layout, 2 * setup->node_range_count + 1, sizeof(struct node_run));
    buddy.distances =
        setup->distances ? layout_take(layout, (uint64_t)buddy.node_count * buddy.node_count, 1) : NULL;
    buddy.free_regions = layout_take(layout, buddy.region_words, sizeof(uint64_t));
    buddy.prepared = layout_take(layout, buddy.region_words, sizeof(uint64_t));
    for (unsigned int order = 0; order < HINT_ORDERS; order++)
        buddy.hints[order] = layout_take(layout, buddy.region_words, sizeof(uint64_t));
    buddy.spans = layout_take(layout, buddy.span_count, sizeof(struct span));
    buddy.regions = layout_take(layout, (uint64_t)buddy.region_count, sizeof(struct region));
    /* The frame bits come last, and are handed out span by span. */
    struct bits512 *bits = layout_take(layout, chunk_count, sizeof(struct bits512));
    if (buddy.node_runs == NULL)
        return;
    find_spans(setup, buddy.spans);
    int64_t region = 0;
    for (size_t i = 0; i < buddy.span_count; i++) {
        struct span *span = &buddy.spans[i];
        span->first_region = region;
        span->bits = bits;
        bits += span->end_chunk - span->first_chunk;
        region += (int64_t)((span->end_chunk - 1) / REGION_CHUNKS - span->first_chunk / REGION_CHUNKS + 1);
    }
}

/* Regions and chunks of all spans; the spans themselves are not stored yet. */
static uint64_t count_regions(const struct buddy_setup *setup)
{
    uint64_t first = 0, end = 0, regions = 0, chunks = 0;
    for (size_t i = 0; i <= setup->range_count; i++) {
        bool is_end = i == setup->range_count;
        uint64_t next = 0, next_end = 0;
        if (!is_end && !buddy_managed_chunks(setup, i, &next, &next_end))
            continue;
        if (end != 0 && (is_end || (next > end && next / REGION_CHUNKS != (end - 1) / REGION_CHUNKS))) {
            regions += (end - 1) / REGION_CHUNKS - first / REGION_CHUNKS + 1;
            chunks += end - first;
            end = 0;
        }
        if (end == 0)
            first = next;
        end = next_end;
    }
    buddy.region_count = (int64_t)regions;
    buddy.region_words = (regions + 63) / 64;
    return chunks;
}

static status_t make_tables(const struct buddy_setup *setup)
{
    buddy.node_count = setup->node_count ? setup->node_count : 1;
    buddy.end = buddy_find_end(setup);
    buddy.span_count = find_spans(setup, NULL);
    uint64_t chunks = count_regions(setup);
    if (buddy.span_count == 0)
        return STATUS_NO_MEMORY;
    if (buddy.node_count > BUDDY_MAX_NODES)
        return STATUS_INVALID;

    struct layout layout = { 0 };
    lay_out(&layout, setup, chunks);
    uint64_t size = align_up(layout.at, PAGE_SIZE);
    phys_t start = setup->take(size, PAGE_SIZE);
    if (!phys_is_valid(start))
        return STATUS_NO_MEMORY;
    layout.at = (uint64_t)(uintptr_t)port_pointer(start);
    lay_out(&layout, setup, chunks);
    buddy_zero(buddy.free_regions, (size_t)((char *)buddy.spans - (char *)buddy.free_regions));
    buddy.metadata = size / PAGE_SIZE;
    return STATUS_OK;
}

/* ---- free runs ---- */

/* Walks over what is usable and not taken. */
struct free_walk {
    const struct buddy_setup *setup;
    size_t range, taken_cursor;
    phys_t at;
    struct phys_range taken;
    bool has_taken;
};

static struct free_walk walk_free(const struct buddy_setup *setup)
{
    struct free_walk walk = { .setup = setup };
    walk.has_taken = setup->next_taken(&walk.taken_cursor, &walk.taken);
    return walk;
}

static bool walk_next(struct free_walk *walk, pfn_t *lo, pfn_t *hi)
{
    while (walk->range < walk->setup->range_count) {
        const struct memmap_range *range = &walk->setup->ranges[walk->range];
        walk->at = phys_max(walk->at, range->start);
        if (range->kind != MEMMAP_USABLE || !phys_is_below(walk->at, range->end)) {
            walk->range++;
            continue;
        }
        while (walk->has_taken && !phys_is_below(walk->at, walk->taken.end))
            walk->has_taken = walk->setup->next_taken(&walk->taken_cursor, &walk->taken);
        if (walk->has_taken && !phys_is_below(walk->at, walk->taken.start)) {
            walk->at = walk->taken.end;
            continue;
        }
        phys_t end = walk->has_taken ? phys_min(range->end, walk->taken.start) : range->end;
        *lo = phys_to_pfn(walk->at);
        *hi = phys_to_pfn(end);
        walk->at = end;
        return true;
    }
    return false;
}

static void set_bits(uint64_t *bitmap, uint64_t from, uint64_t to)
{
    while (from < to) {
        uint64_t end = align_down(from, 64) + 64 < to ? align_down(from, 64) + 64 : to;
        bitmap[from / 64] |= UINT64_MAX >> (64 - (end - from)) << from % 64;
        from = end;
    }
}

static void find_free_regions(const struct buddy_setup *setup)
{
    buddy_zero(buddy.free_regions, align_up(buddy.region_words * sizeof(uint64_t), 64));
    pfn_t lo, hi;
    for (struct free_walk walk = walk_free(setup); walk_next(&walk, &lo, &hi);) {
        uint64_t first = (lo.raw + REGION_FRAMES - 1) / REGION_FRAMES, end = hi.raw / REGION_FRAMES;
        if (first >= end)
            continue;
        uint64_t number = (uint64_t)buddy_region_below(first);
        set_bits(buddy.free_regions, number, number + end - first);
    }
}

/* ---- regions that are not wholly free ---- */

/* Taking early memory for one region can break another, so this goes round until nothing changes. */
static status_t prepare_broken_regions(const struct buddy_setup *setup)
{
    for (bool is_stable = false; !is_stable;) {
        is_stable = true;
        find_free_regions(setup);
        for (int64_t number = 0; number < buddy.region_count; number++) {
            uint64_t unknown = ~(buddy.free_regions[number / 64] | buddy.prepared[number / 64]);
            if (unknown == 0) {
                number |= 63;
                continue;
            }
            if (!(unknown & BIT(number % 64)))
                continue;
            status_t status = buddy_prepare_broken_region(setup, number);
            if (status != STATUS_OK)
                return status;
            is_stable = false;
        }
    }
    return STATUS_OK;
}

/* A region that is free as a whole is one bit in a bitmap; buddy_add_run() counts the others' free frames. */
static void count_free_regions(void)
{
    uint64_t regions = 0;
    for (size_t word = 0; word < buddy.region_words; word++)
        regions += bit_count(buddy.free_regions[word]);
    buddy.free = regions * REGION_FRAMES;
}

/* ---- zones ---- */

static void set_zones(void)
{
    const struct span *last = &buddy.spans[buddy.span_count - 1];
    pfn_t top = pfn(last->end_chunk * CHUNK_FRAMES);
    for (unsigned int i = 0; i < BUDDY_ZONES; i++) {
        struct zone *zone = &buddy.zones[i];
        zone->start = zone->reserve_end = zone_starts[i];
        zone->end = pfn_max(i + 1 < BUDDY_ZONES ? pfn_min(zone_starts[i + 1], top) : top, zone->start);
        zone->managed = zone->reserve = 0;
    }
}

/* The reserve is the zone's lowest memory; how far that reaches depends on its holes. */
static void set_reserve(const struct buddy_setup *setup, unsigned int number, bool is_topmost)
{
    struct zone *zone = &buddy.zones[number];
    unsigned int kind = is_topmost ? BUDDY_ZONE_HIGH : number;
    uint64_t wanted = zone->managed / reserves[kind].part;
    if (wanted > reserves[kind].most)
        wanted = reserves[kind].most;
    zone->reserve = wanted;
    pfn_t lo, hi;
    for (struct free_walk walk = walk_free(setup); wanted > 0 && walk_next(&walk, &lo, &hi);) {
        lo = pfn_max(lo, zone->start);
        hi = pfn_min(hi, zone->end);
        if (!pfn_is_below(lo, hi))
            continue;
        uint64_t part = pfn_distance(lo, hi) < wanted ? pfn_distance(lo, hi) : wanted;
        wanted -= part;
        zone->reserve_end = pfn_add(lo, part);
    }
}

static void set_reserves(const struct buddy_setup *setup)
{
    bool is_topmost = true;
    for (unsigned int i = BUDDY_ZONES; i-- > 0;) {
        if (buddy.zones[i].managed == 0)
            continue;
        set_reserve(setup, i, is_topmost);
        is_topmost = false;
    }
}

/* ---- the entry ---- */

static status_t prepare_spans(void)
{
    for (size_t i = 0; i < buddy.span_count; i++) {
        const struct span *span = &buddy.spans[i];
        uint64_t first = span->first_chunk / REGION_CHUNKS, last = (span->end_chunk - 1) / REGION_CHUNKS;
        struct frame *start = buddy_frame(pfn(first * REGION_FRAMES));
        status_t status =
            port_prepare_descriptors(start, start + (last - first + 1) * REGION_FRAMES, LARGE_PAGE_SIZE);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

status_t buddy_init(const struct buddy_setup *setup)
{
    buddy = (struct buddy){ 0 };
    /* A CPU that waits for this lock does not poll cross-calls, because a cross-call's function may take it
       to give frames back (smp/processors.c). No cross-call is made with the lock held. */
    SPIN_INIT(&buddy.lock, "buddy", LOCK_BUDDY, .fairness = LOCK_UNFAIR_IN_GUEST);
    buddy_reset_cpus();
    status_t status = make_tables(setup);
    if (status == STATUS_OK)
        status = buddy_set_nodes(setup);
    if (status == STATUS_OK)
        status = prepare_spans();
    if (status == STATUS_OK)
        status = prepare_broken_regions(setup);
    if (status != STATUS_OK)
        return status;

    count_free_regions();
    set_zones();
    pfn_t lo, hi;
    for (struct free_walk walk = walk_free(setup); walk_next(&walk, &lo, &hi);)
        buddy_add_run(lo, hi);
    set_reserves(setup);
    frame_cache_init();
    return STATUS_OK;
}
