/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sequences of allocations and frees, of frames, blocks and objects, on a small machine: each byte or two
 * of the input is an operation. Live memory never overlaps and keeps its content, and all of it is freed at
 * the end.
 */
#include <ashlar/bits.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/slab.h>

#include <hosted.h>

#include "fuzz.h"

#define MEMORY MIB(8)
#define LIVE   64

static struct memmap_range ram = { { PAGE_SIZE }, { MEMORY }, MEMMAP_USABLE };
static uint64_t early_top;

void port_flush(virt_t virt, uint64_t size_bytes)
{
    (void)virt;
    (void)size_bytes;
}

static phys_t take(uint64_t size_bytes, uint64_t alignment)
{
    early_top = align_down(early_top - size_bytes, alignment);
    return phys(early_top);
}

static bool next_taken(size_t *cursor, struct phys_range *taken)
{
    *taken = (struct phys_range){ phys(early_top), phys(MEMORY) };
    return (*cursor)++ == 0;
}

static struct one {
    uint8_t *start;
    uint64_t size;
    enum { FRAME, BLOCK, OBJECT } kind;
    unsigned int order;
    uint8_t mark;
} live[LIVE];

static uint64_t frames(void)
{
    struct buddy_stats stats;
    slab_reap();
    frame_cache_drain();
    buddy_stats(BUDDY_ANY_NODE, &stats);
    return buddy_free_frames() + stats.metadata;
}

/* Both ends and the middle, so that long blocks cost no more than short ones. */
static void mark(struct one *one, uint8_t value)
{
    one->mark = value;
    if (one->size > 0)
        one->start[0] = one->start[one->size / 2] = one->start[one->size - 1] = value;
}

static void look(const struct one *one)
{
    if (one->size > 0)
        insist(one->start[0] == one->mark && one->start[one->size / 2] == one->mark &&
               one->start[one->size - 1] == one->mark);
}

static void expect_apart(const struct one *one)
{
    for (unsigned int i = 0; i < LIVE; i++)
        insist(&live[i] == one || !live[i].start || one->start + one->size <= live[i].start ||
               live[i].start + live[i].size <= one->start);
}

static void begin(struct one *one, uint8_t how, uint8_t value)
{
    one->kind = how % 3;
    one->order = value % 12;
    phys_t block = PHYS_INVALID;
    switch (one->kind) {
    case FRAME:
        one->start = frame_alloc();
        one->size = PAGE_SIZE;
        break;
    case BLOCK:
        block =
            buddy_alloc_where(one->order, how & 4 ? BUDDY_URGENT : 0,
                              how & 8 ? phys(MIB(1) + value * PAGE_SIZE) : BUDDY_ANYWHERE, BUDDY_ANY_NODE);
        one->start = phys_is_valid(block) ? port_pointer(block) : NULL;
        one->size = PAGE_SIZE << one->order;
        insist(!one->start || is_aligned(block.raw, one->size));
        break;
    case OBJECT:
        one->size = (uint64_t)value * value * (how >> 4);
        one->start = kmalloc(one->size);
        break;
    }
    if (!one->start)
        return;
    expect_apart(one);
    mark(one, (uint8_t)(value + how));
}

static void end(struct one *one)
{
    look(one);
    if (one->kind == FRAME)
        frame_free(one->start);
    else if (one->kind == BLOCK)
        buddy_free(port_phys(one->start), one->order);
    else
        kfree(one->start);
    one->start = NULL;
}

static void resize(struct one *one, uint8_t value)
{
    uint64_t size = (uint64_t)value * value * 3;
    uint8_t first = one->size > 0 ? one->start[0] : 0;
    uint8_t *moved = krealloc(one->start, size);
    if (!moved)
        return;
    insist(one->size == 0 || size == 0 || moved[0] == first);
    one->start = moved;
    one->size = size;
    expect_apart(one);
    mark(one, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct buddy_setup setup = {
        .ranges = &ram, .range_count = 1, .take = take, .next_taken = next_taken
    };
    early_top = MEMORY;
    hosted_memory_init(0, HUGE_PAGE_SIZE);
    slab_checks_new_caches = size > 0 && data[0] & 1;
    insist(buddy_init(&setup) == STATUS_OK && slab_init() == STATUS_OK && kmalloc_init() == STATUS_OK);
    uint64_t before = frames();
    for (size_t i = 1; i + 2 < size; i += 3) {
        struct one *one = &live[data[i] % LIVE];
        if (data[i] == 255)
            slab_reap();
        else if (one->start && one->kind == OBJECT && data[i + 1] % 4 == 0)
            resize(one, data[i + 2]);
        else if (one->start)
            end(one);
        else
            begin(one, data[i + 1], data[i + 2]);
    }
    for (unsigned int i = 0; i < LIVE; i++)
        if (live[i].start)
            end(&live[i]);
    insist(frames() == before);
    return 0;
}
