/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checks are in order of the knowledge of the machine that they need, so that the simplest reason is
 * reported: an address of 2^54 is out of range, not "unlisted".
 *
 * Windows are compared to the byte: some chip sets have two I/O APICs in one page.
 */
#include <boot/device_window.h>

#include <ashlar/bits.h>

/* The PC's video memory, and the end of the memory that real mode addresses. No PC has a register block below
   it. */
#define VIDEO_START   0xa0000
#define VIDEO_END     0xc0000
#define FIRST_MIB_END MIB(1)

/* Whether a device can be at addresses that the map lists as @kind. */
static bool can_be_device(enum memmap_kind kind, enum device_use use)
{
    switch (kind) {
    case MEMMAP_RESERVED:
    case MEMMAP_DEVICE:
        return true;
    case MEMMAP_FRAMEBUFFER:
        return use == DEVICE_SCREEN;
    default:
        return false;
    }
}

static enum device_fault check_numbers(const struct device_space *space, const struct device_request *request)
{
    uint64_t start = request->address.raw, end;
    if (start == 0 && request->use != DEVICE_TABLE)
        return DEVICE_FAULT_ZERO;
    if (request->size_bytes == 0 || !add_fits(start, request->size_bytes, &end) ||
        end > space->address_end.raw)
        return DEVICE_FAULT_RANGE;
    if (request->use == DEVICE_REGISTERS && request->size_bytes >= 4 && start % 4 != 0)
        return DEVICE_FAULT_ALIGNMENT;
    if (request->use == DEVICE_REGISTERS && start < FIRST_MIB_END)
        return DEVICE_FAULT_FIRST_MIB;
    if (request->use == DEVICE_SCREEN && start < FIRST_MIB_END && (start < VIDEO_START || end > VIDEO_END))
        return DEVICE_FAULT_FIRST_MIB;
    return DEVICE_FAULT_NONE;
}

static enum device_fault check_map(const struct device_space *space, enum device_use use,
                                   struct phys_range range, const char **other)
{
    for (size_t i = 0; i < space->range_count; i++) {
        const struct memmap_range *listed = &space->ranges[i];
        if (phys_ranges_overlap(range, memmap_extent(listed)) && !can_be_device(listed->kind, use)) {
            *other = memmap_kind_name(listed->kind);
            return DEVICE_FAULT_MEMORY;
        }
    }
    return DEVICE_FAULT_NONE;
}

static enum device_fault check_windows(const struct device_space *space, struct phys_range range,
                                       const char **other)
{
    for (size_t i = 0; i < space->window_count; i++) {
        const struct device_window *window = &space->windows[i];
        if (phys_ranges_overlap(range, window->range)) {
            *other = window->name;
            return DEVICE_FAULT_TAKEN;
        }
    }
    return DEVICE_FAULT_NONE;
}

enum device_fault device_check(const struct device_space *space, const struct device_request *request,
                               const char **other)
{
    const char *unused;
    other = other ? other : &unused;
    *other = NULL;
    enum device_fault fault = check_numbers(space, request);
    if (fault != DEVICE_FAULT_NONE)
        return fault;
    struct phys_range range = { request->address, phys_add(request->address, request->size_bytes) };
    if (!request->is_lapic && phys_ranges_overlap(range, space->lapic))
        return DEVICE_FAULT_LAPIC;
    if (request->use == DEVICE_TABLE)
        return check_windows(space, range, other);
    for (size_t i = 0; i < ARRAY_LEN(space->kernel); i++)
        if (phys_ranges_overlap(range, space->kernel[i]))
            return DEVICE_FAULT_KERNEL;
    fault = check_map(space, request->use, range, other);
    return fault != DEVICE_FAULT_NONE ? fault : check_windows(space, range, other);
}

static bool is_covered(const struct memmap_entry *entries, size_t count, struct phys_range range)
{
    for (size_t i = 0; i < count; i++)
        if (entries[i].kind > MEMMAP_LAST_RAM && phys_range_covers(memmap_entry_range(&entries[i]), range))
            return true;
    return false;
}

bool device_is_in_memory(const struct memmap_entry *entries, size_t count, struct phys_range range)
{
    for (size_t i = 0; i < count; i++) {
        struct phys_range part = phys_range_intersect(memmap_entry_range(&entries[i]), range);
        if (entries[i].kind <= MEMMAP_LAST_RAM && !phys_range_is_empty(part) &&
            !is_covered(entries, count, part))
            return true;
    }
    return false;
}

const char *device_fault_name(enum device_fault fault)
{
#define FAULT_TEXT(name, words) [name] = words,
    static const char *const sentences[] = { DEVICE_FAULTS(FAULT_TEXT) };
#undef FAULT_TEXT
    return (size_t)fault < ARRAY_LEN(sentences) ? sentences[fault] : "unknown";
}
