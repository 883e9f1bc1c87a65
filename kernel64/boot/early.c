/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Early memory is a pointer that moves up through what the stub's reserve has left.
 */
#include <boot/early.h>

#include <ashlar/bits.h>
#include <cpu/physical.h>

static uint64_t first, next, end;

void early_init(phys_t from, phys_t to)
{
    first = next = from.raw;
    end = to.raw;
}

void early_take_below(phys_t address)
{
    next = address.raw;
}

void *early_take(size_t size_bytes, size_t alignment)
{
    uint64_t start;
    if (!align_up_fits(next, alignment, &start) || start > end || size_bytes > end - start)
        return NULL;
    next = start + size_bytes;
    return phys_to_pointer(phys(start));
}

phys_t early_take_frame(void)
{
    void *frame = early_take(PAGE_SIZE, PAGE_SIZE);
    return frame ? pointer_to_phys(frame) : PHYS_INVALID;
}

struct phys_range early_taken(void)
{
    return (struct phys_range){ phys(first), phys(next) };
}

struct phys_range early_left(void)
{
    uint64_t start = align_up(next, PAGE_SIZE);
    return (struct phys_range){ phys(start < end ? start : end), phys(end) };
}
