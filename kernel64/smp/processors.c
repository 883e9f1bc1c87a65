/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What smp needs of rooms that stand above it, what irq needs of smp: to serve others while it waits; and
 * what the allocators need of it: the frames and objects that other CPUs keep in their caches. Those that are
 * idle would keep them for ever.
 */
#include <smp/processors.h>

#include <ashlar/mm/buddy.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/shrink.h>
#include <ashlar/mm/slab.h>
#include <irq/lapic.h>
#include <irq/line.h>
#include <platform/platform.h>
#include <smp/ipi.h>
#include <smp/machine_checks.h>
#include <smp/start.h>

static void give_frames_back(void *argument)
{
    (void)argument;
    frame_cache_drain();
}

/* Giving frames back takes the frame allocator's lock, whose waiters do not poll calls. The caller holds no
   lock whose waiters do not (ashlar/sync/spinlock.h). */
static uint64_t drain_all(struct shrinker *shrinker, uint64_t frames)
{
    struct buddy_stats before;
    (void)shrinker;
    (void)frames;
    buddy_stats(BUDDY_ANY_NODE, &before);
    ipi_call_all(give_frames_back, NULL);
    return before.cached;
}

/* Theirs are handed over one cache after the other, so that no CPU has its interrupts off for long. */
static uint64_t collect_objects(struct shrinker *shrinker, uint64_t frames)
{
    (void)shrinker;
    uint64_t given = slab_collect(ipi_call_all, frames);
    frame_cache_drain(); /* where single frames went */
    return given;
}

static struct shrinker collect = { .name = "CPUs' objects", .cost = 2, .shrink = collect_objects };
static struct shrinker drain = { .name = "CPUs' caches", .cost = 1, .shrink = drain_all };

void processors_start(void)
{
    if (lapic_mode() != LAPIC_NONE)
        buddy_set_cpu_node(0, platform_node_of(lapic_id()));
    smp_start();
    machine_checks_watch();
    if (percpu_count() == 1)
        return;
    shrinker_add(&drain);
    shrinker_add(&collect);
}
