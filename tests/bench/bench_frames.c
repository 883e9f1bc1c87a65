/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cost of frames and blocks: one at a time, and a thousand before the first is freed.
 */
#include <ashlar/bench.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/frame_cache.h>

#define OPERATIONS 1000
#define MANY       10000 /* more than a CPU's cache holds */

static void *pages[MANY];

static void pair_0(void)
{
    for (unsigned int i = 0; i < OPERATIONS; i++)
        frame_free(frame_alloc());
}
BENCH(frame_pair_0, "frame.pair.0", OPERATIONS, pair_0);

static void pair_3(void)
{
    for (unsigned int i = 0; i < OPERATIONS; i++)
        buddy_free(buddy_alloc(3, 0), 3);
}
BENCH(frame_pair_3, "frame.pair.3", OPERATIONS, pair_3);

static void pair_9(void)
{
    for (unsigned int i = 0; i < OPERATIONS; i++)
        buddy_free(buddy_alloc(9, 0), 9);
}

static bool has_large_block(void)
{
    phys_t block = buddy_alloc(9, 0);
    if (!phys_is_valid(block))
        return false;
    buddy_free(block, 9);
    return true;
}
BENCH_WITH(frame_pair_9, "frame.pair.9", OPERATIONS, has_large_block, pair_9, NULL);

static void take_and_give(unsigned int count)
{
    for (unsigned int i = 0; i < count; i++)
        pages[i] = frame_alloc();
    for (unsigned int i = 0; i < count; i++)
        frame_free(pages[i]);
}

static bool has_enough(void)
{
    return buddy_free_frames() > 2 * MANY;
}

static void batch(void)
{
    take_and_give(OPERATIONS);
}
BENCH_WITH(frame_batch, "frame.batch.1000", OPERATIONS, has_enough, batch, NULL);

static void large_batch(void)
{
    take_and_give(MANY);
}
BENCH_WITH(frame_large_batch, "frame.batch.10000", MANY, has_enough, large_batch, NULL);
