/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables in RAM are in the direct map, and most machines have all of them there. SeaBIOS keeps them in memory
 * that its map reserves, UEFI the FACS in NVS, and the MP tables stand in the BIOS area: these are mapped
 * when they are first asked for, and a window that holds what is asked for serves again.
 *
 * WINDOWS is twice what a machine of forty tables would need with each in a place of its own, its header
 * and its rest mapped apart. Refused: giving up the oldest window. A caller may hold a table while it
 * reads the others.
 */
#include <vm/firmware_memory.h>

#include <ashlar/bits.h>
#include <boot/machine.h>
#include <vm/device_map.h>
#include <cpu/physical.h>
#include <vm/address_space.h>

#define WINDOWS 160

static struct window {
    struct phys_range range; /* whole pages */
    const uint8_t *bytes;
} windows[WINDOWS];
static unsigned int window_count;

/* Whether all of [start, end) is in the direct map. Runs of the map that touch count as one. */
static bool is_in_direct_map(uint64_t start, uint64_t end)
{
    size_t count;
    const struct memmap_range *ranges = machine_map(&count);
    for (size_t i = 0; i < count && start < end; i++) {
        if (ranges[i].kind <= MEMMAP_LAST_RAM && ranges[i].start.raw <= start && start < ranges[i].end.raw)
            start = ranges[i].end.raw;
    }
    return start >= end && end <= address_space_ram_end().raw;
}

static const struct window *find_window(uint64_t start, uint64_t end)
{
    for (unsigned int i = 0; i < window_count; i++) {
        if (windows[i].range.start.raw <= start && end <= windows[i].range.end.raw)
            return &windows[i];
    }
    return NULL;
}

static const struct window *open_window(uint64_t start, uint64_t end)
{
    uint64_t first = align_down(start, PAGE_SIZE), last = align_up(end, PAGE_SIZE);
    if (window_count == WINDOWS || last <= first)
        return NULL;
    const void *bytes = device_map_table(phys(first), last - first, "firmware tables");
    if (!bytes)
        return NULL;
    windows[window_count] = (struct window){ { phys(first), phys(last) }, bytes };
    return &windows[window_count++];
}

const void *firmware_memory_read(phys_t address, size_t size_bytes)
{
    uint64_t end = range_end(address.raw, size_bytes);
    if (end - address.raw != size_bytes || size_bytes == 0)
        return NULL;
    if (is_in_direct_map(address.raw, end))
        return phys_to_pointer(address);
    const struct window *window = find_window(address.raw, end);
    if (!window)
        window = open_window(address.raw, end);
    return window ? window->bytes + (address.raw - window->range.start.raw) : NULL;
}
