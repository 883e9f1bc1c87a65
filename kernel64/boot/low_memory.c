/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A block is usable when one usable entry contains all of it and no stricter one a part. The sweep would find
 * more, where two usable entries meet inside a block; but there are 80 blocks, and one is enough.
 */
#include <boot/low_memory.h>

#include <ashlar/bits.h>

/* An EBDA below 128 KiB is an uninitialised word. */
#define LOWEST_BIOS_START 0x20000
#define LAST_PAGE         0x9f000

phys_t low_memory_bios_start(uint16_t ebda_segment, uint16_t base_kib)
{
    uint64_t starts[] = { (uint64_t)ebda_segment << 4, KIB(base_kib) };
    uint64_t lowest = UINT64_MAX;
    for (size_t i = 0; i < ARRAY_LEN(starts); i++)
        if (starts[i] >= LOWEST_BIOS_START && starts[i] < LOW_MEMORY_END && starts[i] < lowest)
            lowest = starts[i];
    return phys(lowest != UINT64_MAX ? lowest : LAST_PAGE);
}

static bool is_good(const struct memmap_entry *entries, size_t count, struct phys_range block)
{
    bool is_usable = false;
    for (size_t i = 0; i < count; i++) {
        struct phys_range listed = memmap_entry_range(&entries[i]);
        if (entries[i].kind == MEMMAP_USABLE)
            is_usable |= phys_range_covers(listed, block);
        else if (phys_ranges_overlap(listed, block))
            return false;
    }
    return is_usable;
}

struct phys_range low_memory_hole(const struct memmap_entry *entries, size_t count, uint64_t reserved)
{
    for (uint64_t end = LOW_MEMORY_END; end > LOW_MEMORY_TRAMPOLINE; end -= LOW_MEMORY_TRAMPOLINE) {
        uint64_t start = end - LOW_MEMORY_TRAMPOLINE;
        struct phys_range block = phys_range_of(start, end);
        if (!is_good(entries, count, block))
            continue;
        if (start >= reserved)
            break;
        return block;
    }
    return (struct phys_range){ phys(0), phys(0) };
}
