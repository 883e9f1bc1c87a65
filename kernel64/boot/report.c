/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the machine came up: the command `boot`, and the parts `boot` and `memory` of the report.
 */
#include <ashlar/command.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/report.h>
#include <ashlar/time_units.h>
#include <boot/machine.h>
#include <log/log.h>
#include <log/stages.h>

/* ---- boot ---- */

static const char *view_text(struct bytes view)
{
    return view.data ? (const char *)view.data : "";
}

/* Microseconds from the stub's first instruction to stage @i. */
static uint64_t stage_us(const struct stage *list, size_t i)
{
    return (log_nanoseconds(list[i].ticks) - log_nanoseconds(list[0].ticks)) / NS_PER_US;
}

static status_t command_boot(int argc, char **argv)
{
    const struct boot_info *info = machine_boot_info();
    size_t count;
    const struct stage *list = stages(&count);

    (void)argv;
    if (argc > 1)
        return STATUS_INVALID;
    print("protocol      %s\n", info->protocol);
    print("loader        %s\n", info->loader_name.data ? view_text(info->loader_name) : "(gave no name)");
    print("command line  %s\n", machine_command_line());
    print("\n%-12s %12s %12s\n", "stage", "us", "since last");
    for (size_t i = 0; i < count; i++)
        print("%-12s %12lu %12lu\n", list[i].name, stage_us(list, i),
              i > 0 ? stage_us(list, i) - stage_us(list, i - 1) : 0);
    return STATUS_OK;
}
COMMAND(boot, "", "what booted this kernel, with which command line, and how long each stage took",
        command_boot);

static void report_boot(struct json *json)
{
    const struct boot_info *info = machine_boot_info();
    size_t count;
    const struct stage *list = stages(&count);

    json_string(json, "protocol", info->protocol);
    json_text(json, "loader", view_text(info->loader_name), info->loader_name.size_bytes);
    json_string(json, "command_line", machine_command_line());
    json_open_list(json, "stages");
    for (size_t i = 0; i < count; i++) {
        json_open_object(json, NULL);
        json_string(json, "name", list[i].name);
        json_number(json, "ticks", list[i].ticks);
        json_number(json, "us", stage_us(list, i));
        json_close(json);
    }
    json_close(json);
    json_number(json, "ready_us", count > 0 ? stage_us(list, count - 1) : 0);
}
REPORT(boot, report_boot);

/* ---- memory ---- */

static void write_range(struct json *json, uint64_t start, uint64_t end, const char *kind)
{
    json_open_object(json, NULL);
    json_number(json, "start", start);
    json_number(json, "end", end);
    if (kind)
        json_string(json, "kind", kind);
    json_close(json);
}

static void report_memory(struct json *json)
{
    size_t claim_count, firmware_count, range_count;
    const struct memmap_entry *claims = machine_claims(&claim_count, &firmware_count);
    const struct memmap_range *ranges = machine_map(&range_count);

    json_open_list(json, "firmware");
    for (size_t i = 0; i < firmware_count; i++)
        write_range(json, claims[i].start, claims[i].end, memmap_kind_name((enum memmap_kind)claims[i].kind));
    json_close(json);
    json_open_list(json, "usable");
    for (size_t i = 0; i < range_count; i++)
        if (ranges[i].kind == MEMMAP_USABLE)
            write_range(json, ranges[i].start.raw, ranges[i].end.raw, NULL);
    json_close(json);

    struct buddy_stats stats;
    buddy_stats(BUDDY_ANY_NODE, &stats);
    json_number(json, "usable_bytes", memmap_total(ranges, range_count, MEMMAP_USABLE));
    json_number(json, "free_bytes", buddy_free_frames() * PAGE_SIZE);
    json_number(json, "metadata_bytes", stats.metadata * PAGE_SIZE);
}
REPORT(memory, report_memory);
