/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The allocators on all CPUs at once.
 */
#include <ashlar/ktest.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/shrink.h>
#include <ashlar/mm/slab.h>
#include <ashlar/mm/vrange.h>
#include <ashlar/prng.h>

#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <cpu/physical.h>
#include <smp/processors.h>

#include "on_every_cpu.h"

#define OBJECTS 200
#define ROUNDS  10

/* Objects of all sizes that hold what their owner wrote: two that overlap would not. */
static void use_objects(void *argument)
{
    static uint32_t callers; /* atomic */
    uint64_t **objects = kcalloc(OBJECTS, sizeof(*objects));
    uint64_t state = cpu_read_tsc() | 1, mark = (uint64_t)__atomic_fetch_add(&callers, 1, __ATOMIC_RELAXED)
                                                << 32;
    (void)argument;
    if (!objects)
        return;
    for (unsigned int i = 0; i < ROUNDS * OBJECTS; i++) {
        uint64_t random = prng_next(&state);
        unsigned int at = (unsigned int)(random >> 33) % OBJECTS;
        if (objects[at] && *objects[at] != (mark | at))
            note_wrong();
        kfree(objects[at]);
        objects[at] = kmalloc(16 + (random >> 20) % (i % 16 ? 500 : 20000));
        if (objects[at])
            *objects[at] = mark | at;
    }
    for (unsigned int at = 0; at < OBJECTS; at++) {
        if (objects[at] && *objects[at] != (mark | at))
            note_wrong();
        kfree(objects[at]);
    }
    kfree(objects);
}

KTEST(smp, objects_of_all_cpus_do_not_overlap)
{
    NEEDS_TWO();
    EXPECT_ON_EVERY_CPU(0, use_objects, NULL);
}

#define BLOCKS     24
#define LAST_ORDER 6

/* The first and the last word of a block identify its owner. */
static void mark_block(phys_t block, unsigned int order, uint64_t mark)
{
    uint64_t *words = phys_to_pointer(block);
    words[0] = words[(PAGE_SIZE << order) / sizeof(*words) - 1] = mark;
}

static bool is_marked(phys_t block, unsigned int order, uint64_t mark)
{
    const uint64_t *words = phys_to_pointer(block);
    return words[0] == mark && words[(PAGE_SIZE << order) / sizeof(*words) - 1] == mark;
}

static void give_block(phys_t *block, unsigned int order, uint64_t mark)
{
    if (!phys_is_valid(*block))
        return;
    if (!is_marked(*block, order, mark))
        note_wrong();
    buddy_free(*block, order);
    *block = PHYS_INVALID;
}

/* Blocks of all small orders are allocated and freed in a random order. */
static void use_blocks(void *argument)
{
    phys_t blocks[BLOCKS];
    uint64_t state = cpu_read_tsc() | 1, mark = (uint64_t)PERCPU_MINE(cpu_number) << 32 | 1;
    (void)argument;
    for (unsigned int i = 0; i < BLOCKS; i++)
        blocks[i] = PHYS_INVALID;
    for (unsigned int i = 0; i < ROUNDS * BLOCKS; i++) {
        uint64_t random = prng_next(&state);
        unsigned int at = (unsigned int)(random >> 33) % BLOCKS, order = at % (LAST_ORDER + 1);
        give_block(&blocks[at], order, mark + at);
        blocks[at] = buddy_alloc(order, 0);
        if (phys_is_valid(blocks[at]))
            mark_block(blocks[at], order, mark + at);
    }
    for (unsigned int at = 0; at < BLOCKS; at++)
        give_block(&blocks[at], at % (LAST_ORDER + 1), mark + at);
}

/* Frames in this CPU's caches, which are not lost. */
static void give_back(void *argument)
{
    (void)argument;
    frame_cache_drain();
}

static void give_some_back(void *argument)
{
    (void)argument;
    frame_cache_drain_some();
}

/* The shrinker of smp/processors.c calls other CPUs for it, one of which may be waiting for the allocator's
 * lock. */
#define DRAINS      200
#define LARGE_ORDER 8 /* past the caches */

static uint32_t has_drained; /* atomic */

static void drain_or_use_blocks(void *argument)
{
    (void)argument;
    if (PERCPU_MINE(cpu_number) == 0) {
        for (unsigned int i = 0; i < DRAINS; i++)
            ipi_call_all(give_some_back, NULL);
        __atomic_store_n(&has_drained, true, __ATOMIC_RELAXED);
    }
    while (!__atomic_load_n(&has_drained, __ATOMIC_RELAXED)) {
        phys_t block = buddy_alloc(LARGE_ORDER, 0);
        if (phys_is_valid(block))
            buddy_free(block, LARGE_ORDER);
        void *page = frame_alloc();
        if (page)
            frame_free(page);
    }
}

KTEST(smp, caches_are_drained_by_calls_while_cpus_wait_for_frames)
{
    NEEDS_TWO();
    has_drained = false;
    EXPECT_ON_EVERY_CPU(0, drain_or_use_blocks, NULL);
    EXPECT(has_drained);
}

KTEST(smp, blocks_of_all_cpus_do_not_overlap_and_all_are_freed)
{
    struct buddy_stats before, after;
    NEEDS_TWO();
    wrong = 0;
    on_every_cpu(0, give_back, NULL);
    slab_reap();
    buddy_stats(BUDDY_ANY_NODE, &before);
    uint64_t free_before = buddy_free_frames();
    on_every_cpu(0, use_blocks, NULL);
    EXPECT(wrong == 0);
    on_every_cpu(0, give_back, NULL);
    slab_reap();
    buddy_stats(BUDDY_ANY_NODE, &after);
    EXPECT(buddy_free_frames() + (after.metadata - before.metadata) == free_before);
}

static void keep_frames(void *argument)
{
    void *frames[64];
    size_t count = frame_alloc_bulk(frames, ARRAY_LEN(frames));
    (void)argument;
    frame_free_bulk(frames, count);
}

KTEST(smp, memory_cached_by_idle_cpus_is_reclaimed_when_memory_is_short)
{
    NEEDS_TWO();
    struct buddy_stats stats;
    on_every_cpu(0, keep_frames, NULL);
    buddy_stats(BUDDY_ANY_NODE, &stats);
    EXPECT(stats.cached > 0);
    shrink_memory(UINT32_MAX); /* more than there is, so that all shrinkers are called */
    buddy_stats(BUDDY_ANY_NODE, &stats);
    EXPECT(stats.cached == 0);
}

/* More than a drain gives at once, one list through the frames. */
#define KEPT 200

static void keep_many_frames(void *argument)
{
    void **list = NULL, **frame;
    (void)argument;
    for (unsigned int i = 0; i < KEPT && (frame = frame_alloc()) != NULL; i++) {
        *frame = list;
        list = frame;
    }
    while ((frame = list) != NULL) {
        list = *frame;
        frame_free(frame);
    }
}

KTEST(smp, frames_of_all_cpus_are_drained_only_as_far_as_needed)
{
    NEEDS_TWO();
    if (frame_cache_limit() < KEPT)
        SKIP_TEST("little memory: caches are small");
    on_every_cpu(0, keep_many_frames, NULL);
    uint64_t cached = buddy_cached_frames();
    /* A round, in which each CPU gives up to 64 frames. */
    uint64_t given = processors_drain_frames(1);
    EXPECT(given > 0 && given <= 64ull * ipi_online_count());
    EXPECT(buddy_cached_frames() == cached - given);
    EXPECT(processors_drain_frames(UINT64_MAX) == cached - given);
    EXPECT(buddy_cached_frames() == 0);
    EXPECT(processors_drain_frames(1) == 0);
}

static void use_ranges(void *argument)
{
    (void)argument;
    for (unsigned int i = 0; i < 10; i++) {
        void *range;
        if (vrange_map_memory(3 * PAGE_SIZE, VRANGE_MEMORY, "test", &range) != STATUS_OK)
            continue;
        volatile uint64_t *words = range;
        uint64_t mark = (uintptr_t)&words ^ i;
        words[0] = words[1024] = mark;
        if (words[0] != mark || words[1024] != mark)
            note_wrong();
        vrange_unmap(range);
    }
}

KTEST(smp, ranges_may_be_reserved_and_freed_on_all_cpus_at_once)
{
    NEEDS_TWO();
    EXPECT_ON_EVERY_CPU(8, use_ranges, NULL);
}
