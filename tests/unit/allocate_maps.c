/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Initialises the buddy allocator with memory maps from files, on sparse memory, and exhausts it: for
 * corpus_buddy.py, and for maps of your own.
 *
 *     allocate_maps FILE...
 *
 * The allocator is initialised with each map. Then all memory is allocated, from the largest blocks to the
 * smallest; blocks must lie in usable memory, not overlap, and add up to the free memory; and all of them
 * must be freed. One line per file: "ok FILE BLOCKS BYTES", or "wrong FILE: what".
 */
#include "map_file.h"

#include <inttypes.h>

#define MACHINE_RANGES 4096
#include "buddy_machine.h"

void port_flush(virt_t virt, uint64_t size_bytes)
{
    (void)virt;
    (void)size_bytes;
}

/* Larger maps are truncated here, as by the end of the direct map: exhausting a GiB touches 2 MiB of
 * descriptors, which the host must have. */
#define LIMIT GIB(256)

struct block {
    uint64_t start, order;
};
static struct block *blocks;
static size_t block_count, block_room;

static void note(uint64_t start, unsigned int order)
{
    if (block_count == block_room) {
        block_room = block_room ? 2 * block_room : 1024;
        blocks = realloc(blocks, block_room * sizeof(*blocks));
    }
    blocks[block_count++] = (struct block){ start, order };
}

static int by_start(const void *a, const void *b)
{
    const struct block *x = a, *y = b;
    return x->start < y->start ? -1 : x->start > y->start;
}

static uint64_t size_of(const struct block *block)
{
    return PAGE_SIZE << block->order;
}

static bool is_usable(uint64_t start, uint64_t end)
{
    for (size_t i = 0; i < machine.range_count; i++)
        if (machine.ranges[i].kind == MEMMAP_USABLE && machine.ranges[i].start.raw <= start &&
            end <= machine.ranges[i].end.raw)
            return true;
    return false;
}

/* Neighbouring usable ranges are one in the map, so a block lies in one of them. */
static const char *look_at_blocks(void)
{
    qsort(blocks, block_count, sizeof(*blocks), by_start);
    for (size_t i = 0; i < block_count; i++) {
        uint64_t end = blocks[i].start + size_of(&blocks[i]);
        if (!is_usable(blocks[i].start, end))
            return "a block lies outside of usable memory";
        if (i + 1 < block_count && end > blocks[i + 1].start)
            return "two blocks overlap";
    }
    return NULL;
}

static uint64_t frames_known(void)
{
    struct buddy_stats stats;
    buddy_stats(BUDDY_ANY_NODE, &stats);
    return buddy_free_frames() + stats.metadata;
}

static const char *use_up(uint64_t *bytes)
{
    *bytes = block_count = 0;
    for (unsigned int order = BUDDY_ORDERS; order-- > 0;) {
        phys_t block;
        while (
            phys_is_valid(block = buddy_alloc_where(order, BUDDY_URGENT, BUDDY_ANYWHERE, BUDDY_ANY_NODE))) {
            note(block.raw, order);
            *bytes += PAGE_SIZE << order;
        }
    }
    if (buddy_free_frames() != 0)
        return "memory is left that no request gets";
    return look_at_blocks();
}

static const char *try_machine(uint64_t *bytes)
{
    uint64_t usable = 0;
    for (size_t i = 0; i < machine.range_count; i++)
        if (machine.ranges[i].kind == MEMMAP_USABLE)
            usable += (machine.ranges[i].end.raw - machine.ranges[i].start.raw) / PAGE_SIZE;
    if (machine_start() != STATUS_OK)
        return "the allocator does not start";
    uint64_t at_start = frames_known();
    if (at_start != usable)
        return "free memory and tables are not what is usable";
    const char *wrong = use_up(bytes);
    if (wrong)
        return wrong;
    if (frames_known() + *bytes / PAGE_SIZE != at_start)
        return "what was taken is not what was free";
    for (size_t i = 0; i < block_count; i++)
        buddy_free(phys(blocks[i].start), (unsigned int)blocks[i].order);
    frame_cache_drain();
    return frames_known() == at_start ? NULL : "not everything came back";
}

static void sweep(const struct map *map)
{
    void *scratch = malloc(MEMMAP_SCRATCH_BYTES(map->count) + 1);
    struct memmap_range *ranges = malloc(MEMMAP_MAX_RANGES(map->count) * sizeof(*ranges) + 1);
    size_t count;
    memmap_sweep(map->entries, map->count, scratch, ranges, &count);
    machine_begin();
    for (size_t i = 0; i < count; i++)
        if (ranges[i].start.raw < LIMIT)
            machine_range(ranges[i].start.raw, ranges[i].end.raw < LIMIT ? ranges[i].end.raw : LIMIT,
                          ranges[i].kind);
    free(ranges);
    free(scratch);
}

int main(int argc, char **argv)
{
    hosted_large_descriptor_pages = true;
    for (int i = 1; i < argc; i++) {
        struct map map = open_map(argv[i]);
        uint64_t bytes = 0;
        sweep(&map);
        const char *wrong = machine.range_count == 0 ? "nothing is usable" : try_machine(&bytes);
        if (wrong)
            printf("wrong %s: %s\n", argv[i], wrong);
        else
            printf("ok %s %zu %" PRIu64 "\n", argv[i], block_count, bytes);
        free(map.entries);
    }
    free(blocks);
    return 0;
}
