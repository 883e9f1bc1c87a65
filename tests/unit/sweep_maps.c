/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sweeps memory maps from files, for corpus_memmap.py and for anyone with a map at hand:
 *
 *     sweep_maps FILE...
 *
 * A file says "# kind e820" or "# kind efi" and then, an entry a line, base, length, type and for
 * EFI the attribute, in hexadecimal (the type in any base). What comes out, for each file:
 *
 *     map FILE
 *     range START END KIND         hexadecimal, the end exclusive, the kind in words
 *     room START                   the lowest free 64 KiB on the unswept map, if there are any
 */
#include <ashlar/bits.h>
#include <ashlar/mm/memmap.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct map {
    struct memmap_entry *entries;
    size_t count;
};

static struct memmap_entry read_entry(const char *line, bool is_efi)
{
    char *next;
    uint64_t base = strtoull(line, &next, 16);
    uint64_t length = strtoull(next, &next, 16);
    uint32_t type = (uint32_t)strtoull(next, &next, 0);
    uint64_t attribute = strtoull(next, &next, 16);
    enum memmap_kind kind = is_efi ? memmap_kind_from_efi(type, attribute) : memmap_kind_from_e820(type);
    return (struct memmap_entry){ base, range_end(base, length), kind, type };
}

static struct map read_map(FILE *file)
{
    struct map map = { NULL, 0 };
    bool is_efi = false;
    char line[256];
    while (fgets(line, sizeof(line), file)) {
        if (strncmp(line, "# kind ", 7) == 0)
            is_efi = strncmp(line + 7, "efi", 3) == 0;
        if (line[0] == '#' || line[0] == '\n')
            continue;
        map.entries = realloc(map.entries, (map.count + 1) * sizeof(*map.entries));
        map.entries[map.count++] = read_entry(line, is_efi);
    }
    return map;
}

static void show_swept(const struct map *map)
{
    void *scratch = malloc(MEMMAP_SCRATCH_BYTES(map->count) + 1);
    struct memmap_range *ranges = malloc(MEMMAP_MAX_RANGES(map->count) * sizeof(*ranges) + 1);
    size_t count;
    memmap_sweep(map->entries, map->count, scratch, ranges, &count);
    for (size_t i = 0; i < count; i++)
        printf("range 0x%" PRIx64 " 0x%" PRIx64 " %s\n", ranges[i].start.raw, ranges[i].end.raw,
               memmap_kind_name(ranges[i].kind));

    phys_t room = memmap_find_room(map->entries, map->count, KIB(64), PAGE_SIZE, phys(UINT64_MAX));
    if (phys_is_valid(room))
        printf("room 0x%" PRIx64 "\n", room.raw);
    free(ranges);
    free(scratch);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "r");
        if (!file) {
            perror(argv[i]);
            return 1;
        }
        struct map map = read_map(file);
        fclose(file);
        printf("map %s\n", argv[i]);
        show_swept(&map);
        free(map.entries);
    }
    return 0;
}
