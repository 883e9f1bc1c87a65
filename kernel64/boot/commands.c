/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's `map` and `modules`.
 */
#include <ashlar/bits.h>
#include <ashlar/command.h>
#include <boot/machine.h>
#include <boot/map_picture.h>
#include <lib/size_text.h>
#include <log/arguments.h>
#include <log/print.h>

/* ---- map ---- */

/* In one call, so that no log line is printed in between. @type: the firmware's number; 0: none. */
static void print_run(struct phys_range range, enum memmap_kind kind, unsigned int type)
{
    char size[SIZE_TEXT_MAX];
    print(type ? "  %016lx - %016lx  %9s  %s (type %u)\n" : "  %016lx - %016lx  %9s  %s\n", range.start.raw,
          range.end.raw, size_text(phys_range_size(range), size), memmap_kind_name(kind), type);
}

static void print_entries(const struct memmap_entry *entries, size_t start, size_t end)
{
    for (size_t i = start; i < end; i++)
        print_run(memmap_entry_range(&entries[i]), (enum memmap_kind)entries[i].kind, entries[i].source_type);
}

static void print_totals(const struct memmap_range *ranges, size_t count)
{
    char size[SIZE_TEXT_MAX];
    for (unsigned int kind = 0; kind < MEMMAP_KIND_COUNT; kind++) {
        uint64_t bytes = memmap_total(ranges, count, (enum memmap_kind)kind);
        if (bytes)
            print("  %c  %-18s %9s\n", map_picture_letter((enum memmap_kind)kind),
                  memmap_kind_name((enum memmap_kind)kind), size_text(bytes, size));
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
        char row[CELLS + 1], letter_size[SIZE_TEXT_MAX], row_size[SIZE_TEXT_MAX];
        bool is_last = end >= top || end >= TIB(64);
        while (is_last && end > MIB(1) && end / 2 >= top)
            end /= 2;
        map_picture(ranges, count, phys(end), row, CELLS);
        print("  |%s|\n  a letter is %s, the row %s\n", row, size_text(end / CELLS, letter_size),
              size_text(end, row_size));
        if (is_last)
            return;
    }
}

static void show_entries(const char *heading, const char *none, size_t start, size_t end)
{
    size_t count, firmware_count;
    const struct memmap_entry *entries = machine_map_entries(&count, &firmware_count);
    print("%s\n", start < end ? heading : none);
    print_entries(entries, start, end);
}

static void show_efi(void)
{
    show_entries("firmware's EFI map:", "the loader passed no EFI map", 0,
                 boot_info_efi_entries(machine_boot_info()));
}

static void show_e820(void)
{
    size_t count, firmware_count;
    (void)machine_map_entries(&count, &firmware_count);
    show_entries("firmware's E820 map:", "the loader passed no E820 map",
                 boot_info_efi_entries(machine_boot_info()), firmware_count);
}

static void show_kernel(void)
{
    size_t count, firmware_count;
    (void)machine_map_entries(&count, &firmware_count);
    show_entries("reservations of the kernel:", "the kernel reserves nothing", firmware_count, count);
}

static void show_picture(void)
{
    size_t count;
    const struct memmap_range *ranges = machine_map(&count);
    print_pictures(ranges, count);
    print("\n");
    print_totals(ranges, count);
}

static void show_ranges(void)
{
    size_t count;
    char size[SIZE_TEXT_MAX];
    const struct memmap_range *ranges = machine_map(&count);
    print("memory map:\n");
    for (size_t i = 0; i < count; i++)
        print_run(memmap_extent(&ranges[i]), ranges[i].kind, 0);
    print("%s usable\n", size_text(memmap_total(ranges, count, MEMMAP_USABLE), size));
}

static void show_all(void)
{
    show_efi();
    show_e820();
    show_kernel();
    show_ranges();
    print("\n");
    show_picture();
}

static const char *const map_names[] = { "all", "e820", "efi", "kernel", "picture" };

static status_t command_map(int argc, char **argv)
{
    static void (*const parts[])(void) = { show_all, show_e820, show_efi, show_kernel, show_picture };
    unsigned int part;
    if (!arguments_count(argc, argv, 0, 1) ||
        (argc > 1 && !argument_choice(argv[1], map_names, ARRAY_LEN(map_names), &part)))
        return STATUS_INVALID;
    if (argc > 1) {
        parts[part]();
        return STATUS_OK;
    }
    show_ranges();
    print("'map picture' draws it; 'map all' shows what it was made of, too\n");
    return STATUS_OK;
}

static const char *map_words(unsigned int index)
{
    return index < ARRAY_LEN(map_names) ? map_names[index] : NULL;
}
COMMAND_LIST(
    map, command_map, .group = GROUP_MEMORY, .arguments = "[all|e820|efi|kernel|picture]",
    .help = "the memory map; what it was made of: the firmware's, the kernel's reservations; a picture",
    .example = "map picture", .see_also = "pages buddy", .words = map_words);

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
COMMAND_LIST(modules, command_modules, .group = GROUP_MACHINE, .arguments = "",
             .help = "the modules that the loader passed, and their command lines", .example = "modules",
             .see_also = "boot map", .words = NULL);
