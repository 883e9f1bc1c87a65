/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's `buddy`: free memory by zone, node and size of block.
 */
#include <ashlar/bits.h>
#include <ashlar/command.h>
#include <ashlar/mm/buddy.h>
#include <log/print.h>
#include <platform/platform.h>

static const char *const zone_names[BUDDY_ZONES] = { "below 1 MiB", "below 16 MiB", "below 4 GiB",
                                                     "the rest" };

static uint64_t kib(uint64_t frames)
{
    return frames << (PAGE_SHIFT - 10);
}

static status_t command_buddy(int argc, char **argv)
{
    struct buddy_stats stats;
    (void)argc;
    (void)argv;
    buddy_stats(BUDDY_ANY_NODE, &stats);
    print("%-14s %14s %14s %14s\n", "KiB", "managed", "free", "reserve");
    for (unsigned int zone = 0; zone < BUDDY_ZONES; zone++)
        print("%-14s %14lu %14lu %14lu\n", zone_names[zone], kib(stats.zones[zone].managed),
              kib(stats.zones[zone].free), kib(stats.zones[zone].reserve));
    print("\nfree in CPUs' caches %lu KiB\ndescriptors and bits %lu KiB, %lu KiB of them written\n",
          kib(stats.cached), kib(stats.metadata), kib(stats.metadata_opened));

    for (unsigned int node = 0; buddy_node_count() > 1 && node < buddy_node_count(); node++)
        print("node %u (the firmware's domain %u): %lu KiB free\n", node, platform()->domains[node],
              kib(buddy_free_frames_of(node)));

    print("\n%-14s", "free blocks of");
    for (unsigned int zone = 0; zone < BUDDY_ZONES; zone++)
        print(" %14s", zone_names[zone]);
    print("\n");
    for (unsigned int order = 0; order < BUDDY_ORDERS; order++) {
        print("%10lu KiB", kib(BIT(order)));
        for (unsigned int zone = 0; zone < BUDDY_ZONES; zone++)
            print(" %14lu", stats.zones[zone].blocks[order]);
        print("\n");
    }
    return STATUS_OK;
}
COMMAND_LIST(buddy, command_buddy, .group = GROUP_MEMORY, .arguments = "",
             .help = "free memory by zone and by size of block", .example = "buddy",
             .see_also = "pages slabs map", .words = NULL);
