/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The allocators' rows of bench_slab.c and bench_frames.c on all CPUs at once.
 *
 * The operations of a row are divided among the CPUs, so their number does not depend on the number of
 * CPUs, and a row is the total cost of an operation: flat is ideal where the host has fewer processors than
 * the machine, and under -icount, where the CPUs take turns. CPUs that finish early halt; the last one
 * wakes the first CPU, so that waiting costs nothing.
 */
#include <ashlar/bench.h>

#include <ashlar/check.h>

#include <ashlar/mm/buddy.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/slab.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/irqflags.h>
#include <cpu/insn.h>
#include <cpu/wait.h>
#include <smp/idle.h>
#include <smp/ipi.h>

#define OPERATIONS  512000
#define BATCH       1000
#define BULK        64
#define FRAMES      4000 /* four times what a CPU's frame cache holds */
#define BLOCKS      64   /* sixteen times what a CPU's block cache holds of an order */
#define BLOCK_ORDER 4

/* One CPU's. */
struct share {
    struct work work;
    void *objects[FRAMES];
    uint64_t random;
};

static struct share *shares; /* by CPU */
static unsigned int cpus;
static unsigned int left; /* atomic: CPUs that are not done */
static struct slab_cache *cache;

typedef void row_fn(struct share *share, unsigned int operations);
static row_fn *row;

/* Not known when compiling. */
static volatile size_t size = 64;

/* ---- all at once ---- */

static void do_share(void *argument)
{
    row(argument, OPERATIONS / cpus);
    if (__atomic_sub_fetch(&left, 1, __ATOMIC_ACQ_REL) == 0)
        ipi_wake(0);
}

static void wait_for_all(void)
{
    local_irq_disable();
    while (__atomic_load_n(&left, __ATOMIC_ACQUIRE) > 0) {
        cpu_interrupts_on_and_halt();
        local_irq_disable();
    }
    local_irq_enable();
    /* The idle loops mark their work a moment later; until then it is theirs. */
    for (unsigned int cpu = 1; cpu < cpus; cpu++)
        while (!work_is_done(&shares[cpu].work))
            cpu_relax();
}

static void run_row(row_fn *function)
{
    row = function;
    __atomic_store_n(&left, cpus, __ATOMIC_RELEASE);
    for (unsigned int cpu = 1; cpu < cpus; cpu++)
        VERIFY(idle_queue_work(cpu, &shares[cpu].work));
    do_share(&shares[0]);
    wait_for_all();
}

static bool make_shares(void)
{
    cpus = percpu_count();
    /* A batch of each has to be in its share. */
    if (cpus < 2 || ipi_online_count() != cpus || OPERATIONS / cpus < BATCH)
        return false;
    shares = kcalloc(cpus, sizeof(*shares));
    for (unsigned int cpu = 0; shares && cpu < cpus; cpu++) {
        shares[cpu].work = (struct work){ .run = do_share, .argument = &shares[cpu] };
        shares[cpu].random = cpu;
    }
    return shares != NULL;
}

static void end_shares(void)
{
    kfree(shares);
}

#define ROW(word, name, function, prepare, end)                                                              \
    static void run_##function(void)                                                                         \
    {                                                                                                        \
        run_row(function);                                                                                   \
    }                                                                                                        \
    BENCH_WITH(word, name, OPERATIONS, prepare, run_##function, end)

/* What giving out the shares and waiting for them costs, which is in each row. */
static void nothing(struct share *share, unsigned int operations)
{
    (void)share;
    (void)operations;
}
ROW(scale_nothing, "scale.nothing", nothing, make_shares, end_shares);

/* ---- objects ---- */

static void kmalloc_pairs(struct share *share, unsigned int operations)
{
    size_t bytes = size;
    (void)share;
    for (; operations > 0; operations--)
        kfree(kmalloc(bytes));
}
ROW(scale_kmalloc_pair_64, "scale.kmalloc.pair.64", kmalloc_pairs, make_shares, end_shares);

static void kmalloc_batches(struct share *share, unsigned int operations)
{
    size_t bytes = size;
    for (unsigned int done = 0; done < operations; done += BATCH) {
        for (unsigned int i = 0; i < BATCH; i++)
            share->objects[i] = kmalloc(bytes);
        for (unsigned int i = 0; i < BATCH; i++)
            kfree(share->objects[i]);
    }
}
ROW(scale_kmalloc_batch_64, "scale.kmalloc.batch.64", kmalloc_batches, make_shares, end_shares);

static void end_cache(void)
{
    (void)!slab_cache_destroy(cache);
    end_shares();
}

static bool make_cache(void)
{
    if (!make_shares())
        return false;
    cache = slab_cache_create("bench", 64, 0, NULL);
    if (!cache)
        end_shares();
    return cache != NULL;
}

static void cache_pairs(struct share *share, unsigned int operations)
{
    (void)share;
    for (; operations > 0; operations--)
        slab_free(cache, slab_alloc(cache));
}
ROW(scale_cache_pair_64, "scale.cache.pair.64", cache_pairs, make_cache, end_cache);

static void bulk_pairs(struct share *share, unsigned int operations)
{
    for (unsigned int done = 0; done < operations; done += BULK)
        slab_free_bulk(cache, share->objects, slab_alloc_bulk(cache, share->objects, BULK));
}
ROW(scale_bulk_64, "scale.bulk.64", bulk_pairs, make_cache, end_cache);

/* ---- random sizes ---- */

static void replace_objects(struct share *share, unsigned int operations)
{
    for (unsigned int i = 0; i < operations; i++) {
        share->random = share->random * 6364136223846793005u + 1442695040888963407u;
        uint32_t random = (uint32_t)(share->random >> 32);
        void **object = &share->objects[(uint64_t)random * BATCH >> 32];
        kfree(*object);
        *object = kmalloc(16 + ((random & 0xffff) * (4096 - 16 + 1) >> 16));
    }
}

static void fill_objects(struct share *share, unsigned int operations)
{
    (void)operations;
    for (unsigned int i = 0; i < BATCH; i++)
        share->objects[i] = kmalloc(16 + i * 4080 / BATCH);
}

static bool make_filled(void)
{
    if (!make_shares())
        return false;
    run_row(fill_objects);
    return true;
}

static void free_objects(struct share *share, unsigned int operations)
{
    (void)operations;
    for (unsigned int i = 0; i < BATCH; i++)
        kfree(share->objects[i]);
}

static void end_filled(void)
{
    run_row(free_objects);
    end_shares();
}
ROW(scale_random, "scale.random.16-4096", replace_objects, make_filled, end_filled);

/* ---- frames ---- */

static void frame_pairs(struct share *share, unsigned int operations)
{
    (void)share;
    for (; operations > 0; operations--)
        frame_free(frame_alloc());
}
ROW(scale_frame_pair_0, "scale.frame.pair.0", frame_pairs, make_shares, end_shares);

static void block_pairs(unsigned int order, unsigned int operations)
{
    for (; operations > 0; operations--)
        buddy_free(buddy_alloc(order, 0), order);
}

static void order_3_pairs(struct share *share, unsigned int operations)
{
    (void)share;
    block_pairs(3, operations);
}
ROW(scale_frame_pair_3, "scale.frame.pair.3", order_3_pairs, make_shares, end_shares);

static bool has_large_blocks(void)
{
    return buddy_free_frames() > (uint64_t)percpu_count() * 1024 && make_shares();
}

static void order_9_pairs(struct share *share, unsigned int operations)
{
    (void)share;
    block_pairs(9, operations);
}
ROW(scale_frame_pair_9, "scale.frame.pair.9", order_9_pairs, has_large_blocks, end_shares);

static bool has_many_frames(void)
{
    return buddy_free_frames() > (uint64_t)percpu_count() * 2 * BATCH && make_shares();
}

static void frame_batches(struct share *share, unsigned int operations)
{
    for (unsigned int done = 0; done < operations; done += BATCH) {
        for (unsigned int i = 0; i < BATCH; i++)
            share->objects[i] = frame_alloc();
        for (unsigned int i = 0; i < BATCH; i++)
            frame_free(share->objects[i]);
    }
}
ROW(scale_frame_batch, "scale.frame.batch.1000", frame_batches, has_many_frames, end_shares);

/*
 * More than the caches hold: three frames of four, and nearly all blocks, are allocated from and freed to
 * the buddy allocator. A request that fails meanwhile counts as an operation; there is enough memory for
 * all CPUs at once.
 */
static bool has_more_frames(void)
{
    return buddy_free_frames() > (uint64_t)percpu_count() * 2 * FRAMES &&
           OPERATIONS / percpu_count() >= FRAMES && make_shares();
}

static void frame_overflows(struct share *share, unsigned int operations)
{
    for (unsigned int done = 0; done < operations; done += FRAMES) {
        for (unsigned int i = 0; i < FRAMES; i++)
            share->objects[i] = frame_alloc();
        for (unsigned int i = 0; i < FRAMES; i++)
            if (share->objects[i])
                frame_free(share->objects[i]);
    }
}
ROW(scale_frame_overflow, "scale.frame.batch.4000", frame_overflows, has_more_frames, end_shares);

static void block_overflows(struct share *share, unsigned int operations)
{
    phys_t *blocks = (phys_t *)(void *)share->objects;
    for (unsigned int done = 0; done < operations; done += BLOCKS) {
        for (unsigned int i = 0; i < BLOCKS; i++)
            blocks[i] = buddy_alloc(BLOCK_ORDER, 0);
        for (unsigned int i = 0; i < BLOCKS; i++)
            if (phys_is_valid(blocks[i]))
                buddy_free(blocks[i], BLOCK_ORDER);
    }
}
ROW(scale_block_overflow, "scale.block.batch.64", block_overflows, has_more_frames, end_shares);
