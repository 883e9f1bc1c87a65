/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A machine for tests of the slab allocator: buddy_machine.h's, with the slab allocator on it, and the
 * question whether everything was freed. One test program has one.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/slab.h>

#include "buddy_machine.h"

void port_flush(virt_t virt, uint64_t size_bytes)
{
    (void)virt;
    (void)size_bytes;
}

/* Frames that are free or hold the buddy allocator's own tables, which it keeps. */
static uint64_t frames_at_start;

static uint64_t frames_now(void)
{
    struct buddy_stats stats;
    buddy_stats(BUDDY_ANY_NODE, &stats);
    return buddy_free_frames() + stats.metadata;
}

static void start_on(bool is_checked, unsigned int cpus)
{
    hosted_cpu = 0;
    hosted_cpu_count = cpus;
    hosted_wrong_count = 0;
    hosted_wrong_expected = false;
    slab_checks_new_caches = is_checked;
    assert_int_equal(machine_start(), STATUS_OK);
    assert_int_equal(slab_init(), STATUS_OK);
    assert_int_equal(kmalloc_init(), STATUS_OK);
    slab_reap();
    frames_at_start = frames_now();
}

static UNUSED void start(bool is_checked)
{
    machine_pc(MIB(64));
    start_on(is_checked, 1);
}

static UNUSED struct slab_stats stats_of(const char *name)
{
    struct slab_stats stats;
    for (size_t cursor = 0; slab_next_stats(&cursor, &stats);)
        if (strcmp(stats.name, name) == 0)
            return stats;
    fail_msg("there is no cache %s", name);
    return stats;
}

static UNUSED void expect_all_free(void)
{
    struct slab_stats stats;
    slab_reap();
    for (size_t cursor = 0; slab_next_stats(&cursor, &stats);) {
        if (strcmp(stats.name, "slab-cache") == 0 || strcmp(stats.name, "slab-quarantine") == 0)
            continue;
        if (stats.in_use != 0 || stats.cached != 0 || stats.slabs != 0)
            fail_msg("%s: %lu slabs, %lu in use, %lu cached", stats.name, stats.slabs, stats.in_use,
                     stats.cached);
    }
    assert_int_equal(kmalloc_blocks().blocks, 0);
    frame_cache_drain();
    assert_int_equal(frames_now(), frames_at_start);
}
