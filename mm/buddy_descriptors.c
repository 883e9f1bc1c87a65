/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What describes a region and its frames, made when it is first needed.
 *
 * Descriptors, 8 bytes a frame, are an array in address space with memory where it is needed:
 *
 *   - A region that is not wholly free at first has a page of early memory for each of its chunks, which is
 *     put behind the array and zeroed when the chunk is first broken. There is at most a handful of
 *     such regions, around the holes that every PC has.
 *   - Any other region gets 2 MiB for all its descriptors when it is first split, from a region that is
 *     split already (so that no region is spoilt for blocks of 1 GiB but the first), else from its own.
 *
 * They stay where they are for good, so nothing is ever unmapped, and no other CPU has to forget
 * anything. Refused: descriptors within the 2 MiB that they describe. That needs no mapping at all,
 * but no block of 2 MiB would lie in a chunk whose frame 0 is the firmware's or the kernel's, and
 * when the chunk is used as one block, what its user writes would look like descriptors.
 */
#include "buddy_private.h"

/* Eight at a time; the loop's own instructions would otherwise be most of it. */
void buddy_zero(void *start, size_t size_bytes)
{
    struct block {
        uint64_t word[8];
    } *block = start;
    for (size_t i = 0; i < size_bytes / sizeof(*block); i++)
        block[i] = (struct block){ { 0 } };
}

static struct span *span_of(uint64_t gib)
{
    for (size_t i = 0; i < buddy.span_count; i++)
        if (gib <= (buddy.spans[i].end_chunk - 1) / REGION_CHUNKS)
            return &buddy.spans[i];
    UNREACHABLE();
}

uint64_t buddy_gib_of(int64_t number)
{
    size_t i = buddy.span_count - 1;
    while (buddy.spans[i].first_region > number)
        i--;
    return buddy.spans[i].first_chunk / REGION_CHUNKS + (uint64_t)(number - buddy.spans[i].first_region);
}

static void set_up_region(int64_t number)
{
    struct region *region = &buddy.regions[number];
    buddy_zero(region, sizeof(*region));
    region->gib = buddy_gib_of(number);
    const struct span *span = span_of(region->gib);
    uint64_t before = span->first_chunk - region->gib * REGION_CHUNKS;
    region->chunks = (struct bits512 *)((uintptr_t)span->bits - (uintptr_t)(before * sizeof(struct bits512)));
}

static void mark_prepared(int64_t number)
{
    __atomic_fetch_or(&buddy.prepared[number / 64], BIT(number % 64), __ATOMIC_SEQ_CST);
}

bool buddy_prepare_region(int64_t number, unsigned *lowest_chunk)
{
    struct region *region = &buddy.regions[number];
    *lowest_chunk = 0;
    if (__atomic_load_n(&buddy.prepared[number / 64], __ATOMIC_SEQ_CST) & BIT(number % 64))
        return true;

    set_up_region(number);
    uint64_t base = region->gib * REGION_FRAMES;
    uint64_t memory = buddy_take_chunk_of_split();
    if (memory == NO_FRAME) {
        memory = base;
        *lowest_chunk = 1;
    }
    phys_t address = pfn_to_phys((pfn_t){ memory });
    struct frame *frames = buddy_frame(base);
    if (port_map_descriptors(frames, address, LARGE_PAGE_SIZE) != STATUS_OK) {
        struct place place;
        if (*lowest_chunk == 0 && buddy_find(memory, &place))
            buddy_give_chunks(place.number, 0, place.chunk);
        return false;
    }
    for (unsigned i = 0; i < BITS512_WORDS; i++)
        region->described[i] = region->owned[i] = UINT64_MAX;
    if (*lowest_chunk == 1)
        frames[0].state = frame_state(FRAME_METADATA, CHUNK_ORDER, 0);
    __atomic_fetch_add(&buddy.metadata, CHUNK_FRAMES, __ATOMIC_RELAXED);
    __atomic_fetch_add(&buddy.metadata_opened, CHUNK_FRAMES, __ATOMIC_RELAXED);
    mark_prepared(number);
    return true;
}

bool buddy_describe(struct region *region, unsigned chunk)
{
    uint64_t *described = &region->described[chunk / 64], bit = BIT(chunk % 64);
    struct bits512 *bits = &region->chunks[chunk];
    if (__atomic_load_n(described, __ATOMIC_SEQ_CST) & bit)
        return true;
    uint64_t memory = bits->word[0];
    struct frame *frames = buddy_frame(region->gib * REGION_FRAMES + chunk * CHUNK_FRAMES);
    if (memory == 0 || port_map_descriptors(frames, phys(memory), PAGE_SIZE) != STATUS_OK)
        return false;
    buddy_zero(bits, sizeof(*bits));
    __atomic_fetch_add(&buddy.metadata_opened, 1, __ATOMIC_RELAXED);
    __atomic_fetch_or(described, bit, __ATOMIC_SEQ_CST);
    return true;
}

/* ---- regions that are not wholly free ---- */

/* Takes a page for the descriptors of each chunk of [first, end) and notes where it is. */
static status_t take_descriptor_pages(const struct buddy_setup *setup, struct region *region, unsigned first,
                                      unsigned end)
{
    phys_t pages = setup->take((end - first) * PAGE_SIZE, PAGE_SIZE);
    for (unsigned chunk = first; chunk < end; chunk++) {
        phys_t page = phys_is_valid(pages) ? phys_add(pages, (chunk - first) * PAGE_SIZE)
                                           : setup->take(PAGE_SIZE, PAGE_SIZE);
        if (!phys_is_valid(page))
            return STATUS_NO_MEMORY;
        region->chunks[chunk].word[0] = page.raw;
        buddy.metadata++;
    }
    return STATUS_OK;
}

status_t buddy_prepare_broken_region(const struct buddy_setup *setup, int64_t number)
{
    set_up_region(number);
    struct region *region = &buddy.regions[number];
    const struct span *span = span_of(region->gib);
    uint64_t base = region->gib * REGION_CHUNKS;
    uint64_t lo = span->first_chunk > base ? span->first_chunk - base : 0;
    uint64_t hi = span->end_chunk < base + REGION_CHUNKS ? span->end_chunk - base : REGION_CHUNKS;
    for (uint64_t chunk = lo; chunk < hi; chunk++)
        region->chunks[chunk].word[0] = 0;

    struct frame *frames = buddy_frame(base * CHUNK_FRAMES);
    status_t status =
        port_prepare_descriptors(frames + lo * CHUNK_FRAMES, frames + hi * CHUNK_FRAMES, PAGE_SIZE);
    uint64_t done = lo;
    for (size_t i = 0; i < setup->range_count && status == STATUS_OK; i++) {
        const struct memmap_range *range = &setup->ranges[i];
        uint64_t first = range->start.raw / LARGE_PAGE_SIZE;
        uint64_t end = (range->end.raw + LARGE_PAGE_SIZE - 1) / LARGE_PAGE_SIZE;
        if (!buddy_is_managed(range) || end <= base || first >= base + REGION_CHUNKS)
            continue;
        first = first < base + done ? done : first - base;
        end = end < base + REGION_CHUNKS ? end - base : REGION_CHUNKS;
        if (first < end) {
            status = take_descriptor_pages(setup, region, (unsigned)first, (unsigned)end);
            done = end;
        }
    }
    mark_prepared(number);
    return status;
}
