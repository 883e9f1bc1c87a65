/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The parts of a memory map that the direct map contains. This only computes them: the caller maps.
 */
#include <ashlar/mm/memmap.h>

struct direct_map_plan {
    const struct memmap_range *ranges; /* a swept map */
    size_t range_count;
    phys_t end;          /* nothing at or above is mapped; multiple of HUGE_PAGE_SIZE */
    bool has_huge_pages; /* 1 GiB, by CPUID */
};

/**
 * direct_map_next_run() - the next range of RAM, for one call of the mapper.
 * @cursor: 0 for the first.
 *
 * Adjacent ranges of different kinds up to MEMMAP_LAST_RAM are one run, so that larger pages fit.
 * Return: false when there is none left; @run is untouched then.
 * Context: any. Pure.
 */
bool direct_map_next_run(const struct direct_map_plan *plan, size_t *cursor, struct phys_range *run);
