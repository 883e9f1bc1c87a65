/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The worst case for a caller of the allocators, beside the usual case of the other benchmarks: the longest
 * single call, and the longest stretch with interrupts off.
 *
 * The longest call is found by timing each one, in phases that fill depots, leave them full of unneeded
 * objects, mix sizes, and use up all memory. A stretch with interrupts off is measured by a timer that fires
 * every few microseconds and is delayed by it. A figure is the LATEST-th longest delay, because handlers of
 * other timers run in between, less the delay in an empty loop. Under -icount shift=0 a tick of the
 * time-stamp counter is a nanosecond and an instruction; elsewhere the figures mean little.
 */
#include <ashlar/bench.h>
#include <ashlar/bits.h>
#include <ashlar/hw/paging.h>
#include <ashlar/layout.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/paging.h>
#include <ashlar/mm/port.h>
#include <ashlar/mm/slab.h>
#include <ashlar/mm/vrange.h>
#include <ashlar/sync/irqflags.h>

#include <cpu/insn.h>
#include <time/clock.h>
#include <time/timer.h>

#define OBJECTS_MOST 200000u
#define LIVE         2000u

/* Not a multiple of any count below. */
#define PERIOD_NS 7013

static void **objects;
static unsigned int object_count;

static void end(void)
{
    kfree(objects);
    objects = NULL;
}

/* Of 64 bytes each they take at most a quarter of memory. */
static bool prepare(void)
{
    uint64_t most = buddy_free_frames() * PAGE_SIZE / 4 / 72;
    object_count = most < OBJECTS_MOST ? (unsigned int)most : OBJECTS_MOST;
    objects = kmalloc(OBJECTS_MOST * sizeof(*objects));
    return objects && object_count >= LIVE;
}

/* ---- single calls ---- */

struct worst {
    uint64_t alloc, free;
};

static void *timed_alloc(struct worst *worst, size_t size)
{
    uint64_t begin = cpu_read_tsc();
    void *object = kmalloc(size);
    uint64_t ticks = cpu_read_tsc() - begin;
    if (ticks > worst->alloc)
        worst->alloc = ticks;
    return object;
}

static void timed_free(struct worst *worst, void *object)
{
    uint64_t begin = cpu_read_tsc();
    kfree(object);
    uint64_t ticks = cpu_read_tsc() - begin;
    if (ticks > worst->free)
        worst->free = ticks;
}

static unsigned int take_all(struct worst *worst, size_t size, unsigned int most)
{
    unsigned int count = 0;
    while (count < most && (objects[count] = timed_alloc(worst, size)) != NULL)
        count++;
    return count;
}

static void up_and_down(struct worst *worst, size_t size, unsigned int most)
{
    unsigned int count = take_all(worst, size, most);
    for (unsigned int i = 0; i < count; i++)
        timed_free(worst, objects[i]);
}

static void many(struct worst *worst)
{
    up_and_down(worst, 64, object_count);
    up_and_down(worst, 1024, object_count / 16);
}

/* What the depot kept of the many is trimmed meanwhile. */
static void some_after_many(struct worst *worst)
{
    up_and_down(worst, 64, object_count);
    for (unsigned int round = 0; round < 3000; round++)
        up_and_down(worst, 64, 600);
}

static void mixed(struct worst *worst)
{
    uint64_t random = 1;
    for (unsigned int i = 0; i < LIVE; i++)
        objects[i] = NULL;
    for (unsigned int i = 0; i < 100 * LIVE; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        void **object = &objects[(random >> 33) % LIVE];
        if (*object) {
            timed_free(worst, *object);
            *object = NULL;
        } else {
            *object = timed_alloc(worst, ((random >> 20) % 8000) >> (random >> 10) % 9);
        }
    }
    for (unsigned int i = 0; i < LIVE; i++)
        kfree(objects[i]);
}

static void blocks(struct worst *worst)
{
    for (unsigned int i = 0; i < 100; i++)
        up_and_down(worst, KMALLOC_SLAB_MAX * 2u << i % 9, 1);
}

/* Requests that are refused after the caches have returned all they can, which the first one causes. */
static void refused(struct worst *worst)
{
    struct worst unused = { 0, 0 };
    unsigned int count = take_all(&unused, 8192, OBJECTS_MOST);
    for (unsigned int i = 0; i < 100; i++)
        (void)!timed_alloc(worst, 8192);
    for (unsigned int i = 0; i < count; i++)
        timed_free(worst, objects[i]);
}

/* The first request that finds no memory while the caches keep much of it, and those that follow: one of them
   at least has it all given back. Without a gate: the cost grows with what is kept. */
static void reclaimed(struct worst *worst)
{
    struct worst unused = { 0, 0 };
    up_and_down(&unused, 64, object_count);
    up_and_down(&unused, 1024, object_count / 16);
    unsigned int count = take_all(worst, 8192, OBJECTS_MOST);
    for (unsigned int i = 0; i < count; i++)
        timed_free(worst, objects[i]);
}

typedef void phase_fn(struct worst *worst);

static unsigned int worst_of_each(phase_fn *const *phases, unsigned int count, bool is_alloc,
                                  uint64_t *values)
{
    irq_flags_t state = local_irq_save();
    for (unsigned int i = 0; i < count; i++) {
        struct worst worst = { 0, 0 };
        phases[i](&worst);
        values[i] = is_alloc ? worst.alloc : worst.free;
    }
    local_irq_restore(state);
    end();
    return count;
}

static phase_fn *const usual[] = { many, some_after_many, mixed }, *const large[] = { blocks },
                       *const short_of_memory[] = { reclaimed }, *const last[] = { refused };

static unsigned int worst_alloc(uint64_t *values, unsigned int capacity)
{
    (void)capacity;
    return worst_of_each(usual, ARRAY_LEN(usual), true, values);
}
BENCH_COLLECTS(worst_1_kmalloc, "worst.kmalloc", "tsc", prepare, worst_alloc);

static unsigned int worst_free(uint64_t *values, unsigned int capacity)
{
    (void)capacity;
    return worst_of_each(usual, ARRAY_LEN(usual), false, values);
}
BENCH_COLLECTS(worst_2_kfree, "worst.kfree", "tsc", prepare, worst_free);

static unsigned int worst_block(uint64_t *values, unsigned int capacity)
{
    (void)capacity;
    return worst_of_each(large, ARRAY_LEN(large), true, values);
}
BENCH_COLLECTS(worst_3_block, "worst.kmalloc.block", "tsc", prepare, worst_block);

static unsigned int worst_reclaim(uint64_t *values, unsigned int capacity)
{
    (void)capacity;
    return worst_of_each(short_of_memory, ARRAY_LEN(short_of_memory), true, values);
}
BENCH_COLLECTS(worst_6_reclaim, "worst.kmalloc.reclaim", "tsc", prepare, worst_reclaim);

/* The last of all: magazines and frame caches are not what they were before. */
static unsigned int worst_refused(uint64_t *values, unsigned int capacity)
{
    (void)capacity;
    return worst_of_each(last, ARRAY_LEN(last), true, values);
}
BENCH_COLLECTS(worst_7_refused, "worst.kmalloc.refused", "tsc", prepare, worst_refused);

/* ---- interrupts off ---- */

/* How many of the latest times are kept; the last of them is the figure. */
#define LATEST 4

/* In ticks: the clock may be set right meanwhile. Latest first. */
static uint64_t due, latest[LATEST];

static void arm(struct timer *timer)
{
    uint64_t now_ns = clock_now_ns();
    due = cpu_read_tsc() + PERIOD_NS;
    timer_arm(timer, now_ns + PERIOD_NS);
}

static void note_late(struct timer *timer, void *context)
{
    uint64_t now = cpu_read_tsc(), late = now > due ? now - due : 0;
    (void)context;
    for (unsigned int i = 0; i < LATEST; i++) {
        uint64_t other = latest[i];
        if (late > other) {
            latest[i] = late;
            late = other;
        }
    }
    arm(timer);
}

static uint64_t late_while(void (*run)(void))
{
    struct timer timer;
    for (unsigned int i = 0; i < LATEST; i++)
        latest[i] = 0;
    timer_init(&timer, note_late, NULL);
    arm(&timer);
    run();
    timer_cancel_wait(&timer);
    return latest[LATEST - 1];
}

static void nothing(void)
{
    for (volatile unsigned int i = 0; i < 100000; i++)
        ;
}

static void come_and_go(size_t size, unsigned int most)
{
    struct worst unused = { 0, 0 };
    for (unsigned int round = 0; round < 3; round++) {
        up_and_down(&unused, size, most);
        for (unsigned int i = 0; i < 600; i++)
            up_and_down(&unused, size, 300);
        slab_reap();
    }
}

static void small_objects(void)
{
    come_and_go(64, object_count / 2);
}

static void large_objects(void)
{
    come_and_go(1024, object_count / 32);
}

/* From the smallest that there is to one that begins and ends several page tables. */
static void memory_ranges(void)
{
    static const uint64_t sizes[] = { PAGE_SIZE, 17 * PAGE_SIZE, MIB(2) + PAGE_SIZE, MIB(4) };
    for (unsigned int i = 0; i < 160; i++) {
        void *range;
        if (vrange_map_memory(sizes[i % ARRAY_LEN(sizes)], VRANGE_MEMORY, "bench", &range) == STATUS_OK)
            vrange_unmap(range);
    }
}

/* In small pages, and in large ones with small ones at both ends, up to several page directories. Nothing is
   read there. */
static void device_ranges(void)
{
    static const struct {
        uint64_t address, size_bytes;
    } devices[] = {
        { 0x10000001000, MIB(64) + 0x2000 },
        { 0x10000000000 - 0x1000, MIB(64) + 0x2000 },
        { 0x10000000000, PAGE_SIZE },
        { 0x10000000000 - 0x1000, GIB(2) + 0x2000 },
    };
    for (unsigned int i = 0; i < 100; i++) {
        void *range;
        if (vrange_map_device(phys(devices[i % 4].address), devices[i % 4].size_bytes, PAGE_UNCACHED, "bench",
                              &range) == STATUS_OK)
            vrange_unmap(range);
    }
}

static phys_t take_table(void)
{
    void *frame = frame_alloc();
    return frame ? port_phys(frame) : PHYS_INVALID;
}

static void give_table(phys_t table)
{
    frame_free(port_pointer(table));
}

static void map_and_unmap(struct paging *tree, uint64_t at, uint64_t size_bytes)
{
    if (paging_map(tree, virt(at), phys(0), size_bytes, PAGE_WRITE) == STATUS_OK)
        (void)!paging_unmap(tree, virt(at), size_bytes);
}

/* Splits a huge page and a large one, and merges both again. */
static void protect_and_back(struct paging *tree, uint64_t at)
{
    if (paging_protect(tree, virt(at), PAGE_SIZE, 0) == STATUS_OK)
        (void)!paging_protect(tree, virt(at), PAGE_SIZE, PAGE_WRITE);
}

/* In a tree that no CPU walks: ranges that begin and end tables at all levels, one or two at each, and
   changes of a page of each size. */
static void page_tables(void)
{
    struct paging tree = { .has_nx = true, .has_huge_pages = true, .take = take_table, .give = give_table };
    if (paging_init(&tree) != STATUS_OK)
        return;
    const uint64_t half = USER_HALF_END / 2, huge = VRANGE_START;
    for (unsigned int i = 0; i < 500; i++) {
        map_and_unmap(&tree, half, PAGE_SIZE);
        map_and_unmap(&tree, half - 8 * PAGE_SIZE, 16 * PAGE_SIZE);
        map_and_unmap(&tree, half + MIB(2) - PAGE_SIZE, 16 * PAGE_SIZE);
        map_and_unmap(&tree, half - MIB(16), MIB(32));
    }
    for (unsigned int i = 0; i < 500; i++) {
        if (paging_map(&tree, virt(huge), phys(0), GIB(1), PAGE_WRITE) != STATUS_OK)
            break;
        protect_and_back(&tree, huge + GIB(1) - PAGE_SIZE);
        /* Unmapping splits, too; the hole is closed again for the merge. */
        if (paging_unmap(&tree, virt(huge + MIB(1)), PAGE_SIZE) == STATUS_OK &&
            paging_map(&tree, virt(huge + MIB(1)), phys(MIB(1)), PAGE_SIZE, PAGE_WRITE) == STATUS_OK)
            protect_and_back(&tree, huge + MIB(1));
        (void)!paging_unmap(&tree, virt(huge), GIB(1));
    }
    paging_end(&tree);
}

/* Past the caches, so that each request and each free is one of the buddy allocator's. The first time, most
   of memory has no descriptors yet. */
static void frames_of_each_order(void)
{
    unsigned int limit = frame_cache_limit();
    frame_cache_set_limit(0);
    for (unsigned int order = 0; order <= 10; order++) {
        phys_t *blocks = (phys_t *)objects;
        unsigned int count = 0;
        while (count < OBJECTS_MOST && (blocks[count] = buddy_alloc(order, 0), phys_is_valid(blocks[count])))
            count++;
        for (unsigned int i = 0; i < count; i++)
            buddy_free(blocks[i], order);
    }
    frame_cache_set_limit(limit);
}

static void large_blocks(void)
{
    for (unsigned int i = 0; i < 100; i++)
        kfree(kmalloc(16 << 20));
}

typedef void stretch_fn(void);

static unsigned int latest_of_each(stretch_fn *const *stretches, unsigned int count, uint64_t *values)
{
    uint64_t always = late_while(nothing);
    for (unsigned int i = 0; i < count; i++) {
        uint64_t late = late_while(stretches[i]);
        values[i] = late > always ? late - always : 0;
    }
    end();
    return count;
}

static stretch_fn *const of_frames[] = { frames_of_each_order };
static stretch_fn *const of_objects[] = { small_objects, large_objects }, *const of_blocks[] = {
    large_blocks
};
static stretch_fn *const of_ranges[] = { memory_ranges, device_ranges, page_tables };

/* The first of all: descriptors stay. */
static unsigned int off_for_frames(uint64_t *values, unsigned int capacity)
{
    (void)capacity;
    return latest_of_each(of_frames, ARRAY_LEN(of_frames), values);
}
BENCH_COLLECTS(worst_0_frames, "worst.interrupts_off.frames", "tsc", prepare, off_for_frames);

static unsigned int off_for_objects(uint64_t *values, unsigned int capacity)
{
    (void)capacity;
    return latest_of_each(of_objects, ARRAY_LEN(of_objects), values);
}
BENCH_COLLECTS(worst_4_objects, "worst.interrupts_off.objects", "tsc", prepare, off_for_objects);

static unsigned int off_for_blocks(uint64_t *values, unsigned int capacity)
{
    (void)capacity;
    return latest_of_each(of_blocks, ARRAY_LEN(of_blocks), values);
}
BENCH_COLLECTS(worst_4_blocks, "worst.interrupts_off.blocks", "tsc", prepare, off_for_blocks);

static unsigned int off_for_ranges(uint64_t *values, unsigned int capacity)
{
    (void)capacity;
    return latest_of_each(of_ranges, ARRAY_LEN(of_ranges), values);
}
BENCH_COLLECTS(worst_5_ranges, "worst.interrupts_off.ranges", "tsc", prepare, off_for_ranges);
