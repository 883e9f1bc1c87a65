/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The use of all RAM: the sum of the counts of all its users.
 */
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/memmap.h>

struct page_census {
    /* Bytes of RAM, by kind in the memory map; usable is split up below. */
    uint64_t by_kind[MEMMAP_KIND_COUNT];

    /* Parts of the boot image: bytes. */
    uint64_t code, constants, variables, early_taken, early_left, other_image;

    /* Parts of usable memory: frames. */
    struct buddy_stats buddy;
    uint64_t unmanaged; /* not used: above the end of the direct map */
    uint64_t isolated;  /* failed the memory test, and are kept from use */
    uint64_t slabs, large_blocks, page_tables, early_usable, ranges, trampolines;
    int64_t unaccounted; /* in use, but counted by no user; below 0: counted twice */

    uint64_t total_bytes; /* all of the above */
};

/* Exact if no allocation happens meanwhile. Context: thread. */
void page_census_take(struct page_census *census);
