/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The search order of a request: zones, nodes, and the chunk that a CPU allocated from last.
 *
 * A node's zones are tried from the highest down, each without its reserve unless the request is urgent or
 * confined to it; then the next nearest node. One request looks through all of them under one acquisition of
 * the lock, so it is refused only if at that moment there was no such block.
 *
 * Ordinary requests of up to 1 MiB first search the chunk that this CPU allocated from last, so that CPUs do
 * not write the same descriptors' cache lines.
 */
#include "buddy_private.h"

/* This CPU's chunk, + 1: where it took from last. Any value does no harm. */
extern PORT_PER_CPU(uint64_t, buddy_cpu_chunk);
PORT_PER_CPU(uint64_t, buddy_cpu_chunk);

/* ---- zones and nodes ---- */

/* Whether a search has come to its end: it found a block, or a chunk that has to be described first. */
static bool is_over(pfn_t found)
{
    return pfn_is_valid(found) || pfn_is_valid(buddy.undescribed);
}

/* The zone whose reserve a request below @below may take, because it can have nothing above: the highest one
   in reach, if it is not the topmost of all. Return: NULL when there is none. */
static const struct zone *confining_zone(pfn_t below)
{
    bool is_topmost = true;
    for (unsigned int i = BUDDY_ZONES; i-- > 0;) {
        const struct zone *zone = &buddy.zones[i];
        if (zone->managed == 0)
            continue;
        if (zone->start.raw < below.raw)
            return is_topmost ? NULL : zone;
        is_topmost = false;
    }
    return NULL;
}

/* A node's zones, from the highest down. */
static pfn_t search_zones(unsigned int order, unsigned int flags, pfn_t below, uint32_t node)
{
    const struct zone *confining = confining_zone(below);
    for (unsigned int i = BUDDY_ZONES; i-- > 0;) {
        const struct zone *zone = &buddy.zones[i];
        pfn_t lo = zone == confining || (flags & BUDDY_URGENT) ? zone->start : zone->reserve_end;
        pfn_t hi = pfn_min(zone->end, below);
        if (zone->managed == 0 || lo.raw >= hi.raw)
            continue;
        for (size_t n = buddy.node_run_count; n-- > 0;) {
            const struct node_run *run = &buddy.node_runs[n];
            pfn_t end = n + 1 < buddy.node_run_count ? run[1].start : PFN_END;
            if (run->node != node)
                continue;
            pfn_t frame = buddy_take_between_locked(order, pfn_max(lo, run->start), pfn_min(hi, end));
            if (is_over(frame))
                return frame;
        }
    }
    return PFN_INVALID;
}

/* All nodes, by distance from one. */
static pfn_t search_nodes(unsigned int order, unsigned int flags, pfn_t below, unsigned int from)
{
    uint64_t seen = 0;
    for (unsigned int node = from; node < buddy.node_count; node = buddy_nearest_node(from, seen)) {
        pfn_t frame = search_zones(order, flags, below, node);
        if (is_over(frame) || (flags & BUDDY_THIS_NODE))
            return frame;
        seen |= BIT(node);
    }
    return PFN_INVALID;
}

/*
 * A search is one acquisition, begin_search() to end_search(). The descriptors of a chunk that has none yet
 * are made in one of their own, with interrupts on in between, and all is searched again: until then the
 * chunk is free, so no other CPU is refused what it holds.
 */
static void begin_search(bool defers_describing)
{
    spin_lock(&buddy.lock);
    buddy.defers_describing = defers_describing;
    buddy.undescribed = PFN_INVALID;
}

/* @defers_describing: receives false when that has failed: then the next search makes the descriptors itself,
   and continues elsewhere where it cannot. Return: whether another search is needed. */
static bool end_search(bool *defers_describing)
{
    pfn_t chunk = buddy.undescribed;
    buddy.defers_describing = false;
    spin_unlock(&buddy.lock);
    if (LIKELY(!pfn_is_valid(chunk)))
        return false;
    spin_lock(&buddy.lock);
    *defers_describing = buddy_describe_free_locked(chunk);
    spin_unlock(&buddy.lock);
    return true;
}

pfn_t buddy_take(unsigned int order, unsigned int flags, phys_t below, uint32_t node)
{
    pfn_t limit = phys_is_valid(below) ? phys_to_pfn(below) : PFN_END, frame;
    unsigned int from = node == BUDDY_ANY_NODE ? buddy_home_node() : node;
    bool defers = true;
    if (order > BUDDY_MAX_ORDER || from >= buddy.node_count)
        return PFN_INVALID;
    do {
        begin_search(defers);
        frame = search_nodes(order, flags, limit, from);
    } while (end_search(&defers));
    return frame;
}

/* ---- a CPU's own chunk ---- */

/* Whether every ordinary request may take from this chunk, so that it can be a CPU's own. */
static bool is_ordinary_chunk(uint64_t chunk)
{
    for (unsigned int i = 0; i < BUDDY_ZONES; i++) {
        const struct zone *zone = &buddy.zones[i];
        if (chunk * CHUNK_FRAMES >= zone->reserve_end.raw && (chunk + 1) * CHUNK_FRAMES <= zone->end.raw)
            return true;
    }
    return false;
}

/* Return: false when this CPU has none, or it has no block of that order, 0 to 8. */
static bool find_own_chunk(struct place *place, unsigned int order)
{
    uint64_t chunk = PORT_MINE(buddy_cpu_chunk);
    return chunk != 0 && buddy_find(pfn((chunk - 1) * CHUNK_FRAMES), place) &&
           buddy_has_blocks_locked(place, order);
}

/* From all of memory; stores the chunk for the next request. Under the lock. */
static pfn_t search_all(unsigned int order)
{
    pfn_t frame = search_nodes(order, 0, PFN_END, buddy_home_node());
    if (pfn_is_valid(frame) && order < CHUNK_ORDER && is_ordinary_chunk(frame.raw / CHUNK_FRAMES))
        PORT_MINE(buddy_cpu_chunk) = frame.raw / CHUNK_FRAMES + 1;
    return frame;
}

static const struct window whole_chunk = { 0, CHUNK_FRAMES };

static unsigned int take_in_own_chunk(unsigned int order, unsigned int wanted, pfn_t *frames)
{
    struct place place;
    return order < CHUNK_ORDER && find_own_chunk(&place, order)
               ? buddy_take_in_chunk_locked(&place, order, whole_chunk, wanted, frames)
               : 0;
}

unsigned int buddy_take_blocks(unsigned int order, unsigned int wanted, pfn_t *frames)
{
    unsigned int count;
    bool defers = true;
    do {
        begin_search(defers);
        count = take_in_own_chunk(order, wanted, frames);
        /* More than one only where that is cheap: other CPUs wait for the lock. */
        if (count == 0) {
            frames[0] = search_all(order);
            count = pfn_is_valid(frames[0]);
        }
    } while (end_search(&defers));
    return count;
}

pfn_t buddy_take_frames(unsigned int wanted, uint64_t *mask)
{
    struct place place;
    pfn_t first;
    bool defers = true;
    do {
        begin_search(defers);
        first = find_own_chunk(&place, 0) ? buddy_take_some_locked(&place, wanted, mask) : PFN_INVALID;
        if (!pfn_is_valid(first)) {
            pfn_t frame = search_all(0);
            if (pfn_is_valid(frame)) {
                *mask = BIT(frame.raw % 64);
                first = pfn_align_down(frame, 64);
            }
        }
    } while (end_search(&defers));
    return first;
}

/* ---- giving ---- */

bool buddy_give_frames(const struct place *place, uint64_t mask)
{
    spin_lock(&buddy.lock);
    bool was_taken = buddy_give_mask_locked(place, mask);
    spin_unlock(&buddy.lock);
    return was_taken;
}

void buddy_give_blocks(const pfn_t *frames, unsigned int count, unsigned int order)
{
    struct place place;
    pfn_t wrong = PFN_INVALID;
    spin_lock(&buddy.lock);
    for (unsigned int i = 0; i < count; i++)
        if (!buddy_find(frames[i], &place) || !buddy_give_locked(&place, order))
            wrong = frames[i];
    spin_unlock(&buddy.lock);
    if (pfn_is_valid(wrong))
        port_bug("buddy: P%#lx, order %u, was in a CPU's cache, and is partly free", pfn_to_phys(wrong).raw,
                 order);
}

void buddy_give(pfn_t frame, unsigned int order)
{
    buddy_give_blocks(&frame, 1, order);
}

void buddy_reset_cpus(void)
{
    for (unsigned int cpu = 0; cpu < port_cpu_count(); cpu++) {
        *PORT_OF(buddy_cpu_chunk, cpu) = 0;
        buddy_set_cpu_node(cpu, 0);
    }
}

uint64_t buddy_managed_frames(void)
{
    uint64_t managed = 0;
    for (unsigned int i = 0; i < BUDDY_ZONES; i++)
        managed += buddy.zones[i].managed;
    return managed;
}
