/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cost of objects: one at a time, a thousand before the first is freed, several at once, and random
 * sizes with a thousand live.
 */
#include <ashlar/bench.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/slab.h>

#define OPERATIONS 1000
#define BULK       64

static void *objects[OPERATIONS];
static struct slab_cache *cache;

/* Not known when compiling. */
static volatile size_t size = 64;

static void kmalloc_pair(void)
{
    size_t bytes = size;
    for (unsigned int i = 0; i < OPERATIONS; i++)
        kfree(kmalloc(bytes));
}
BENCH(slab_kmalloc_pair_64, "slab.kmalloc.pair.64", OPERATIONS, kmalloc_pair);

static void kmalloc_batch(void)
{
    size_t bytes = size;
    for (unsigned int i = 0; i < OPERATIONS; i++)
        objects[i] = kmalloc(bytes);
    for (unsigned int i = 0; i < OPERATIONS; i++)
        kfree(objects[i]);
}
BENCH(slab_kmalloc_batch_64, "slab.kmalloc.batch.64", OPERATIONS, kmalloc_batch);

static bool make_cache(void)
{
    cache = slab_cache_create("bench", 64, 0, NULL);
    return cache != NULL;
}

static void end_cache(void)
{
    (void)!slab_cache_destroy(cache);
}

static void cache_pair(void)
{
    for (unsigned int i = 0; i < OPERATIONS; i++)
        slab_free(cache, slab_alloc(cache));
}
BENCH_WITH(slab_cache_pair_64, "slab.cache.pair.64", OPERATIONS, make_cache, cache_pair, end_cache);

/* An operation is an object allocated and freed, 64 of them at once. */
static void bulk_pair(void)
{
    for (unsigned int i = 0; i < OPERATIONS / BULK; i++)
        slab_free_bulk(cache, objects, slab_alloc_bulk(cache, objects, BULK));
}
BENCH_WITH(slab_bulk_64, "slab.bulk.64", OPERATIONS / BULK * BULK, make_cache, bulk_pair, end_cache);

/* ---- random sizes ---- */

static uint64_t random_state = 1;

/* The generator and the choices are in the figure, here as on the machines this is compared with. */
static void replace_one(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    uint32_t random = (uint32_t)(random_state >> 32);
    void **object = &objects[(uint64_t)random * OPERATIONS >> 32];
    kfree(*object);
    *object = kmalloc(16 + ((random & 0xffff) * (4096 - 16 + 1) >> 16));
}

static void random_sizes(void)
{
    for (unsigned int i = 0; i < OPERATIONS; i++)
        replace_one();
}

static void free_all(void)
{
    for (unsigned int i = 0; i < OPERATIONS; i++) {
        kfree(objects[i]);
        objects[i] = NULL;
    }
}

static bool fill_all(void)
{
    for (unsigned int i = 0; i < OPERATIONS; i++) {
        objects[i] = kmalloc(16 + i * 4080 / OPERATIONS);
        if (!objects[i]) {
            free_all();
            return false;
        }
    }
    return true;
}
BENCH_WITH(slab_random, "slab.random.16-4096", OPERATIONS, fill_all, random_sizes, free_all);
