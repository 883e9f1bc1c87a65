/* SPDX-License-Identifier: BSD-2-Clause */
/* The use of memory: `memory` in the report. */
#include <ashlar/mm/buddy.h>
#include <ashlar/report.h>
#include <boot/machine.h>
#include <memtest/memory.h>

static void write_range(struct json *json, struct phys_range range, const char *kind)
{
    json_open_object(json, NULL);
    json_number(json, "start", range.start.raw);
    json_number(json, "end", range.end.raw);
    if (kind)
        json_string(json, "kind", kind);
    json_close(json);
}

static void write_total(struct json *json, enum memmap_kind kind, uint64_t bytes)
{
    if (bytes == 0)
        return;
    json_open_object(json, NULL);
    json_string(json, "kind", memmap_kind_name(kind));
    json_number(json, "bytes", bytes);
    json_close(json);
}

static void report_memory(struct json *json)
{
    size_t entry_count, firmware_count, range_count;
    const struct memmap_entry *entries = machine_map_entries(&entry_count, &firmware_count);
    const struct memmap_range *ranges = machine_map(&range_count);

    json_open_list(json, "firmware");
    for (size_t i = 0; i < firmware_count; i++)
        write_range(json, memmap_entry_range(&entries[i]),
                    memmap_kind_name((enum memmap_kind)entries[i].kind));
    json_close(json);
    json_open_list(json, "usable");
    for (size_t i = 0; i < range_count; i++)
        if (ranges[i].kind == MEMMAP_USABLE)
            write_range(json, memmap_extent(&ranges[i]), NULL);
    json_close(json);

    struct buddy_stats stats;
    buddy_stats(BUDDY_ANY_NODE, &stats);
    json_number(json, "usable_bytes", memmap_total(ranges, range_count, MEMMAP_USABLE));
    json_number(json, "free_bytes", buddy_free_frames() * PAGE_SIZE);
    json_number(json, "metadata_bytes", stats.metadata * PAGE_SIZE);
    json_number(json, "isolated_bytes", memtest_isolated_frames() * PAGE_SIZE);
    json_open_list(json, "isolated");
    for (unsigned int i = 0; phys_is_valid(memtest_isolated(i)); i++)
        json_number(json, NULL, memtest_isolated(i).raw);
    json_close(json);
    json_open_list(json, "totals");
    for (unsigned int kind = 0; kind < MEMMAP_KIND_COUNT; kind++)
        write_total(json, (enum memmap_kind)kind, memmap_total(ranges, range_count, (enum memmap_kind)kind));
    json_close(json);
}
REPORT(memory, report_memory);
