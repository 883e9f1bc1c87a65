/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sweep, on entries made of the input, near each other so that they overlap. What must hold of any result
 * is checked against the entries themselves, without a sweep of our own.
 */
#include <ashlar/mm/memmap.h>

#include "fuzz.h"

#define MOST 24

static struct memmap_entry entries[MOST];
static size_t entry_count;

/* The strictest entry for one byte; -1 when there is none. */
static int kind_at(uint64_t address)
{
    int kind = -1;
    for (size_t i = 0; i < entry_count; i++) {
        int entry_kind = entries[i].kind < MEMMAP_KIND_COUNT ? (int)entries[i].kind : MEMMAP_RESERVED;
        if (entries[i].start <= address && address < entries[i].end && entry_kind > kind)
            kind = entry_kind;
    }
    return kind;
}

/* Checks each byte of [start, end) at which the strictest reservation can change. */
static void check_bytes(uint64_t start, uint64_t end, int kind)
{
    for (size_t i = 0; i < 2 * entry_count + 1; i++) {
        uint64_t at = i == 0 ? start : i & 1 ? entries[i / 2].start : entries[i / 2 - 1].end;
        if (at < start || at >= end)
            continue;
        if (kind == MEMMAP_USABLE)
            insist(kind_at(at) == MEMMAP_USABLE);
        else
            /* Rounding outward may include bytes that are less strict, or in no entry. */
            insist(kind_at(at) <= kind);
    }
}

static void check_ranges(const struct memmap_range *ranges, size_t count)
{
    uint64_t behind = 0;

    insist(count <= MEMMAP_MAX_RANGES(entry_count));
    for (size_t i = 0; i < count; i++) {
        uint64_t start = ranges[i].start.raw, end = ranges[i].end.raw;
        insist(start >= behind && start < end && end <= MEMMAP_TOP);
        insist(start % 4096 == 0 && end % 4096 == 0);
        check_bytes(start, end, (int)ranges[i].kind);
        behind = end;
    }
}

/* Nothing strict is lost: the byte at which an entry starts has a range at least as strict. */
static void check_entries(const struct memmap_range *ranges, size_t count)
{
    for (size_t e = 0; e < entry_count; e++) {
        uint64_t at = entries[e].start;
        int kind = kind_at(at), found = -1;
        if (kind <= MEMMAP_USABLE || at >= MEMMAP_TOP)
            continue;
        for (size_t i = 0; i < count; i++)
            if (ranges[i].start.raw <= at && at < ranges[i].end.raw)
                found = (int)ranges[i].kind;
        insist(found >= kind);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct memmap_range ranges[MEMMAP_MAX_RANGES(MOST)];
    uint32_t scratch[MEMMAP_SCRATCH_BYTES(MOST) / 4];
    size_t range_count;

    entry_count = 0;
    for (; size >= 6 && entry_count < MOST; data += 6, size -= 6) {
        /* 256 quarter pages, at the bottom or at the top of the address space. */
        uint64_t base = data[0] & 0x80 ? UINT64_MAX - 0x3ffff : 0;
        uint64_t start = base + data[1] * 1024u + data[2] % 3, end = base + data[3] * 1024u + data[4] % 3;
        uint32_t kind = data[0] & 0x40 ? MEMMAP_USABLE : data[5] % (MEMMAP_KIND_COUNT + 1);
        entries[entry_count++] = (struct memmap_entry){ start, end, kind, 0 };
    }
    memmap_sweep(entries, entry_count, scratch, ranges, &range_count);
    check_ranges(ranges, range_count);
    check_entries(ranges, range_count);
    return 0;
}
