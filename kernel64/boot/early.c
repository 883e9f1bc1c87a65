/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reserve is a pointer that moves up; usable memory is the swept map and an ascending list of runs that
 * are taken from it. A block ends at the start of the run above it, so that the blocks of one range merge
 * into one run and the list stays short.
 */
#include <boot/early.h>

#include <ashlar/bits.h>
#include <ashlar/mm/port.h>
#include <cpu/physical.h>

static struct {
    uint64_t first, next, end, held_back;                      /* of the reserve */
    uint64_t given_back[KERNEL_RESERVE_SIZE / PAGE_SIZE / 64]; /* a bit for each of its frames */
    uint64_t given_back_count; /* bits set: mostly none, and then none is searched */

    const struct memmap_range *ranges; /* NULL: usable memory is not allocated */
    size_t range_count;
    uint64_t limit;
    struct phys_range runs[EARLY_RUNS_MAX]; /* allocated: ascending, not adjacent */
    size_t run_count;
    uint64_t usable_taken;
} early;

/* A leaf: nothing waits for another CPU under it. */
static struct spinlock frames_lock =
    SPINLOCK("early frames", LOCK_EARLY_FRAMES, .fairness = LOCK_UNFAIR_IN_GUEST);
/* guarded by frames_lock: what early_take_frame() and early_give_frame() change of the above. */

void early_init(phys_t start, phys_t end)
{
    early.first = early.next = start.raw;
    early.end = end.raw;
    early.ranges = NULL;
    early.held_back = early.run_count = early.usable_taken = early.given_back_count = 0;
    for (size_t i = 0; i < ARRAY_LEN(early.given_back); i++)
        early.given_back[i] = 0;
}

void early_hold_back(uint64_t bytes)
{
    early.held_back = bytes;
}

void early_reserve_below(phys_t address)
{
    early.next = address.raw;
}

void early_add_map(const struct memmap_range *ranges, size_t count, phys_t limit)
{
    early.ranges = ranges;
    early.range_count = count;
    early.limit = limit.raw;
}

void early_set_limit(phys_t limit)
{
    early.limit = limit.raw;
}

void early_finish(void)
{
    early.ranges = NULL;
}

/* ---- usable memory ---- */

/* The highest block in [start, end) that overlaps no run. Return: UINT64_MAX when there is none. */
static uint64_t find_room(uint64_t start, uint64_t end, uint64_t size_bytes, uint64_t alignment)
{
    for (size_t at = early.run_count;; at--) {
        while (at > 0 && early.runs[at - 1].start.raw >= end)
            at--;
        uint64_t below = at > 0 ? early.runs[at - 1].end.raw : 0;
        uint64_t from = below > start ? below : start;
        if (end > from && end - from >= size_bytes) {
            uint64_t block = align_down(end - size_bytes, alignment);
            if (block >= from)
                return block;
        }
        if (at == 0 || early.runs[at - 1].start.raw <= start)
            return UINT64_MAX;
        end = early.runs[at - 1].start.raw;
    }
}

/* Return: false when the list is full. */
static bool add_run(uint64_t start, uint64_t end)
{
    size_t at = 0;
    while (at < early.run_count && early.runs[at].end.raw < start)
        at++;
    bool joins_below = at < early.run_count && early.runs[at].end.raw == start;
    size_t above = at + joins_below;
    bool joins_above = above < early.run_count && early.runs[above].start.raw == end;
    if (joins_below && joins_above) {
        early.runs[at].end = early.runs[above].end;
        early.run_count--;
        for (size_t i = above; i < early.run_count; i++)
            early.runs[i] = early.runs[i + 1];
    } else if (joins_below) {
        early.runs[at].end = phys(end);
    } else if (joins_above) {
        early.runs[above].start = phys(start);
    } else {
        if (early.run_count == EARLY_RUNS_MAX)
            return false;
        for (size_t i = early.run_count++; i > at; i--)
            early.runs[i] = early.runs[i - 1];
        early.runs[at] = (struct phys_range){ phys(start), phys(end) };
    }
    return true;
}

phys_t early_alloc(uint64_t size_bytes, uint64_t alignment)
{
    if (!early.ranges || !align_up_fits(size_bytes, PAGE_SIZE, &size_bytes) || size_bytes == 0)
        return PHYS_INVALID;
    if (alignment < PAGE_SIZE)
        alignment = PAGE_SIZE;
    for (size_t i = early.range_count; i-- > 0;) {
        const struct memmap_range *range = &early.ranges[i];
        uint64_t start = range->start.raw > MIB(1) ? range->start.raw : MIB(1);
        uint64_t end = range->end.raw < early.limit ? range->end.raw : early.limit;
        if (range->kind != MEMMAP_USABLE || start >= end)
            continue;
        uint64_t block = find_room(start, end, size_bytes, alignment);
        if (block != UINT64_MAX)
            return add_run(block, block + size_bytes) ? phys(block) : PHYS_INVALID;
    }
    return PHYS_INVALID;
}

bool early_next_taken(size_t *cursor, struct phys_range *run)
{
    size_t at = (*cursor)++;
    if (at < early.run_count)
        *run = early.runs[at];
    else if (at == early.run_count)
        *run = (struct phys_range){ phys(early.limit), phys(MEMMAP_TOP) };
    return at <= early.run_count;
}

uint64_t early_usable_taken(void)
{
    return early.usable_taken;
}

/* ---- the reserve, and usable memory after it ---- */

/* Return: PHYS_INVALID when neither is large enough. */
static phys_t take(uint64_t size_bytes, uint64_t alignment)
{
    uint64_t start;
    if (align_up_fits(early.next, alignment, &start) && start <= early.end &&
        early.held_back <= early.end - start && size_bytes <= early.end - start - early.held_back) {
        early.next = start + size_bytes;
        return phys(start);
    }
    phys_t block = early_alloc(size_bytes, alignment);
    if (phys_is_valid(block))
        early.usable_taken += align_up(size_bytes, PAGE_SIZE);
    return block;
}

void *early_take(size_t size_bytes, size_t alignment)
{
    phys_t block = take(size_bytes, alignment);
    return phys_is_valid(block) ? phys_to_pointer(block) : NULL;
}

static phys_t take_frame_locked(void)
{
    CHECK_HELD(&frames_lock);
    if (early.given_back_count == 0)
        return take(PAGE_SIZE, PAGE_SIZE);
    size_t i = 0;
    while (early.given_back[i] == 0)
        i++;
    uint64_t bit = (uint64_t)__builtin_ctzll(early.given_back[i]);
    early.given_back[i] &= early.given_back[i] - 1;
    early.given_back_count--;
    return phys(early.first + (64 * i + bit) * PAGE_SIZE);
}

phys_t early_take_frame(void)
{
    spin_lock(&frames_lock);
    phys_t frame = take_frame_locked();
    spin_unlock(&frames_lock);
    return frame;
}

void early_give_frame(phys_t frame)
{
    if (frame.raw < early.first || frame.raw >= early.end)
        return;
    uint64_t index = (frame.raw - early.first) / PAGE_SIZE;
    spin_lock(&frames_lock);
    early.given_back[index / 64] |= BIT(index % 64);
    early.given_back_count++;
    spin_unlock(&frames_lock);
}

struct phys_range early_taken(void)
{
    return (struct phys_range){ phys(early.first), phys(early.next) };
}

struct phys_range early_left(void)
{
    uint64_t start = align_up(early.next, PAGE_SIZE);
    return (struct phys_range){ phys(start < early.end ? start : early.end), phys(early.end) };
}
