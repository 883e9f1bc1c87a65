/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counting RAM, and the monitor's `pages`, which shows it.
 *
 * Adds up the counts of all users. Frames that are allocated but that no user counts are shown as
 * unaccounted; a self-test checks that there are none.
 */
#include <monitor/commands/pages.h>

#include <ashlar/command.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/slab.h>
#include <ashlar/mm/vrange.h>
#include <boot/early.h>
#include <boot/machine.h>
#include <cpu/image.h>
#include <lib/size_text.h>
#include <log/print.h>
#include <memtest/memory.h>
#include <smp/trampoline.h>
#include <vm/address_space.h>

/* RAM, including the parts that firmware keeps. */
static bool is_ram(enum memmap_kind kind)
{
    return kind <= MEMMAP_LAST_RAM || kind == MEMMAP_ACPI_NVS || kind == MEMMAP_RUNTIME;
}

static uint64_t frames_of_slabs(void)
{
    struct slab_stats stats;
    uint64_t frames = 0;
    for (size_t cursor = 0; slab_next_stats(&cursor, &stats);)
        frames += stats.slabs << stats.order;
    return frames;
}

static uint64_t frames_of_ranges(void)
{
    struct vrange_info info;
    uint64_t frames = 0;
    for (uint64_t cursor = 0; vrange_next(&cursor, &info);)
        if (info.kind != VRANGE_DEVICE)
            frames += (info.end.raw - info.start.raw) / PAGE_SIZE;
    return frames;
}

static void count_image(struct page_census *census)
{
    census->code = (uint64_t)(__text_end - __text_start);
    census->constants = (uint64_t)(__rodata_end - __text_end);
    census->early_taken = phys_range_size(early_taken());
    census->early_left = phys_range_size(early_left());
    census->variables =
        early_taken().start.raw - machine_handoff()->kernel_start - census->code - census->constants;
    census->other_image = census->by_kind[MEMMAP_BOOT_IMAGE] - census->code - census->constants -
                          census->variables - census->early_taken - census->early_left;
}

void page_census_take(struct page_census *census)
{
    size_t count;
    const struct memmap_range *ranges = machine_map(&count);
    *census = (struct page_census){ .total_bytes = 0 };
    for (enum memmap_kind kind = 0; kind < MEMMAP_KIND_COUNT; kind++) {
        census->by_kind[kind] = is_ram(kind) ? memmap_total(ranges, count, kind) : 0;
        census->total_bytes += census->by_kind[kind];
    }
    count_image(census);

    buddy_stats(BUDDY_ANY_NODE, &census->buddy);
    uint64_t free = census->buddy.cached;
    for (unsigned int zone = 0; zone < BUDDY_ZONES; zone++)
        free += census->buddy.zones[zone].free;
    for (size_t i = 0; i < count; i++)
        if (ranges[i].kind == MEMMAP_USABLE && ranges[i].end.raw > address_space_ram_end().raw)
            census->unmanaged += (ranges[i].end.raw - (ranges[i].start.raw > address_space_ram_end().raw
                                                           ? ranges[i].start.raw
                                                           : address_space_ram_end().raw)) /
                                 PAGE_SIZE;
    census->slabs = frames_of_slabs();
    census->large_blocks = kmalloc_blocks().frames;
    census->page_tables = address_space_allocated_tables();
    census->early_usable = early_usable_taken() / PAGE_SIZE;
    census->ranges = frames_of_ranges();
    census->trampolines = trampoline_frames();
    census->isolated = memtest_isolated_frames();
    census->unaccounted =
        (int64_t)(census->by_kind[MEMMAP_USABLE] / PAGE_SIZE - free - census->buddy.metadata -
                  census->unmanaged - census->slabs - census->large_blocks - census->page_tables -
                  census->early_usable - census->ranges - census->trampolines - census->isolated);
}

/* ---- pages ---- */

/* Exact, so that the rows of a column add up; and with a unit, for people. */
static void show_at(int column, const char *words, uint64_t bytes)
{
    char text[SIZE_TEXT_MAX];
    if (bytes > 0)
        print("%*lu  %s (%s)\n", column, bytes, words, size_text(bytes, text));
}

static void show(const char *words, uint64_t bytes)
{
    show_at(16, words, bytes);
}

static void show_part(const char *words, uint64_t bytes)
{
    show_at(20, words, bytes);
}

static status_t command_pages(int argc, char **argv)
{
    static const char *const zones[BUDDY_ZONES] = { "free below 1 MiB", "free below 16 MiB",
                                                    "free below 4 GiB", "free above" };
    struct page_census census;
    (void)argc;
    (void)argv;
    page_census_take(&census);
    print("%16s\n", "bytes of RAM");
    for (enum memmap_kind kind = MEMMAP_USABLE + 1; kind < MEMMAP_KIND_COUNT; kind++) {
        show(memmap_kind_name(kind), census.by_kind[kind]);
        if (kind != MEMMAP_BOOT_IMAGE)
            continue;
        show_part("kernel code", census.code);
        show_part("kernel constants", census.constants);
        show_part("kernel variables and stacks", census.variables);
        show_part("early memory: page tables, the memory map", census.early_taken);
        show_part("early memory, unused", census.early_left);
        show_part("stub32 and its payload", census.other_image);
    }
    show(memmap_kind_name(MEMMAP_USABLE), census.by_kind[MEMMAP_USABLE]);
    for (unsigned int zone = 0; zone < BUDDY_ZONES; zone++)
        show_part(zones[zone], census.buddy.zones[zone].free * PAGE_SIZE);
    show_part("free in CPUs' caches", census.buddy.cached * PAGE_SIZE);
    show_part("frame descriptors and bits", census.buddy.metadata * PAGE_SIZE);
    show_part("slabs of objects", census.slabs * PAGE_SIZE);
    show_part("larger blocks from kmalloc", census.large_blocks * PAGE_SIZE);
    show_part("page tables", census.page_tables * PAGE_SIZE);
    show_part("early memory outside the reserve", census.early_usable * PAGE_SIZE);
    show_part("memory and stacks in virtual ranges", census.ranges * PAGE_SIZE);
    show_part("kept for CPUs that failed to start", census.trampolines * PAGE_SIZE);
    show_part("failed the memory test, kept from use", census.isolated * PAGE_SIZE);
    show_part("above the end of the direct map", census.unmanaged * PAGE_SIZE);
    if (census.unaccounted != 0)
        print("%20ld  unaccounted\n", census.unaccounted * (int64_t)PAGE_SIZE);
    show("total", census.total_bytes);
    return STATUS_OK;
}
COMMAND_LIST(pages, command_pages, .group = GROUP_MEMORY, .arguments = "",
             .help = "use of all RAM, to the byte", .example = "pages", .see_also = "map buddy slabs vmap",
             .words = NULL);
