/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLB shootdown on all CPUs, which read a page that is remapped.
 */
#include <ashlar/ktest.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/port.h>
#include <ashlar/mm/vrange.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/time_units.h>

#include <cpu/fixup.h>
#include <cpu/percpu.h>
#include <smp/ipi.h>
#include <time/clock.h>
#include <time/timer.h>
#include <vm/address_space.h>

#include "on_every_cpu.h"

/* So many times; fewer where many watch, because on a host with few CPUs a shootdown takes as many time
   slices. */
#define REMAPS       200
#define REMAPS_MOST  800
#define REMAPS_LEAST 8
#define LOOK_WAIT_NS (20 * NS_PER_US)

static struct {
    volatile uint64_t *page; /* mapped to one frame after the other, each holding its number */
    uint64_t newest;         /* atomic: what the page shows since the last shootdown returned */
    bool is_over;            /* atomic */
    uint32_t watchers;       /* atomic: CPUs that have read it */
} remapped;

static void read_page(void *argument)
{
    *(uint64_t *)argument = *remapped.page;
}

/* Between unmapping and mapping the page is not mapped; a fault then is expected, and no error of the
 * shootdown. */
static void watch_page(void)
{
    struct trap_frame caught;
    uint64_t number, least = __atomic_load_n(&remapped.newest, __ATOMIC_ACQUIRE);
    if (fixup_try(read_page, &number, &caught) && number < least)
        note_wrong();
}

static bool remap(void **frames)
{
    uint64_t at = (uintptr_t)remapped.page;
    unsigned int fair = REMAPS_MOST / ipi_online_count();
    unsigned int remaps = fair > REMAPS ? REMAPS : fair > REMAPS_LEAST ? fair : REMAPS_LEAST;
    for (unsigned int i = 1; i <= remaps; i++) {
        *(uint64_t *)frames[i % 2] = i;
        if (paging_unmap(address_space(), virt(at), PAGE_SIZE) != STATUS_OK ||
            paging_map(address_space(), virt(at), port_phys(frames[i % 2]), PAGE_SIZE,
                       PAGE_WRITE | PAGE_GLOBAL) != STATUS_OK)
            return false;
        __atomic_store_n(&remapped.newest, i, __ATOMIC_RELEASE);
        for (unsigned int look = 0; look < 20; look++)
            cpu_relax();
    }
    return true;
}

static void remap_or_watch(void *argument)
{
    if (PERCPU_MINE(cpu_number) != 0) {
        watch_page();
        count_call(&remapped.watchers);
        while (!__atomic_load_n(&remapped.is_over, __ATOMIC_ACQUIRE)) {
            watch_page();
            cpu_relax();
        }
        return;
    }
    /* A host with few CPUs may take long to run them all. */
    while (__atomic_load_n(&remapped.watchers, __ATOMIC_RELAXED) + 1 < ipi_online_count())
        timer_sleep_until(clock_now_ns() + LOOK_WAIT_NS);
    if (!remap(argument))
        note_wrong();
    __atomic_store_n(&remapped.is_over, true, __ATOMIC_RELEASE);
}

KTEST(smp, no_cpu_uses_a_stale_translation_after_a_shootdown)
{
    NEEDS_TWO();
    void *range, *frames[2] = { frame_alloc(), frame_alloc() };
    if (frames[0] && frames[1] && vrange_map_memory(PAGE_SIZE, VRANGE_MEMORY, "test", &range) == STATUS_OK) {
        struct page_mapping own;
        EXPECT(paging_query(address_space(), virt_of(range), &own) == STATUS_OK);
        remapped.page = range;
        remapped.newest = remapped.watchers = wrong = 0;
        remapped.is_over = false;
        *remapped.page = 0;
        on_every_cpu(0, remap_or_watch, frames);
        EXPECT(wrong == 0);
        EXPECT(remapped.watchers > 0);
        /* Unmapping the range frees the frame that the range owns. */
        EXPECT(paging_unmap(address_space(), virt_of(range), PAGE_SIZE) == STATUS_OK);
        EXPECT(paging_map(address_space(), virt_of(range), own.phys, PAGE_SIZE, own.access) == STATUS_OK);
        vrange_unmap(range);
    }
    for (unsigned int i = 0; i < 2; i++)
        if (frames[i])
            frame_free(frames[i]);
}
