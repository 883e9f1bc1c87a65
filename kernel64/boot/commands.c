/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's `map` and `modules`.
 */
#include <ashlar/bits.h>
#include <ashlar/command.h>
#include <boot/machine.h>
#include <boot/map_picture.h>
#include <log/print.h>

/* ---- map ---- */

static void print_run(uint64_t start, uint64_t end)
{
    uint64_t bytes = end - start;
    bool is_small = bytes < KIB(1);
    print("  %016lx - %016lx %12lu %-3s  ", start, end, is_small ? bytes : bytes / KIB(1),
          is_small ? "B" : "KiB");
}

static void print_entries(const struct memmap_entry *entries, size_t start, size_t end)
{
    for (size_t i = start; i < end; i++) {
        print_run(entries[i].start, entries[i].end);
        print("%s", memmap_kind_name((enum memmap_kind)entries[i].kind));
        if (entries[i].source_type)
            print(" (type %u)", entries[i].source_type);
        print("\n");
    }
}

static void print_totals(const struct memmap_range *ranges, size_t count)
{
    for (unsigned int kind = 0; kind < MEMMAP_KIND_COUNT; kind++) {
        uint64_t bytes = memmap_total(ranges, count, (enum memmap_kind)kind);
        if (bytes)
            print("  %c  %-18s %12lu KiB\n", map_picture_letter((enum memmap_kind)kind),
                  memmap_kind_name((enum memmap_kind)kind), bytes >> 10);
    }
    print("  %c  not listed\n", MAP_PICTURE_NONE);
}

#define CELLS 64

/* A row of all memory hides small ranges, so the low end is also drawn magnified. */
static void print_pictures(const struct memmap_range *ranges, size_t count)
{
    uint64_t top = 0;
    for (size_t i = 0; i < count; i++) {
        if (ranges[i].kind == MEMMAP_USABLE)
            top = ranges[i].end.raw;
    }
    for (uint64_t end = MIB(1);; end *= 64) {
        char row[CELLS + 1];
        bool is_last = end >= top || end >= TIB(64);
        while (is_last && end > MIB(1) && end / 2 >= top)
            end /= 2;
        map_picture(ranges, count, end, row, CELLS);
        print("  |%s|\n  a letter is %lu KiB, the row %lu MiB\n", row, end / CELLS >> 10, end >> 20);
        if (is_last)
            return;
    }
}

static status_t command_map(int argc, char **argv)
{
    size_t entry_count, firmware_count, range_count;
    const struct memmap_entry *entries = machine_map_entries(&entry_count, &firmware_count);
    const struct memmap_range *ranges = machine_map(&range_count);

    (void)argc;
    (void)argv;
    print("firmware's map:\n");
    print_entries(entries, 0, firmware_count);
    print("reservations of the kernel:\n");
    print_entries(entries, firmware_count, entry_count);
    print("memory map:\n");
    for (size_t i = 0; i < range_count; i++) {
        print_run(ranges[i].start.raw, ranges[i].end.raw);
        print("%s\n", memmap_kind_name(ranges[i].kind));
    }
    print("\n");
    print_pictures(ranges, range_count);
    print("\n");
    print_totals(ranges, range_count);
    return STATUS_OK;
}
COMMAND(
    map, command_map, .group = GROUP_MEMORY, .arguments = "",
    .help = "the firmware's memory map, the kernel's reservations, the resulting map, and a picture of it",
    .example = "map", .see_also = "pages buddy");

/* ---- modules ---- */

static status_t command_modules(int argc, char **argv)
{
    const struct boot_info *info = machine_boot_info();
    struct boot_module module;
    unsigned int number = 0;

    (void)argc;
    (void)argv;
    for (size_t cursor = 0; boot_info_next_module(info, &cursor, &module); number++)
        print("%3u  P0x%lx - P0x%lx %12lu bytes  %.*s\n", number, module.start.raw, module.end.raw,
              phys_distance(module.start, module.end), (int)module.command_line.size_bytes,
              module.command_line.data ? (const char *)module.command_line.data : "");
    if (number == 0)
        print("the loader passed no modules\n");
    return STATUS_OK;
}
COMMAND(modules, command_modules, .group = GROUP_MACHINE, .arguments = "",
        .help = "the modules that the loader passed, and their command lines", .example = "modules",
        .see_also = "boot map");
