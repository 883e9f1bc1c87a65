/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sweeps memory maps from files, for corpus_memmap.py, and for maps of your own:
 *
 *     sweep_maps FILE...
 *
 * The output for each file:
 *
 *     map FILE
 *     range START END KIND         hexadecimal, the end exclusive, the name of the kind
 */
#include "map_file.h"

#include <inttypes.h>

static void show_swept(const struct map *map)
{
    void *scratch = malloc(MEMMAP_SCRATCH_BYTES(map->count) + 1);
    struct memmap_range *ranges = malloc(MEMMAP_MAX_RANGES(map->count) * sizeof(*ranges) + 1);
    size_t count;
    memmap_sweep(map->entries, map->count, scratch, ranges, &count);
    for (size_t i = 0; i < count; i++)
        printf("range 0x%" PRIx64 " 0x%" PRIx64 " %s\n", ranges[i].start.raw, ranges[i].end.raw,
               memmap_kind_name(ranges[i].kind));
    free(ranges);
    free(scratch);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct map map = open_map(argv[i]);
        printf("map %s\n", argv[i]);
        show_swept(&map);
        free(map.entries);
    }
    return 0;
}
