/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables in RAM are in the direct map, on most machines all of them. Others are mapped on first use: those of
 * SeaBIOS, which are in memory that its map reserves, UEFI's FACS in NVS, the MP tables in the BIOS area. A
 * window is reused for every table that lies in it.
 *
 * WINDOWS is twice what forty tables need if none lies in another's window, and each takes two: for its
 * header and for the rest. Refused: giving up the oldest window. A caller may hold a table while it reads the
 * others.
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
static bool is_in_direct_map(phys_t start, phys_t end)
{
    size_t count;
    const struct memmap_range *ranges = machine_map(&count);
    for (size_t i = 0; i < count && phys_is_below(start, end); i++) {
        if (ranges[i].kind <= MEMMAP_LAST_RAM && !phys_is_below(start, ranges[i].start) &&
            phys_is_below(start, ranges[i].end))
            start = ranges[i].end;
    }
    return !phys_is_below(start, end) && !phys_is_below(address_space_ram_end(), end);
}

static const struct window *find_window(phys_t start, phys_t end)
{
    for (unsigned int i = 0; i < window_count; i++) {
        if (!phys_is_below(start, windows[i].range.start) && !phys_is_below(windows[i].range.end, end))
            return &windows[i];
    }
    return NULL;
}

static const struct window *open_window(phys_t start, phys_t end)
{
    struct phys_range range = { phys_align_down(start, PAGE_SIZE), phys_align_up(end, PAGE_SIZE) };
    if (window_count == WINDOWS || !phys_is_below(range.start, range.end))
        return NULL;
    const void *bytes = device_map_table(range.start, phys_range_size(range), "firmware tables");
    if (!bytes)
        return NULL;
    windows[window_count] = (struct window){ range, bytes };
    return &windows[window_count++];
}

const void *firmware_memory_read(phys_t address, size_t size_bytes)
{
    phys_t end = phys(range_end(address.raw, size_bytes));
    if (phys_distance(address, end) != size_bytes || size_bytes == 0)
        return NULL;
    if (is_in_direct_map(address, end))
        return phys_to_pointer(address);
    const struct window *window = find_window(address, end);
    if (!window)
        window = open_window(address, end);
    return window ? window->bytes + phys_distance(window->range.start, address) : NULL;
}
