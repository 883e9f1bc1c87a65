/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's `slabs` and `leaks`: the caches, and the allocation sites of their objects.
 */
#include <ashlar/addr.h>
#include <ashlar/command.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/slab.h>
#include <lib/string.h>
#include <log/print.h>

static uint64_t slab_kib(const struct slab_stats *stats)
{
    return stats->slabs << stats->order << (PAGE_SHIFT - 10);
}

/* ---- slabs ---- */

/* Insertion sort: caches are few. */
static void sort_by_memory(struct slab_stats *stats, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct slab_stats one = stats[i];
        size_t at = i;
        for (; at > 0 && slab_kib(&stats[at - 1]) < slab_kib(&one); at--)
            stats[at] = stats[at - 1];
        stats[at] = one;
    }
}

static void print_heading(void)
{
    print_styled(STYLE_HEADLINE, "%-16s %6s %8s %8s %8s %7s %8s %9s\n", "cache", "bytes", "in use", "cached",
                 "free", "slabs", "KiB", "magazine");
}

static void print_cache(const struct slab_stats *stats)
{
    print("%-16s %6zu %8lu %8lu %8lu %7lu %8lu ", stats->name, stats->object_size, stats->in_use,
          stats->cached, stats->free, stats->slabs, slab_kib(stats));
    if (stats->magazine > 0)
        print("%9u\n", stats->magazine);
    else
        print("%9s\n", stats->is_checked ? "checked" : "none");
}

static void print_unsorted(void)
{
    struct slab_stats stats;
    print_heading();
    for (size_t cursor = 0; slab_next_stats(&cursor, &stats);)
        print_cache(&stats);
}

static status_t command_slabs(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct slab_stats *stats = kcalloc(SLAB_CACHES_MAX, sizeof(*stats));
    if (!stats) {
        print_unsorted();
        return STATUS_OK;
    }
    size_t count = 0;
    for (size_t cursor = 0; count < SLAB_CACHES_MAX && slab_next_stats(&cursor, &stats[count]);)
        count++;
    sort_by_memory(stats, count);

    uint64_t all_kib = 0, used_bytes = 0;
    size_t without = 0;
    print_heading();
    for (size_t i = 0; i < count; i++) {
        if (stats[i].slabs > 0)
            print_cache(&stats[i]);
        else
            without++;
        all_kib += slab_kib(&stats[i]);
        used_bytes += stats[i].in_use * stats[i].object_size;
    }
    kfree(stats);
    struct kmalloc_blocks blocks = kmalloc_blocks();
    print("\n%zu more caches are empty\n", without);
    print("slabs: %lu KiB, of which objects in use have %lu\n"
          "larger blocks from kmalloc: %lu, with %lu KiB\n",
          all_kib, used_bytes >> 10, blocks.blocks, blocks.frames << (PAGE_SHIFT - 10));
    return STATUS_OK;
}
COMMAND_LIST(slabs, command_slabs, .group = GROUP_MEMORY, .arguments = "",
             .help = "caches of objects, those with most memory first", .example = "slabs",
             .see_also = "leaks buddy pages", .words = NULL);

/* ---- leaks ---- */

#define HOLDERS 128

/* An object in use is not yet a leak: compare the counts at two times, or of two builds. */
static status_t command_leaks(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct slab_holder *holders = kcalloc(HOLDERS, sizeof(*holders));
    if (!holders)
        return STATUS_NO_MEMORY;
    size_t count = slab_holders(holders, HOLDERS);
    print("%-18s %9s %11s  %s\n", "cache", "objects", "bytes", "allocated from");
    for (size_t i = 0; i < count; i++) {
        print("%-18s %9lu %11lu  ", holders[i].cache, holders[i].objects, holders[i].bytes);
        if (holders[i].caller)
            print("%pS\n", holders[i].caller);
        else
            print("%s\n", "unknown: the cache is not checked");
    }
    kfree(holders);
    if (!slab_checks_new_caches)
        print("callers are known in a checked build (meson option `checked`)\n");
    return STATUS_OK;
}
COMMAND_LIST(leaks, command_leaks, .group = GROUP_MEMORY, .arguments = "",
             .help = "objects in use by cache and, in a checked build, by allocation site",
             .example = "leaks", .see_also = "slabs pages", .words = NULL);
