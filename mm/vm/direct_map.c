/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of the memory map that the direct map covers, run by run.
 */
#include <ashlar/mm/direct_map.h>

bool direct_map_next_run(const struct direct_map_plan *plan, size_t *cursor, struct phys_range *run)
{
    const struct memmap_range *ranges = plan->ranges;
    size_t i = *cursor;
    while (i < plan->range_count && ranges[i].kind > MEMMAP_LAST_RAM)
        i++;
    if (i == plan->range_count || !phys_is_below(ranges[i].start, plan->end))
        return false;

    phys_t start = ranges[i].start, end;
    do
        end = ranges[i++].end;
    while (i < plan->range_count && phys_is_equal(ranges[i].start, end) && ranges[i].kind <= MEMMAP_LAST_RAM);
    *run = (struct phys_range){ start, phys_min(end, plan->end) };
    *cursor = i;
    return true;
}
