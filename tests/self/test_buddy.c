/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buddy allocator on this machine: blocks keep their content, and all of them are freed. Models and
 * races are in tests/unit; this tests the port: addresses, descriptors, zones.
 */
#include <ashlar/bits.h>
#include <ashlar/ktest.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/slab.h>
#include <cpu/physical.h>

#define BLOCKS 200

static struct {
    phys_t address;
    unsigned int order;
} blocks[BLOCKS];

/* The first and the last word of a block identify its owner. */
static uint64_t *edge(unsigned int i, bool is_last)
{
    uint64_t size = PAGE_SIZE << blocks[i].order;
    return phys_to_pointer(phys(blocks[i].address.raw + (is_last ? size - sizeof(uint64_t) : 0)));
}

KTEST(buddy, blocks_of_all_sizes_keep_their_content)
{
    slab_reap(); /* on a small machine the blocks do not fit beside what it keeps */
    uint64_t free_frames = buddy_free_frames();
    struct buddy_stats before, after;
    unsigned int count = 0;
    buddy_stats(BUDDY_ANY_NODE, &before);
    for (unsigned int i = 0; i < BLOCKS; i++) {
        blocks[count].order = i % 7;
        blocks[count].address = buddy_alloc(blocks[count].order, 0);
        if (!phys_is_valid(blocks[count].address))
            continue;
        EXPECT(is_aligned(blocks[count].address.raw, PAGE_SIZE << blocks[count].order));
        *edge(count, false) = *edge(count, true) = count;
        count++;
    }
    EXPECT(count > 0);
    for (unsigned int i = 0; i < count; i++)
        EXPECT(*edge(i, false) == i && *edge(i, true) == i);
    for (unsigned int i = 0; i < count; i++)
        buddy_free(blocks[i].address, blocks[i].order);
    buddy_stats(BUDDY_ANY_NODE, &after);
    EXPECT(buddy_free_frames() + (after.metadata - before.metadata) == free_frames);
}

KTEST(buddy, address_limits_are_respected)
{
    static const uint64_t limits[] = { MIB(1), MIB(16), GIB(4) };
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        phys_t block = buddy_alloc_where(0, 0, phys(limits[i]), BUDDY_ANY_NODE);
        ASSERT_THAT(phys_is_valid(block));
        EXPECT(block.raw != 0 && block.raw + PAGE_SIZE <= limits[i]);
        buddy_free(block, 0);
    }
}

KTEST(buddy, single_frames_pass_through_the_cache_and_are_freed)
{
    static void *pages[1000];
    uint64_t free_frames = buddy_free_frames();
    size_t count = frame_alloc_bulk(pages, ARRAY_LEN(pages));
    EXPECT(count > 0);
    for (size_t i = 0; i < count; i++)
        *(void **)pages[i] = pages[i];
    for (size_t i = 0; i < count; i++)
        EXPECT(*(void **)pages[i] == pages[i]);
    frame_free_bulk(pages, count);
    EXPECT(buddy_free_frames() == free_frames);
    frame_cache_drain();
    EXPECT(buddy_free_frames() == free_frames);
}
