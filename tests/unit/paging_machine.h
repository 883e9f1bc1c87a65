/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A machine for tests of the mapper: frames for tables, and a TLB that drops only what it is told to drop. It
 * may hold each page of a window of 12 MiB that crosses a 1 GiB boundary, and each table that leads there; no
 * table that it may still hold is freed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/bits.h>
#include <ashlar/hw/paging.h>
#include <ashlar/mm/paging.h>
#include <ashlar/mm/port.h>

#define FRAMES       1200
#define WINDOW_PAGES (12u * 512)
#define WINDOW_START (DIRECT_MAP_START + (1ULL << 30) - (4ULL << 20))

unsigned char *hosted_ram;
uint64_t hosted_ram_start = 0x100000;

/* ---- frames ---- */

static bool is_taken[FRAMES];
/* The addresses whose translation reads this table, and whether the CPU may remember that it does. */
static struct span {
    uint64_t start, last;
    bool is_remembered;
} spans[FRAMES];
static unsigned int taken_count;
static unsigned int takes_until_failure; /* UINT32_MAX: never */

/* A CPU is being started: no flush drops what it holds of tables. */
unsigned int hosted_tables_held;

static void remember_pages(unsigned int distance);

static phys_t take(void)
{
    if (takes_until_failure == 0) {
        /* A CPU may hold all that is there by now. */
        remember_pages(1);
        return PHYS_INVALID;
    }
    if (takes_until_failure != UINT32_MAX)
        takes_until_failure--;
    for (unsigned int i = 0; i < FRAMES; i++) {
        if (!is_taken[i]) {
            is_taken[i] = true;
            taken_count++;
            memset(hosted_ram + i * PAGE_SIZE, 0xa5, PAGE_SIZE);
            return phys(hosted_ram_start + i * PAGE_SIZE);
        }
    }
    return PHYS_INVALID;
}

static void give(phys_t frame)
{
    uint64_t i = (frame.raw - hosted_ram_start) / PAGE_SIZE;
    assert_true(i < FRAMES && is_taken[i]);
    assert_false(spans[i].is_remembered);
    is_taken[i] = false;
    taken_count--;
    /* A walk that still uses it as a table finds garbage. */
    memset(hosted_ram + i * PAGE_SIZE, 0xa5, PAGE_SIZE);
}

/* ---- the model: each page of the window, and what a TLB remembers of it ---- */

struct page {
    bool is_mapped;
    uint64_t phys;
    unsigned int access;
};

static struct page model[WINDOW_PAGES], tlb[WINDOW_PAGES];

static struct paging paging;

/* Of pages that lie @distance apart. */
static void remember_pages(unsigned int distance)
{
    for (unsigned int i = 0; i < WINDOW_PAGES; i += distance) {
        struct page_mapping mapping;
        uint64_t at = WINDOW_START + i * PAGE_SIZE;
        if (paging_query(&paging, virt(at), &mapping) == STATUS_OK)
            tlb[i] = (struct page){ true, mapping.phys.raw + (at - mapping.virt.raw), mapping.access };
    }
}

static void remember_tables(void)
{
    const uint64_t end = WINDOW_START + WINDOW_PAGES * PAGE_SIZE;
    for (uint64_t at = WINDOW_START; at < end; at += LARGE_PAGE_SIZE) {
        struct paging_step steps[4];
        unsigned int count = paging_walk(&paging, virt(at), steps);
        for (unsigned int i = 0; i < count; i++) {
            uint64_t span = PAGE_SIZE << (9 * steps[i].level), start = at & ~(span - 1);
            uint64_t frame = (steps[i].table.raw - hosted_ram_start) / PAGE_SIZE;
            spans[frame] = (struct span){ start, start + span - 1, true };
        }
    }
}

void port_flush(virt_t virt, uint64_t size_bytes)
{
    for (unsigned int i = 0; i < WINDOW_PAGES; i++) {
        uint64_t page = WINDOW_START + i * PAGE_SIZE;
        if (page + PAGE_SIZE > virt.raw && page < virt.raw + size_bytes)
            tlb[i].is_mapped = false;
    }
    for (unsigned int i = 0; i < FRAMES; i++) {
        if (spans[i].last >= virt.raw && spans[i].start <= virt.raw + size_bytes - 1 && !hosted_tables_held)
            spans[i].is_remembered = false;
    }
    /* The CPU goes on walking speculatively: it may hold what is there now. */
    remember_pages(61);
    remember_tables();
}

static inline int set_up(void **state)
{
    (void)state;
    hosted_ram = aligned_alloc(PAGE_SIZE, FRAMES * PAGE_SIZE);
    memset(is_taken, 0, sizeof(is_taken));
    memset(spans, 0, sizeof(spans));
    memset(model, 0, sizeof(model));
    memset(tlb, 0, sizeof(tlb));
    taken_count = 0;
    takes_until_failure = UINT32_MAX;
    hosted_tables_held = 0;
    paging = (struct paging){ .has_nx = true, .has_huge_pages = true, .take = take, .give = give };
    return paging_init(&paging);
}

static inline int tear_down(void **state)
{
    (void)state;
    free(hosted_ram);
    return 0;
}

/* What the CPU may translate [i] to: asks the walker, then the TLB. */
static inline void check_page(unsigned int i)
{
    struct page_mapping mapping;
    uint64_t at = WINDOW_START + i * PAGE_SIZE;
    bool is_mapped = paging_query(&paging, virt(at), &mapping) == STATUS_OK;
    assert_int_equal(is_mapped, model[i].is_mapped);
    if (is_mapped) {
        assert_int_equal(mapping.phys.raw + (at - mapping.virt.raw), model[i].phys);
        assert_int_equal(mapping.access, model[i].access);
    }
    if (tlb[i].is_mapped) {
        assert_true(is_mapped);
        assert_int_equal(tlb[i].phys, model[i].phys);
        assert_int_equal(tlb[i].access, model[i].access);
    }
}

static inline void check_window(void)
{
    for (unsigned int i = 0; i < WINDOW_PAGES; i++)
        check_page(i);
    /* From here on the CPU holds all of it. */
    memcpy(tlb, model, sizeof(model));
    remember_tables();
}

static inline struct page_mapping query(uint64_t at)
{
    struct page_mapping mapping = { .size_bytes = 0 };
    (void)!paging_query(&paging, virt(at), &mapping);
    return mapping;
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
