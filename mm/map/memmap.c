/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sweep over the memory map.
 *
 * The entries' starts and ends are sorted separately and walked together in ascending order, like the edges
 * of rectangles by a sweep line. A counter for each kind has the number of entries that cover the position;
 * the strictest of them is the kind of the bytes up to the next edge. When that kind changes, the run that
 * ended is rounded to pages and appended to the result. Why the result is correct:
 *
 *   - Runs arrive in ascending order and do not overlap, so only the last range of the result can
 *     share a page with a new one, and never more than one page.
 *   - A usable run rounds inward, so no other run shares a page with it.
 *   - A run gives at most one range, because only its first and its last page can go to another;
 *     n entries have 2n edges, so there are fewer than 2n runs.
 *
 * The sort is a heap sort: in place, without recursion, and O(n log n) for every order. Indices are sorted,
 * so the entries do not change.
 *
 * Refused: sorting the entries and cutting them against each other in pairs. It needs memory for the pieces,
 * is quadratic for maps with many overlaps, and has many cases.
 */
#include <ashlar/mm/memmap.h>

#include <ashlar/bits.h>

/* The set of kinds that cover the position is a word of bits. */
STATIC_ASSERT(MEMMAP_KIND_COUNT <= 32, "too many kinds for the set of active ones");
STATIC_ASSERT(MEMMAP_USABLE == 0, "usable must be the least strict kind");

#define NO_KIND MEMMAP_KIND_COUNT

/* ---- kinds of firmware's types ---- */

enum memmap_kind memmap_kind_from_e820(uint32_t type)
{
    switch (type) {
    case 1:
        return MEMMAP_USABLE;
    case 3:
        return MEMMAP_ACPI_RECLAIM;
    case 4:
        return MEMMAP_ACPI_NVS;
    case 5:
        return MEMMAP_UNUSABLE;
    case 7:
    case 12: /* before ACPI assigned a number */
        return MEMMAP_PERSISTENT;
    case 20: /* EFI runtime code, as some loaders pass it on */
        return MEMMAP_RUNTIME;
    case 0xefffffff: /* a convention between operating systems and their loaders */
        return MEMMAP_SOFT_RESERVED;
    default:
        return MEMMAP_RESERVED;
    }
}

#define EFI_MEMORY_SP BIT(18)

enum memmap_kind memmap_kind_from_efi(uint32_t type, uint64_t attribute)
{
    switch (type) {
    case 1: /* loader code */
    case 2: /* loader data */
    case 3: /* boot services code */
    case 4: /* boot services data */
    case 7: /* conventional */
        return attribute & EFI_MEMORY_SP ? MEMMAP_SOFT_RESERVED : MEMMAP_USABLE;
    case 5: /* runtime services code */
    case 6: /* runtime services data */
        return MEMMAP_RUNTIME;
    case 8:
        return MEMMAP_UNUSABLE;
    case 9:
        return MEMMAP_ACPI_RECLAIM;
    case 10:
        return MEMMAP_ACPI_NVS;
    case 11: /* memory-mapped registers */
    case 12: /* memory-mapped port space */
        return MEMMAP_DEVICE;
    case 14:
        return MEMMAP_PERSISTENT;
    default:
        return MEMMAP_RESERVED;
    }
}

const char *memmap_kind_name(enum memmap_kind kind)
{
#define KIND_NAME(name, words) [name] = words,
    static const char *const names[] = { MEMMAP_KINDS(KIND_NAME) };
#undef KIND_NAME
    return (size_t)kind < ARRAY_LEN(names) ? names[kind] : "unknown";
}

static enum memmap_kind kind_of(const struct memmap_entry *entry)
{
    return entry->kind < MEMMAP_KIND_COUNT ? (enum memmap_kind)entry->kind : MEMMAP_RESERVED;
}

/* ---- sorting ---- */

enum edge { EDGE_START, EDGE_END };

static uint64_t edge_of(const struct memmap_entry *entry, enum edge edge)
{
    return edge == EDGE_START ? entry->start : entry->end;
}

/* Moves order[hole] down until both below it are smaller. */
static void sift_down(const struct memmap_entry *entries, enum edge edge, uint32_t *order, size_t hole,
                      size_t count)
{
    uint32_t sinking = order[hole];
    for (;;) {
        size_t child = 2 * hole + 1;
        if (child >= count)
            break;
        if (child + 1 < count &&
            edge_of(&entries[order[child]], edge) < edge_of(&entries[order[child + 1]], edge))
            child++;
        if (edge_of(&entries[order[child]], edge) <= edge_of(&entries[sinking], edge))
            break;
        order[hole] = order[child];
        hole = child;
    }
    order[hole] = sinking;
}

static void sort_by_edge(const struct memmap_entry *entries, enum edge edge, uint32_t *order, size_t count)
{
    for (size_t i = count / 2; i-- > 0;)
        sift_down(entries, edge, order, i, count);
    for (size_t last = count; last-- > 1;) {
        uint32_t largest = order[0];
        order[0] = order[last];
        order[last] = largest;
        sift_down(entries, edge, order, 0, last);
    }
}

/* ---- from runs of bytes to ranges of pages ---- */

struct result {
    struct memmap_range *ranges;
    size_t count;
};

static void append_run(struct result *result, struct phys_range run, enum memmap_kind kind)
{
    if (run.start.raw >= MEMMAP_TOP)
        return;
    phys_t start = run.start, end = phys_min(run.end, phys(MEMMAP_TOP));
    if (kind == MEMMAP_USABLE) {
        start = phys_align_up(start, PAGE_SIZE);
        end = phys_align_down(end, PAGE_SIZE);
    } else {
        start = phys_align_down(start, PAGE_SIZE);
        end = phys_align_up(end, PAGE_SIZE);
    }

    struct memmap_range *last = result->count > 0 ? &result->ranges[result->count - 1] : NULL;
    if (last && phys_is_below(start, last->end) && last->kind != kind) {
        /* They share the page at start. */
        if (last->kind > kind) {
            start = phys_add(start, PAGE_SIZE);
        } else {
            last->end = start;
            if (phys_is_equal(last->start, start))
                last = --result->count > 0 ? last - 1 : NULL;
        }
    }
    if (!phys_is_below(start, end))
        return;
    if (last && last->kind == kind && !phys_is_below(last->end, start)) {
        last->end = end;
        return;
    }
    result->ranges[result->count++] = (struct memmap_range){ start, end, kind };
}

/* ---- the sweep ---- */

/* The kinds of all entries that cover the position. */
struct active {
    size_t entries[MEMMAP_KIND_COUNT]; /* how many of each */
    uint32_t kinds;                    /* bit n: entries[n] is not 0 */
};

static void active_enter(struct active *active, enum memmap_kind kind)
{
    active->entries[kind]++;
    active->kinds |= 1u << kind;
}

static void active_leave(struct active *active, enum memmap_kind kind)
{
    if (--active->entries[kind] == 0)
        active->kinds &= ~(1u << kind);
}

static enum memmap_kind active_strictest(const struct active *active)
{
    return active->kinds ? (enum memmap_kind)(31 - __builtin_clz(active->kinds)) : NO_KIND;
}

void memmap_sweep(const struct memmap_entry *entries, size_t count, void *scratch,
                  struct memmap_range *ranges, size_t *range_count)
{
    uint32_t *starts = scratch;
    uint32_t *ends = starts + count;
    size_t valid = 0;
    for (size_t i = 0; i < count; i++) {
        if (entries[i].start < entries[i].end) {
            starts[valid] = (uint32_t)i;
            ends[valid] = (uint32_t)i;
            valid++;
        }
    }
    sort_by_edge(entries, EDGE_START, starts, valid);
    sort_by_edge(entries, EDGE_END, ends, valid);

    struct result result = { ranges, 0 };
    struct active active = { 0 };
    enum memmap_kind run_kind = NO_KIND;
    uint64_t run_start = 0;
    size_t next_start = 0, next_end = 0;

    /* An entry ends after it starts, so the last edge of all is an end. */
    while (next_end < valid) {
        uint64_t here = entries[ends[next_end]].end;
        if (next_start < valid && entries[starts[next_start]].start < here)
            here = entries[starts[next_start]].start;

        for (; next_end < valid && entries[ends[next_end]].end == here; next_end++)
            active_leave(&active, kind_of(&entries[ends[next_end]]));
        for (; next_start < valid && entries[starts[next_start]].start == here; next_start++)
            active_enter(&active, kind_of(&entries[starts[next_start]]));

        enum memmap_kind kind = active_strictest(&active);
        if (kind != run_kind) {
            if (run_kind != NO_KIND)
                append_run(&result, phys_range_of(run_start, here), run_kind);
            run_kind = kind;
            run_start = here;
        }
    }
    *range_count = result.count;
}

uint64_t memmap_total(const struct memmap_range *ranges, size_t count, enum memmap_kind kind)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (ranges[i].kind == kind)
            bytes += phys_distance(ranges[i].start, ranges[i].end);
    }
    return bytes;
}
