/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a frame's number to its region and chunk, and to its descriptor, which is made on first use.
 *
 * Descriptors, of 8 bytes each, are one array in the kernel's address space, with memory only where it is
 * needed:
 *
 *   - A region that is not wholly free at first has a page of early memory for each of its chunks, which is
 *     mapped into the array when the chunk is first used. There is at most a handful of such regions, around
 *     the holes that every PC has.
 *   - Any other region gets 2 MiB for all its descriptors when it is first split, from a region that is
 *     split already (so that only the first region is lost for blocks of 1 GiB), else from its own.
 *
 * In both cases the 4 KiB of descriptors of a chunk are zeroed when the chunk is first used, as one block or
 * split, by the CPU that owns it. Zeroing 2 MiB at once, when the region is split, would make all other CPUs
 * wait for 300,000 instructions.
 *
 * They are never moved or freed, so nothing is ever unmapped, and no TLB has to be flushed. Refused:
 * descriptors within the 2 MiB that they describe. That needs no mapping at all, but no chunk whose frame 0
 * is the firmware's or the kernel's could have any, and in a chunk that is used as one block, its user's data
 * would look like descriptors.
 */
#include "buddy_private.h"

struct buddy buddy;

/* ---- places ---- */

/* The last kind of range that the allocator gets, now or by buddy_add(). */
#define LAST_KIND MEMMAP_KERNEL

phys_t buddy_find_end(const struct buddy_setup *setup)
{
    phys_t end = { 0 };
    for (size_t i = 0; i < setup->range_count; i++)
        if (setup->ranges[i].kind <= LAST_KIND)
            end = setup->ranges[i].end;
    struct phys_range taken;
    for (size_t cursor = 0; setup->next_taken(&cursor, &taken);)
        if (phys_is_below(end, taken.end) && phys_is_below(taken.start, end))
            end = taken.start;
    return end;
}

bool buddy_managed_chunks(const struct buddy_setup *setup, size_t i, uint64_t *first, uint64_t *end)
{
    const struct memmap_range *range = &setup->ranges[i];
    if (range->kind > LAST_KIND || !phys_is_below(range->start, buddy.end))
        return false;
    phys_t last = phys_sub(phys_min(range->end, buddy.end), 1);
    *first = range->start.raw / LARGE_PAGE_SIZE;
    *end = last.raw / LARGE_PAGE_SIZE + 1;
    return true;
}

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

bool buddy_find(pfn_t frame, struct place *place)
{
    uint64_t chunk = frame.raw / CHUNK_FRAMES;
    struct span *span = span_below(chunk);
    if (!span || chunk >= span->end_chunk)
        return false;
    place->number = span->first_region + (int64_t)(chunk / REGION_CHUNKS - span->first_chunk / REGION_CHUNKS);
    place->region = &buddy.regions[place->number];
    place->chunk = chunk % REGION_CHUNKS;
    place->frame = frame.raw % CHUNK_FRAMES;
    return true;
}

static bool is_set_acquire(const uint64_t *bitmap, uint64_t bit)
{
    return (__atomic_load_n(&bitmap[bit / 64], __ATOMIC_ACQUIRE) >> bit % 64 & 1) != 0;
}

/* Acquire pairs with the release in mark_prepared(). */
bool buddy_is_prepared(int64_t number)
{
    return is_set_acquire(buddy.prepared, (uint64_t)number);
}

/* Acquire pairs with the release in buddy_describe(). */
bool buddy_is_described(const struct place *place)
{
    return buddy_is_prepared(place->number) && is_set_acquire(place->region->described, place->chunk);
}

struct frame *buddy_frame(pfn_t frame)
{
    return port_frame(port_pointer(pfn_to_phys(frame)));
}

pfn_t buddy_region_start(const struct region *region)
{
    return pfn(region->gib * REGION_FRAMES);
}

pfn_t buddy_chunk_start(const struct region *region, unsigned int chunk)
{
    return pfn(region->gib * REGION_FRAMES + chunk * CHUNK_FRAMES);
}

/* ---- descriptors ---- */

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

/* Release pairs with the acquire in buddy_is_prepared(). */
static void mark_prepared(int64_t number)
{
    __atomic_fetch_or(&buddy.prepared[number / 64], BIT(number % 64), __ATOMIC_RELEASE);
}

bool buddy_prepare_region_locked(int64_t number, pfn_t memory)
{
    CHECK_HELD(&buddy.lock);
    struct region *region = &buddy.regions[number];
    pfn_t start = pfn(buddy_gib_of(number) * REGION_FRAMES);
    if (port_map_descriptors(buddy_frame(start), pfn_to_phys(memory), LARGE_PAGE_SIZE) != STATUS_OK)
        return false;
    set_up_region(number);
    for (unsigned int i = 0; i < BITS512_WORDS; i++)
        region->owned[i] = UINT64_MAX;
    region->is_mapped = true;
    mark_prepared(number);
    __atomic_fetch_add(&buddy.metadata, CHUNK_FRAMES, __ATOMIC_RELAXED);
    return true;
}

bool buddy_describe(struct region *region, unsigned int chunk)
{
    uint64_t *described = &region->described[chunk / 64], bit = BIT(chunk % 64);
    struct bits512 *bits = &region->chunks[chunk];
    if (__atomic_load_n(described, __ATOMIC_ACQUIRE) & bit)
        return true;
    struct frame *frames = buddy_frame(buddy_chunk_start(region, chunk));
    if (!region->is_mapped) {
        uint64_t memory = bits->word[0];
        if (memory == 0 || port_map_descriptors(frames, phys(memory), PAGE_SIZE) != STATUS_OK)
            return false;
    }
    buddy_zero(frames, PAGE_SIZE);
    bits512_clear(bits);
    __atomic_fetch_add(&buddy.metadata_opened, 1, __ATOMIC_RELAXED);
    __atomic_fetch_or(described, bit, __ATOMIC_RELEASE);
    return true;
}

bool buddy_describe_block(pfn_t frame, unsigned int order)
{
    struct place place;
    for (pfn_t end = pfn_add(frame, BIT(order)); pfn_is_below(frame, end);
         frame = pfn_add(frame, CHUNK_FRAMES))
        if (!buddy_find(frame, &place) || !buddy_describe(place.region, place.chunk))
            return false;
    return true;
}

/* ---- regions that are not wholly free ---- */

/* Takes a page for the descriptors of each chunk of [first, end) and notes where it is. */
static status_t take_descriptor_pages(const struct buddy_setup *setup, struct region *region,
                                      unsigned int first, unsigned int end)
{
    phys_t pages = setup->take((end - first) * PAGE_SIZE, PAGE_SIZE);
    for (unsigned int chunk = first; chunk < end; chunk++) {
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

    struct frame *frames = buddy_frame(buddy_region_start(region));
    status_t status =
        port_prepare_descriptors(frames + lo * CHUNK_FRAMES, frames + hi * CHUNK_FRAMES, PAGE_SIZE);
    uint64_t done = lo;
    for (size_t i = 0; i < setup->range_count && status == STATUS_OK; i++) {
        uint64_t first, end;
        if (!buddy_managed_chunks(setup, i, &first, &end) || end <= base || first >= base + REGION_CHUNKS)
            continue;
        first = first < base + done ? done : first - base;
        end = end < base + REGION_CHUNKS ? end - base : REGION_CHUNKS;
        if (first < end) {
            status = take_descriptor_pages(setup, region, (unsigned int)first, (unsigned int)end);
            done = end;
        }
    }
    mark_prepared(number);
    return status;
}
