/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A machine for tests of the buddy allocator: its memory map, early memory, and a model with a byte per
 * frame: whether it is free.
 */
#include <ashlar/bits.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/frame_cache.h>

#include <hosted.h>

#include "../../mm/frames/buddy_private.h"

#ifndef MACHINE_RANGES
#define MACHINE_RANGES 64
#endif

static struct {
    struct memmap_range ranges[MACHINE_RANGES];
    size_t range_count;
    uint64_t early_tops[MACHINE_RANGES]; /* early memory is [top, range end) */
    struct buddy_setup setup;
} machine;

/* The highest that fits; the lowest when machine_early_is_low. */
static bool machine_early_is_low;

static UNUSED phys_t machine_take(uint64_t size, uint64_t alignment)
{
    for (size_t n = 0; n < machine.range_count; n++) {
        size_t i = machine_early_is_low ? n : machine.range_count - 1 - n;
        struct memmap_range *range = &machine.ranges[i];
        if (range->kind != MEMMAP_USABLE || machine.early_tops[i] < range->start.raw + size)
            continue;
        uint64_t start = align_down(machine.early_tops[i] - size, alignment);
        if (start < range->start.raw)
            continue;
        machine.early_tops[i] = start;
        return phys(start);
    }
    return PHYS_INVALID;
}

static UNUSED bool machine_next_taken(size_t *cursor, struct phys_range *taken)
{
    for (; *cursor < machine.range_count; ++*cursor) {
        size_t i = *cursor;
        if (machine.early_tops[i] < machine.ranges[i].end.raw) {
            *taken = (struct phys_range){ phys(machine.early_tops[i]), machine.ranges[i].end };
            ++*cursor;
            return true;
        }
    }
    return false;
}

static UNUSED void machine_begin(void)
{
    machine.range_count = 0;
    machine.setup = (struct buddy_setup){ .take = machine_take, .next_taken = machine_next_taken };
}

static UNUSED void machine_range(uint64_t start, uint64_t end, enum memmap_kind kind)
{
    machine.early_tops[machine.range_count] = end;
    machine.ranges[machine.range_count++] = (struct memmap_range){ phys(start), phys(end), kind };
}

/* Initialises the allocator with the ranges of machine_range(). */
static UNUSED MUST_CHECK status_t machine_start(void)
{
    uint64_t top = 0;
    for (size_t i = 0; i < machine.range_count; i++)
        if (machine.ranges[i].kind <= MEMMAP_LAST_RAM)
            top = machine.ranges[i].end.raw;
    hosted_memory_init(0, align_up(top, HUGE_PAGE_SIZE));
    machine.setup.ranges = machine.ranges;
    machine.setup.range_count = machine.range_count;
    return buddy_init(&machine.setup);
}

/* A PC: holes below 1 MiB and 4 GiB, @size bytes of memory in all. */
static UNUSED void machine_pc(uint64_t size)
{
    uint64_t low = size < GIB(3) ? size : GIB(3);
    machine_begin();
    machine_range(PAGE_SIZE, KIB(636), MEMMAP_USABLE);
    machine_range(KIB(636), MIB(1), MEMMAP_RESERVED);
    machine_range(MIB(1), MIB(2), MEMMAP_USABLE);
    machine_range(MIB(2), MIB(3), MEMMAP_KERNEL);
    machine_range(MIB(3), MIB(5), MEMMAP_BOOT_IMAGE);
    machine_range(MIB(5), low - KIB(128), MEMMAP_USABLE);
    machine_range(low - KIB(128), low, MEMMAP_ACPI_RECLAIM);
    if (size > low)
        machine_range(size > GIB(1024) ? TIB(1) : GIB(4), (size > GIB(1024) ? TIB(1) : GIB(4)) + size - low,
                      MEMMAP_USABLE);
}

/* ---- the model ---- */

enum { MODEL_NOT_OURS, MODEL_FREE, MODEL_USED };
static uint8_t *model;
static uint64_t model_frames;

static UNUSED void model_set(uint64_t first, uint64_t count, uint8_t state)
{
    for (uint64_t i = first; i < first + count; i++)
        model[i] = state;
}

/* What is usable and was not taken early, or by the allocator for its CPUs, is free. */
static UNUSED void model_start(void)
{
    free(model);
    model_frames = machine.ranges[machine.range_count - 1].end.raw >> PAGE_SHIFT;
    model = calloc(model_frames, 1);
    for (size_t i = 0; i < machine.range_count; i++)
        if (machine.ranges[i].kind == MEMMAP_USABLE)
            model_set(machine.ranges[i].start.raw >> PAGE_SHIFT,
                      (machine.early_tops[i] - machine.ranges[i].start.raw) >> PAGE_SHIFT, MODEL_FREE);
    for (uint64_t frame = 0; frame < model_frames; frame++) {
        phys_t address = phys(frame << PAGE_SHIFT);
        if (model[frame] == MODEL_FREE && buddy_owns(address) &&
            frame_kind(port_frame(port_pointer(address))) == FRAME_METADATA)
            model_set(frame, 1u << frame_order(port_frame(port_pointer(address))), MODEL_NOT_OURS);
    }
}

static UNUSED uint64_t model_count(uint64_t lo, uint64_t hi, uint8_t state)
{
    uint64_t count = 0;
    for (uint64_t i = lo; i < hi && i < model_frames; i++)
        count += model[i] == state;
    return count;
}

/* Whether [first, first + 2^order) is all @state. */
static UNUSED bool model_is(uint64_t first, unsigned int order, uint8_t state)
{
    if (first + BIT(order) > model_frames)
        return false;
    for (uint64_t i = first; i < first + BIT(order); i++)
        if (model[i] != state)
            return false;
    return true;
}

/* Whether a block of @order is free within [lo, hi). */
static UNUSED bool model_has(unsigned int order, uint64_t lo, uint64_t hi)
{
    for (uint64_t at = align_up(lo, BIT(order)); at + BIT(order) <= hi && at < model_frames; at += BIT(order))
        if (model_is(at, order, MODEL_FREE))
            return true;
    return false;
}
