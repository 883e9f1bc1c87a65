/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A machine for tests of virtual ranges: 64 MiB of memory, as much address space, and page tables whose
 * flushes are noted, so that a page that is mapped again before its flush is seen.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/mm/fault.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/slab.h>
#include <ashlar/mm/vrange.h>

#include "buddy_machine.h"
#include "seed.h"

#define SPACE_START VRANGE_START
#define SPACE_SIZE  MIB(64)

/* Pages whose translation a CPU may still hold: mapped once, not flushed since. */
static _Atomic(uint8_t) stale[SPACE_SIZE / PAGE_SIZE];

void port_flush(virt_t virt, uint64_t size_bytes)
{
    for (uint64_t at = align_down(virt.raw, PAGE_SIZE); at < virt.raw + size_bytes; at += PAGE_SIZE)
        if (at >= SPACE_START && at < SPACE_START + SPACE_SIZE)
            stale[(at - SPACE_START) / PAGE_SIZE] = 0;
}

static phys_t take_table(void)
{
    void *frame = frame_alloc();
    return frame ? port_phys(frame) : PHYS_INVALID;
}

static void give_table(phys_t frame)
{
    frame_free(port_pointer(frame));
}

static struct paging paging;
static uint64_t frames_at_start;

/* The one segment that describes free space is an object, and its slab one more. */
static uint64_t frames_of_one_segment(void)
{
    struct slab_stats stats;
    uint64_t frames = 0;
    for (size_t cursor = 0; slab_next_stats(&cursor, &stats);) {
        if (strcmp(stats.name, "vrange") != 0 && strcmp(stats.name, "slab") != 0)
            continue;
        assert_true(stats.in_use <= 1);
        frames += stats.slabs << stats.order;
    }
    return frames;
}

static inline uint64_t frames_now(void)
{
    struct buddy_stats stats;
    slab_reap();
    frame_cache_drain();
    buddy_stats(BUDDY_ANY_NODE, &stats);
    return buddy_free_frames() + stats.metadata + frames_of_one_segment();
}

static void start(unsigned int cpus)
{
    hosted_cpu = 0;
    hosted_cpu_count = cpus;
    hosted_wrong_count = 0;
    hosted_wrong_expected = false;
    slab_checks_new_caches = false;
    memset((void *)stale, 0, sizeof(stale));
    machine_pc(MIB(64));
    assert_int_equal(machine_start(), STATUS_OK);
    assert_int_equal(slab_init(), STATUS_OK);
    assert_int_equal(kmalloc_init(), STATUS_OK);
    paging = (struct paging){ .take = take_table, .give = give_table, .has_nx = true };
    assert_int_equal(paging_init(&paging), STATUS_OK);
    assert_int_equal(paging_fill_upper_half(&paging), STATUS_OK);
    vrange_init(&paging, virt(SPACE_START), virt(SPACE_START + SPACE_SIZE));
    assert_int_equal(vrange_init_memory(), STATUS_OK);
    frames_at_start = frames_now();
}

static inline void expect_nothing_left(void)
{
    struct vrange_info info;
    uint64_t cursor = 0;
    assert_false(vrange_next(&cursor, &info));
    assert_int_equal(frames_now(), frames_at_start);
}

static inline bool is_mapped(uint64_t address)
{
    struct page_mapping page;
    return paging_query(&paging, virt(address), &page) == STATUS_OK;
}

/* What a range must be: mapped from end to end, with nothing before and behind, and nowhere stale. */
static inline void expect_range(void *pointer, uint64_t size, unsigned int access)
{
    uint64_t first = align_down((uintptr_t)pointer, PAGE_SIZE),
             end = align_up((uintptr_t)pointer + size, PAGE_SIZE);
    struct vrange_info info;
    bool is_guard;
    assert_true(vrange_find(virt((uintptr_t)pointer), &info, &is_guard));
    assert_false(is_guard);
    assert_true(info.start.raw == first && info.end.raw == end);
    assert_false(is_mapped(first - PAGE_SIZE));
    assert_false(is_mapped(end));
    assert_true(vrange_find(virt(first - 1), &info, &is_guard) && is_guard && info.start.raw == first);
    for (uint64_t at = first; at < end; at += PAGE_SIZE) {
        struct page_mapping page;
        assert_int_equal(paging_query(&paging, virt(at), &page), STATUS_OK);
        assert_int_equal(page.access & ~(unsigned int)PAGE_GLOBAL, access);
        assert_int_equal(stale[(at - SPACE_START) / PAGE_SIZE], 0);
        stale[(at - SPACE_START) / PAGE_SIZE] = 1;
    }
}
