/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The allocators on this machine: what memory they may have, and where the buddy's own tables come from.
 *
 * Its tables are taken from the upper ends of usable ranges, the highest first. The memory map stays
 * as the sweep made it; what was taken is noted here, one run a range.
 */
#include <vm/memory.h>

#include <ashlar/bits.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/fault.h>
#include <ashlar/mm/frames.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/port.h>
#include <ashlar/mm/slab.h>
#include <ashlar/mm/vrange.h>
#include <boot/machine.h>
#include <log/log.h>
#include <panic/panic.h>
#include <vm/address_space.h>

/* Ranges that have given something: one is enough for all tables on nearly every machine. */
#define TAKEN_MAX 16

static struct phys_range taken[TAKEN_MAX]; /* ascending */
static size_t taken_count;

/* The run that ends at @end, made when there is none: empty, in its place. NULL when there is no room. */
static struct phys_range *taken_below(uint64_t end)
{
    size_t at = 0;
    while (at < taken_count && taken[at].end.raw < end)
        at++;
    if (at < taken_count && taken[at].end.raw == end)
        return &taken[at];
    if (taken_count == TAKEN_MAX)
        return NULL;
    for (size_t i = taken_count++; i > at; i--)
        taken[i] = taken[i - 1];
    taken[at] = (struct phys_range){ phys(end), phys(end) };
    return &taken[at];
}

static phys_t take(uint64_t size_bytes, uint64_t alignment)
{
    size_t count;
    const struct memmap_range *ranges = machine_map(&count);
    uint64_t ram_end = address_space_ram_end().raw;
    while (count-- > 0) {
        const struct memmap_range *range = &ranges[count];
        uint64_t end = range->end.raw < ram_end ? range->end.raw : ram_end;
        if (range->kind != MEMMAP_USABLE || range->start.raw >= end || end - range->start.raw < size_bytes)
            continue;
        struct phys_range *run = taken_below(end);
        if (!run)
            return PHYS_INVALID;
        if (run->start.raw - range->start.raw < size_bytes)
            continue;
        uint64_t start = align_down(run->start.raw - size_bytes, alignment);
        if (start < range->start.raw)
            continue;
        run->start = phys(start);
        return run->start;
    }
    return PHYS_INVALID;
}

/* What the direct map does not hold counts as taken, too. */
static bool next_taken(size_t *cursor, struct phys_range *run)
{
    size_t at = (*cursor)++;
    if (at < taken_count)
        *run = taken[at];
    else if (at == taken_count)
        *run = (struct phys_range){ address_space_ram_end(), phys(UINT64_MAX - PAGE_SIZE + 1) };
    return at <= taken_count;
}

/* fail=RATE,SEED or fail=nth:N */
static void apply_fail(void)
{
    char words[48];
    struct fault_plan plan;
    status_t status = machine_option("fail", words, sizeof(words));
    if (status == STATUS_NOT_FOUND)
        return;
    if (status == STATUS_OK && fault_parse(words, &plan) == STATUS_OK)
        fault_arm(&plan);
    else
        log_warn("mm", "fail=%s: expected RATE,SEED or nth:N, in decimal", words);
}

void memory_init(const struct buddy_setup *nodes)
{
    struct buddy_setup setup = *nodes;
    setup.take = take;
    setup.next_taken = next_taken;
    setup.ranges = machine_map(&setup.range_count);
    status_t status = buddy_init(&setup);
    if (status != STATUS_OK)
        panic("memory: the buddy allocator cannot start: %s.\nUsable memory is in pieces too small for its "
              "tables.",
              status_sentence(status));
    status = slab_init();
    if (status == STATUS_OK)
        status = kmalloc_init();
    if (status == STATUS_OK)
        status = vrange_init_memory();
    if (status != STATUS_OK)
        panic("memory: the slab allocator cannot start: %s.\nIt needs about 100 KiB; %lu KiB are free.",
              status_sentence(status), buddy_free_frames() << (PAGE_SHIFT - 10));
    address_space_use_allocator();
    apply_fail();
}

bool memory_is_free(phys_t frame)
{
    phys_t page = phys(align_down(frame.raw, PAGE_SIZE));
    return buddy_owns(page) && frame_kind(port_frame(port_pointer(page))) == FRAME_NONE;
}
