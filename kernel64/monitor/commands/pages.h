/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Where all RAM went: counted by those who have it, and added up.
 */
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/memmap.h>

struct page_census {
    /* Bytes of RAM, by what the memory map calls it; usable is split up below. */
    uint64_t by_kind[MEMMAP_KIND_COUNT];

    /* Parts of the boot image: bytes. */
    uint64_t code, constants, variables, early_taken, early_left, other_image;

    /* Parts of usable memory: frames. */
    struct buddy_stats buddy;
    uint64_t unmanaged; /* of no use: behind the direct map's end */
    uint64_t slabs, large_blocks, page_tables, early_usable, ranges, trampolines;
    int64_t unaccounted; /* in use by no known user; below 0: counted twice */

    uint64_t total_bytes; /* all of the above */
};

/* Context: exact when nobody allocates meanwhile. */
void page_census_take(struct page_census *census);
