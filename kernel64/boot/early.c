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
    phys_t first, next, end; /* of the reserve */
    uint64_t held_back;
    uint64_t given_back[KERNEL_RESERVE_SIZE / PAGE_SIZE / 64]; /* a bit for each of its frames */
    uint64_t given_back_count; /* bits set: mostly none, and then none is searched */

    const struct memmap_range *ranges; /* NULL: usable memory is not allocated */
    size_t range_count;
    phys_t limit;
    struct phys_range runs[EARLY_RUNS_MAX]; /* allocated: ascending, not adjacent */
    size_t run_count;
    uint64_t usable_taken;
} early;

/* A leaf: nothing waits for another CPU under it. */
static struct spinlock frames_lock =
    SPINLOCK("early frames", LOCK_EARLY_FRAMES, .fairness = LOCK_UNFAIR_IN_GUEST);
/* guarded by frames_lock: what early_take_frame() and early_give_frame() change of the above. */

static bool is_whole_pages(phys_t start, phys_t end)
{
    return is_aligned(start.raw, PAGE_SIZE) && is_aligned(end.raw, PAGE_SIZE);
}

void early_init(phys_t start, phys_t end)
{
    CHECK(is_whole_pages(start, end), "early memory: the reserve is of whole pages");
    CHECK(phys_distance(start, end) <= KERNEL_RESERVE_SIZE, "early memory: each frame has a bit");
    early.first = early.next = start;
    early.end = end;
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
    CHECK(!phys_is_below(address, early.next) && !phys_is_below(early.end, address),
          "early memory: the reserve is taken upwards, to its end");
    early.next = address;
}

void early_add_map(const struct memmap_range *ranges, size_t count, phys_t limit)
{
    for (size_t i = 0; i < count; i++) {
        CHECK(phys_is_below(ranges[i].start, ranges[i].end), "early memory: a range of the map is not empty");
        CHECK(is_whole_pages(ranges[i].start, ranges[i].end),
              "early memory: a range of the map is of whole pages");
        CHECK(i == 0 || !phys_is_below(ranges[i].start, ranges[i - 1].end),
              "early memory: the map's ranges ascend, and none overlaps the next");
    }
    early.ranges = ranges;
    early.range_count = count;
    early.limit = limit;
}

void early_set_limit(phys_t limit)
{
    CHECK(early.run_count == 0 || !phys_is_below(limit, early.runs[early.run_count - 1].end),
          "early memory: no run is beyond the limit");
    early.limit = limit;
}

void early_finish(void)
{
    early.ranges = NULL;
}

/* ---- usable memory ---- */

/* The highest block in [start, end) that overlaps no run. Return: PHYS_INVALID when there is none. */
static phys_t find_room(phys_t start, phys_t end, uint64_t size_bytes, uint64_t alignment)
{
    for (size_t at = early.run_count;; at--) {
        while (at > 0 && !phys_is_below(early.runs[at - 1].start, end))
            at--;
        phys_t from = at > 0 ? phys_max(early.runs[at - 1].end, start) : start;
        if (phys_is_below(from, end) && phys_distance(from, end) >= size_bytes) {
            phys_t block = phys_align_down(phys_sub(end, size_bytes), alignment);
            if (!phys_is_below(block, from))
                return block;
        }
        if (at == 0 || !phys_is_below(start, early.runs[at - 1].start))
            return PHYS_INVALID;
        end = early.runs[at - 1].start;
    }
}

static void check_runs(void)
{
    for (size_t i = 0; i < early.run_count; i++) {
        CHECK(i < EARLY_RUNS_MAX, "early memory: the list of runs ends within its array");
        CHECK(phys_is_below(early.runs[i].start, early.runs[i].end), "early memory: a run is not empty");
        CHECK(is_whole_pages(early.runs[i].start, early.runs[i].end),
              "early memory: a run is of whole pages");
        CHECK(i == 0 || phys_is_below(early.runs[i - 1].end, early.runs[i].start),
              "early memory: runs ascend, and none overlaps or adjoins the next");
    }
}

/* Return: false when the list is full. */
static bool add_run(phys_t start, phys_t end)
{
    size_t at = 0;
    while (at < early.run_count && phys_is_below(early.runs[at].end, start))
        at++;
    bool joins_below = at < early.run_count && phys_is_equal(early.runs[at].end, start);
    size_t above = at + joins_below;
    bool joins_above = above < early.run_count && phys_is_equal(early.runs[above].start, end);
    if (joins_below && joins_above) {
        early.runs[at].end = early.runs[above].end;
        early.run_count--;
        for (size_t i = above; i < early.run_count; i++)
            early.runs[i] = early.runs[i + 1];
    } else if (joins_below) {
        early.runs[at].end = end;
    } else if (joins_above) {
        early.runs[above].start = start;
    } else {
        if (early.run_count == EARLY_RUNS_MAX)
            return false;
        for (size_t i = early.run_count++; i > at; i--)
            early.runs[i] = early.runs[i - 1];
        early.runs[at] = (struct phys_range){ start, end };
    }
    check_runs();
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
        phys_t start = phys_max(range->start, phys(MIB(1))), end = phys_min(range->end, early.limit);
        if (range->kind != MEMMAP_USABLE || !phys_is_below(start, end))
            continue;
        phys_t block = find_room(start, end, size_bytes, alignment);
        CHECK(!phys_is_valid(block) ||
                  phys_range_covers((struct phys_range){ start, end },
                                    (struct phys_range){ block, phys_add(block, size_bytes) }),
              "early memory: a block lies in its range");
        if (phys_is_valid(block))
            return add_run(block, phys_add(block, size_bytes)) ? block : PHYS_INVALID;
    }
    return PHYS_INVALID;
}

bool early_next_taken(size_t *cursor, struct phys_range *run)
{
    size_t at = (*cursor)++;
    if (at < early.run_count)
        *run = early.runs[at];
    else if (at == early.run_count)
        *run = (struct phys_range){ early.limit, phys(MEMMAP_TOP) };
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
    phys_t start = phys_align_up(early.next, alignment); /* no overflow: it lies below 4 GiB */
    if (!phys_is_below(early.end, start) && early.held_back <= phys_distance(start, early.end) &&
        size_bytes <= phys_distance(start, early.end) - early.held_back) {
        early.next = phys_add(start, size_bytes);
        return start;
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
    for (; early.given_back[i] == 0; i++)
        CHECK(i + 1 < ARRAY_LEN(early.given_back),
              "early memory: each frame that is counted has its bit set");
    uint64_t bit = (uint64_t)__builtin_ctzll(early.given_back[i]);
    early.given_back[i] &= early.given_back[i] - 1;
    early.given_back_count--;
    return phys_add(early.first, (64 * i + bit) * PAGE_SIZE);
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
    if (phys_is_below(frame, early.first) || !phys_is_below(frame, early.end))
        return;
    uint64_t index = phys_distance(early.first, frame) / PAGE_SIZE;
    CHECK(is_aligned(frame.raw, PAGE_SIZE), "early memory: what is given back is a frame");
    spin_lock(&frames_lock);
    CHECK(phys_is_below(frame, early.next), "early memory: a frame that is given back was taken");
    CHECK(!(early.given_back[index / 64] & BIT(index % 64)), "early memory: a frame is given back once");
    early.given_back[index / 64] |= BIT(index % 64);
    early.given_back_count++;
    spin_unlock(&frames_lock);
}

struct phys_range early_taken(void)
{
    return (struct phys_range){ early.first, early.next };
}

struct phys_range early_left(void)
{
    return (struct phys_range){ phys_min(phys_align_up(early.next, PAGE_SIZE), early.end), early.end };
}
