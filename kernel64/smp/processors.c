/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The start of the other processors, and shrinkers for the caches of all: before an allocation fails,
 * cross-calls drain the frames and objects that other CPUs cache. An idle CPU would never drain its own.
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

uint64_t processors_drain_frames(uint64_t frames)
{
    return frame_cache_collect(ipi_call_all, frames);
}

static uint64_t drain_frames(struct shrinker *shrinker, uint64_t frames)
{
    (void)shrinker;
    return processors_drain_frames(frames);
}

/* The other CPUs' magazines are collected one cache after the other, so that no CPU disables interrupts for
   long. */
static uint64_t collect_objects(struct shrinker *shrinker, uint64_t frames)
{
    (void)shrinker;
    uint64_t given = slab_collect(ipi_call_all, frames);
    frame_cache_drain(); /* where single frames went */
    return given;
}

static struct shrinker collect = { .name = "CPUs' objects", .cost = 2, .shrink = collect_objects };
static struct shrinker drain = { .name = "CPUs' caches", .cost = 1, .shrink = drain_frames };

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
