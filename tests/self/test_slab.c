/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slab allocator on this machine: objects of all sizes, live at once, keep their content, and all
 * memory is freed. Each test tolerates failing allocations, for `test -f`.
 */
#include <ashlar/bits.h>
#include <ashlar/ktest.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/fault.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/shrink.h>
#include <ashlar/mm/slab.h>

#include <log/log.h>

#include "on_every_cpu.h"

#define OBJECTS 1500

static struct {
    uint8_t *start;
    size_t size;
} objects[OBJECTS];

/* Sizes from nothing to some pages, more of the small ones. */
static size_t size_of(unsigned int i)
{
    return (i * 2654435761u >> 7) % (i % 16 == 0 ? 40000 : 1 + i % 8 * 300);
}

static uint8_t mark_of(unsigned int i)
{
    return (uint8_t)(i * 37 + 11);
}

static void take(unsigned int i)
{
    objects[i].size = size_of(i);
    objects[i].start = kmalloc(objects[i].size);
    for (size_t n = 0; objects[i].start && n < objects[i].size; n++)
        objects[i].start[n] = mark_of(i);
}

/* Return: whether no other user wrote to it. */
static bool give(unsigned int i)
{
    bool is_intact = true;
    for (size_t n = 0; objects[i].start && n < objects[i].size; n++)
        is_intact &= objects[i].start[n] == mark_of(i);
    kfree(objects[i].start);
    objects[i].start = NULL;
    return is_intact;
}

KTEST(slab, live_objects_never_overlap)
{
    for (unsigned int i = 0; i < OBJECTS; i++)
        take(i);
    for (unsigned int i = 0; i < OBJECTS; i += 2)
        EXPECT(give(i));
    for (unsigned int i = 0; i < OBJECTS; i += 2)
        take(i);
    unsigned int count = 0;
    for (unsigned int i = 0; i < OBJECTS; i++) {
        count += objects[i].start != NULL;
        EXPECT(give(i));
    }
    EXPECT(count == OBJECTS);
}

static uint64_t in_use(void)
{
    struct slab_stats stats;
    uint64_t count = 0;
    for (size_t cursor = 0; slab_next_stats(&cursor, &stats);)
        count += stats.in_use;
    return count;
}

KTEST(slab, a_cache_is_created_and_destroyed)
{
    void *taken[300];
    slab_reap(); /* magazines are objects of a cache, too */
    uint64_t before = in_use();
    struct slab_cache *cache = slab_cache_create("test", 120, 32, NULL);
    ASSERT_THAT(cache != NULL);
    size_t count = slab_alloc_bulk(cache, taken, ARRAY_LEN(taken));
    EXPECT(count == ARRAY_LEN(taken));
    for (size_t i = 0; i < count; i++) {
        EXPECT(is_aligned((uintptr_t)taken[i], 32));
        *(void **)taken[i] = taken[i];
    }
    for (size_t i = 0; i < count; i++)
        EXPECT(*(void **)taken[i] == taken[i]);
    slab_free_bulk(cache, taken, count);
    EXPECT(slab_cache_destroy(cache) == STATUS_OK);
    slab_reap();
    EXPECT(in_use() == before);
}

KTEST(slab, krealloc_keeps_the_content)
{
    uint64_t *grown = NULL;
    for (size_t words = 1; words < 20000; words = words * 3 + 1) {
        uint64_t *moved = krealloc(grown, words * sizeof(*moved));
        if (!moved)
            break;
        grown = moved;
        grown[words - 1] = words;
        for (size_t earlier = 1; earlier <= words; earlier = earlier * 3 + 1)
            EXPECT(grown[earlier - 1] == earlier);
    }
    EXPECT(grown != NULL);
    kfree(grown);
}

/* Free ones and the buddy allocator's own, which a first split makes of free ones. */
static uint64_t frames(void)
{
    struct buddy_stats stats;
    buddy_stats(BUDDY_ANY_NODE, &stats);
    return buddy_free_frames() + stats.metadata;
}

KTEST(slab, all_memory_can_be_allocated_as_objects_and_freed)
{
    void **chain = NULL, **next;
    slab_reap();
    uint64_t before = frames(), count = 0;
    /* Terabytes are tried hosted. */
    while (count < MIB(256) / 4096 && (next = kmalloc(4096)) != NULL) {
        *next = chain;
        chain = next;
        count++;
    }
    EXPECT(count > 0);
    for (; chain; chain = next) {
        next = *chain;
        kfree(chain);
    }
    slab_reap();
    EXPECT(frames() == before);
}

KTEST(slab, the_first_request_fails_if_so_planned)
{
    struct fault_plan plan = { .nth = 1 };
    if (fault_is_armed)
        SKIP_TEST("failures are being injected already");
    fault_arm(&plan);
    void *first = kmalloc(64), *second = kmalloc(64);
    fault_arm(NULL);
    EXPECT(first == NULL && second != NULL);
    kfree(first);
    kfree(second);
}

/* ---- what idle CPUs keep ---- */

static void keep_objects(void *argument)
{
    void *kept[32];
    (void)argument;
    for (size_t size = 16; size <= KMALLOC_SLAB_MAX; size *= 2) {
        unsigned int count = 0;
        while (count < ARRAY_LEN(kept) && (kept[count] = kmalloc(size)) != NULL)
            count++;
        while (count > 0)
            kfree(kept[--count]);
    }
}

static uint64_t bytes_kept(void)
{
    struct slab_stats stats;
    uint64_t bytes = 0;
    for (size_t cursor = 0; slab_next_stats(&cursor, &stats);)
        bytes += stats.cached * stats.stride;
    return bytes;
}

/* Before an allocation fails, all are called; none of them enters a slow path by itself. */
KTEST(slab, objects_cached_by_idle_cpus_are_reclaimed_when_memory_is_short)
{
    NEEDS_TWO();
    on_every_cpu(0, keep_objects, NULL);
    uint64_t before = bytes_kept();
    shrink_memory(UINT32_MAX); /* more than there is, so that all shrinkers are called */
    log_info("test", "bytes of free objects in magazines: %lu, then %lu", before, bytes_kept());
    EXPECT(before > 0);
    EXPECT(bytes_kept() == 0);
}
