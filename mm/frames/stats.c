/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counting what is free, where and in which sizes. Bits are copied a line at a time under the lock and
 * counted without it, so no CPU waits for a walk; hints tell where nothing is free, and only split memory is
 * read.
 */
#include <ashlar/mm/frame_cache.h>

#include "buddy_private.h"

/* The part of memory that is counted, and where the counts go. */
struct count {
    pfn_t lo, hi;
    struct buddy_zone_stats *stats;
};

static void add(const struct count *count, unsigned int order, uint64_t blocks)
{
    count->stats->blocks[order] += blocks;
    count->stats->free += blocks << order;
}

static const struct bits512 all_free = { { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
                                           UINT64_MAX, UINT64_MAX, UINT64_MAX } };

/* The frames at @base that are within the bounds. */
static void count_frames(const struct count *count, const struct bits512 *bits, pfn_t base)
{
    uint64_t lo = pfn_is_below(base, count->lo) ? pfn_distance(base, count->lo) : 0;
    uint64_t hi =
        pfn_is_below(count->hi, pfn_add(base, CHUNK_FRAMES)) ? pfn_distance(base, count->hi) : CHUNK_FRAMES;
    uint64_t blocks[CHUNK_ORDER + 1] = { 0 };
    if (!pfn_is_below(base, count->hi) || lo >= hi)
        return;
    bits512_count(bits, (unsigned int)lo, (unsigned int)hi, blocks);
    for (unsigned int order = 0; order <= CHUNK_ORDER; order++)
        add(count, order, blocks[order]);
}

/* The chunks of the region at @base. A bound may lie inside of one: its part counts as frames. */
static void count_chunks(const struct count *count, const struct bits512 *whole, pfn_t base)
{
    uint64_t lo = pfn_is_below(base, count->lo) ? pfn_distance(base, count->lo) : 0;
    uint64_t hi =
        pfn_is_below(count->hi, pfn_add(base, REGION_FRAMES)) ? pfn_distance(base, count->hi) : REGION_FRAMES;
    uint64_t blocks[CHUNK_ORDER + 1] = { 0 };
    if (!pfn_is_below(base, count->hi) || lo >= hi)
        return;
    unsigned int first = (unsigned int)((lo + CHUNK_FRAMES - 1) / CHUNK_FRAMES),
                 end = (unsigned int)(hi / CHUNK_FRAMES);
    bits512_count(whole, first, end, blocks);
    for (unsigned int order = 0; order <= CHUNK_ORDER; order++)
        add(count, CHUNK_ORDER + order, blocks[order]);

    for (unsigned int i = 0; i < 2; i++) {
        uint64_t bound = i == 0 ? lo : hi, chunk = bound / CHUNK_FRAMES;
        if (bound % CHUNK_FRAMES != 0 && (i == 0 || chunk != lo / CHUNK_FRAMES || lo % CHUNK_FRAMES == 0) &&
            (whole->word[chunk / 64] & BIT(chunk % 64)))
            count_frames(count, &all_free, pfn_add(base, chunk * CHUNK_FRAMES));
    }
}

static uint64_t copy_word(const uint64_t *word)
{
    spin_lock(&buddy.lock);
    uint64_t copy = *word;
    spin_unlock(&buddy.lock);
    return copy;
}

/* A chunk's bits are of free frames only while its hint for order 0 is set. Otherwise they are all 0, or the
   chunk is not described, and they mean nothing (struct region). */
static struct bits512 copy_frames(const struct region *region, unsigned int chunk)
{
    struct bits512 copy = { { 0 } };
    spin_lock(&buddy.lock);
    if (region->orders[chunk] != 0)
        copy = region->chunks[chunk];
    spin_unlock(&buddy.lock);
    return copy;
}

static struct bits512 copy_whole(const struct region *region)
{
    spin_lock(&buddy.lock);
    struct bits512 copy = region->whole;
    spin_unlock(&buddy.lock);
    return copy;
}

static void count_region(const struct count *count, const struct region *region)
{
    const struct bits512 whole = copy_whole(region);
    count_chunks(count, &whole, buddy_region_start(region));
    for (unsigned int word = 0; word < BITS512_WORDS; word++) {
        for (uint64_t hinted = copy_word(&region->hints[word][0]); hinted != 0; hinted &= hinted - 1) {
            unsigned int chunk = word * 64 + (unsigned int)__builtin_ctzll(hinted);
            const struct bits512 bits = copy_frames(region, chunk);
            count_frames(count, &bits, buddy_chunk_start(region, chunk));
        }
    }
}

static void count_all(const struct count *count)
{
    for (size_t word = 0; word < buddy.region_words; word++) {
        uint64_t free_regions = copy_word(&buddy.free_regions[word]);
        uint64_t split = __atomic_load_n(&buddy.prepared[word], __ATOMIC_ACQUIRE) & ~free_regions;
        for (; free_regions != 0; free_regions &= free_regions - 1) {
            int64_t number = (int64_t)(word * 64 + (unsigned int)__builtin_ctzll(free_regions));
            pfn_t base = pfn(buddy_gib_of(number) * REGION_FRAMES);
            if (!pfn_is_below(base, count->lo) && !pfn_is_below(count->hi, pfn_add(base, REGION_FRAMES)))
                add(count, REGION_ORDER, 1);
            else
                count_chunks(count, &all_free, base);
        }
        for (; split != 0; split &= split - 1)
            count_region(count, &buddy.regions[word * 64 + (unsigned int)__builtin_ctzll(split)]);
    }
}

static void count_zone(unsigned int number, uint32_t node, struct buddy_zone_stats *stats)
{
    const struct zone *zone = &buddy.zones[number];
    stats->managed = zone->managed;
    stats->reserve = zone->reserve;
    for (size_t i = 0; i < buddy.node_run_count; i++) {
        pfn_t start = buddy.node_runs[i].start;
        pfn_t end = i + 1 < buddy.node_run_count ? buddy.node_runs[i + 1].start : PFN_END;
        struct count count = { pfn_max(start, zone->start), pfn_min(end, zone->end), stats };
        if ((node == BUDDY_ANY_NODE || node == buddy.node_runs[i].node) && pfn_is_below(count.lo, count.hi))
            count_all(&count);
    }
}

uint64_t buddy_cached_frames(void)
{
    uint64_t cached = 0;
    for (unsigned int cpu = 0; cpu < port_cpu_count(); cpu++)
        cached += (uint64_t)((struct frame **)__atomic_load_n(&PORT_OF(frame_cache, cpu)->stack.top,
                                                              __ATOMIC_RELAXED) -
                             PORT_OF(frame_cache, cpu)->slots) +
                  block_cache_count(cpu);
    return cached;
}

void buddy_stats(uint32_t node, struct buddy_stats *stats)
{
    *stats = (struct buddy_stats){ .cached = buddy_cached_frames() };
    for (unsigned int i = 0; i < BUDDY_ZONES; i++)
        count_zone(i, node, &stats->zones[i]);
    stats->metadata = __atomic_load_n(&buddy.metadata, __ATOMIC_RELAXED);
    stats->metadata_opened = __atomic_load_n(&buddy.metadata_opened, __ATOMIC_RELAXED);
}

static uint64_t free_in(const struct buddy_stats *stats)
{
    uint64_t frames = 0;
    for (unsigned int i = 0; i < BUDDY_ZONES; i++)
        frames += stats->zones[i].free;
    return frames;
}

uint64_t buddy_free_frames(void)
{
    return __atomic_load_n(&buddy.free, __ATOMIC_RELAXED) + buddy_cached_frames();
}

uint64_t buddy_free_frames_of(unsigned int node)
{
    struct buddy_stats stats;
    buddy_stats(node, &stats);
    return free_in(&stats);
}
