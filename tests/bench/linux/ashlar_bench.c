// SPDX-License-Identifier: BSD-2-Clause
/*
 * The rows of tests/bench/bench_frames.c, bench_slab.c and bench_time.c as a module for Linux, the peer:
 * the same loops, the same generator, rounds between two readings of the time-stamp counter, printed under
 * the same names as "ashlar_bench: NAME MINIMUM_TICKS MEDIAN_TICKS OPERATIONS".
 *
 * It runs when it is loaded, and loading fails with -EAGAIN, so that no module stays. MODULE_LICENSE
 * determines the symbols that it may use; its text is under this tree's licence.
 */
#include <linux/gfp.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sort.h>

#define ROUNDS     41
#define OPERATIONS 1000
#define MANY       10000
#define BULK       64

static void *objects[MANY];
static struct kmem_cache *cache;
static volatile size_t size = 64;

static __always_inline u64 ticks(void)
{
    u32 low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (u64)high << 32 | low;
}

/* ---- frames ---- */

static __always_inline void page_pairs(unsigned int order)
{
    unsigned int i;
    for (i = 0; i < OPERATIONS; i++)
        __free_pages(alloc_pages(GFP_KERNEL, order), order);
}

static void page_pair_0(void)
{
    page_pairs(0);
}

static void page_pair_3(void)
{
    page_pairs(3);
}

static void page_pair_9(void)
{
    page_pairs(9);
}

static __always_inline void page_batch(unsigned int count)
{
    unsigned int i;
    for (i = 0; i < count; i++)
        objects[i] = alloc_pages(GFP_KERNEL, 0);
    for (i = 0; i < count; i++)
        __free_pages(objects[i], 0);
}

static void page_batch_1000(void)
{
    page_batch(OPERATIONS);
}

static void page_batch_10000(void)
{
    page_batch(MANY);
}

/* ---- objects ---- */

static void kmalloc_pair(void)
{
    size_t bytes = size;
    unsigned int i;
    for (i = 0; i < OPERATIONS; i++)
        kfree(kmalloc(bytes, GFP_KERNEL));
}

static void kmalloc_batch(void)
{
    size_t bytes = size;
    unsigned int i;
    for (i = 0; i < OPERATIONS; i++)
        objects[i] = kmalloc(bytes, GFP_KERNEL);
    for (i = 0; i < OPERATIONS; i++)
        kfree(objects[i]);
}

static void cache_pair(void)
{
    unsigned int i;
    for (i = 0; i < OPERATIONS; i++)
        kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));
}

static void bulk_pair(void)
{
    unsigned int i;
    for (i = 0; i < OPERATIONS / BULK; i++)
        kmem_cache_free_bulk(cache, kmem_cache_alloc_bulk(cache, GFP_KERNEL, BULK, objects), objects);
}

static u64 random_state = 1;

static noinline void replace_one(void)
{
    u32 random;
    void **object;
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    random = (u32)(random_state >> 32);
    object = &objects[(u64)random * OPERATIONS >> 32];
    kfree(*object);
    *object = kmalloc(16 + ((random & 0xffff) * (4096 - 16 + 1) >> 16), GFP_KERNEL);
}

static void random_sizes(void)
{
    unsigned int i;
    for (i = 0; i < OPERATIONS; i++)
        replace_one();
}

/* ---- time ---- */

static void read_clock(void)
{
    unsigned int i;
    for (i = 0; i < OPERATIONS; i++)
        barrier_data((void *)(uintptr_t)ktime_get_ns());
}

static enum hrtimer_restart no_restart(struct hrtimer *self)
{
    return HRTIMER_NORESTART;
}

static void arm_and_cancel(void)
{
    static struct hrtimer timer;
    unsigned int i;
    hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
    timer.function = no_restart;
    for (i = 0; i < OPERATIONS; i++) {
        hrtimer_start(&timer, ms_to_ktime(3600000), HRTIMER_MODE_REL);
        hrtimer_cancel(&timer);
    }
}

static const struct {
    const char *name;
    void (*run)(void);
    unsigned int operations;
    bool keeps_objects;
} rows[] = {
    { "frame.pair.0", page_pair_0, OPERATIONS },
    { "frame.pair.3", page_pair_3, OPERATIONS },
    { "frame.pair.9", page_pair_9, OPERATIONS },
    { "frame.batch.1000", page_batch_1000, OPERATIONS },
    { "frame.batch.10000", page_batch_10000, MANY },
    { "slab.kmalloc.pair.64", kmalloc_pair, OPERATIONS },
    { "slab.cache.pair.64", cache_pair, OPERATIONS },
    { "slab.kmalloc.batch.64", kmalloc_batch, OPERATIONS },
    { "slab.bulk.64", bulk_pair, OPERATIONS / BULK *BULK },
    { "slab.random.16-4096", random_sizes, OPERATIONS, true },
    { "clock.read", read_clock, OPERATIONS },
    { "timer.arm-cancel", arm_and_cancel, OPERATIONS },
};

static int compare(const void *a, const void *b)
{
    u64 x = *(const u64 *)a, y = *(const u64 *)b;
    return x < y ? -1 : x > y;
}

static void measure(unsigned int row)
{
    u64 taken[ROUNDS];
    unsigned int round, i;
    memset(objects, 0, sizeof(objects));
    for (i = 0; rows[row].keeps_objects && i < OPERATIONS; i++)
        objects[i] = kmalloc(16 + i * 4080 / OPERATIONS, GFP_KERNEL);
    for (round = 0; round < ROUNDS; round++) {
        u64 start = ticks();
        rows[row].run();
        taken[round] = ticks() - start;
    }
    for (i = 0; rows[row].keeps_objects && i < OPERATIONS; i++)
        kfree(objects[i]);
    sort(taken, ROUNDS, sizeof(taken[0]), compare, NULL);
    pr_info("ashlar_bench: %s %llu %llu %u\n", rows[row].name, taken[0], taken[ROUNDS / 2],
            rows[row].operations);
}

static int __init run_all(void)
{
    unsigned int row;
    cache = kmem_cache_create("ashlar_bench", 64, 0, 0, NULL);
    if (!cache)
        return -ENOMEM;
    for (row = 0; row < ARRAY_SIZE(rows); row++)
        measure(row);
    kmem_cache_destroy(cache);
    return -EAGAIN;
}
module_init(run_all);
MODULE_LICENSE("Dual BSD/GPL");
