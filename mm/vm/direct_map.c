/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of the memory map the direct map shows, run by run.
 */
#include <ashlar/mm/direct_map.h>

bool direct_map_next_run(const struct direct_map_plan *plan, size_t *cursor, struct phys_range *run)
{
    const struct memmap_range *ranges = plan->ranges;
    size_t i = *cursor;
    while (i < plan->range_count && ranges[i].kind > MEMMAP_LAST_RAM)
        i++;
    if (i == plan->range_count || ranges[i].start.raw >= plan->end)
        return false;

    uint64_t start = ranges[i].start.raw, end;
    do
        end = ranges[i++].end.raw;
    while (i < plan->range_count && ranges[i].start.raw == end && ranges[i].kind <= MEMMAP_LAST_RAM);
    *run = (struct phys_range){ phys(start), phys(end < plan->end ? end : plan->end) };
    *cursor = i;
    return true;
}
