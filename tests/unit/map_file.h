/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Memory maps from files: "# kind e820" or "# kind efi" and then, an entry a line, base, length, type and for
 * EFI the attribute, in hexadecimal (the type in any base).
 */
#include <ashlar/bits.h>
#include <ashlar/mm/memmap.h>

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

/* Ends the process when the file cannot be read. */
static struct map open_map(const char *name)
{
    FILE *file = fopen(name, "r");
    if (!file) {
        perror(name);
        exit(1);
    }
    struct map map = read_map(file);
    fclose(file);
    return map;
}
