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

struct request {
    unsigned int order, flags;
    pfn_t below;       /* PFN_END: anywhere */
    unsigned int node; /* searched first */
    bool is_ordinary;  /* the chunk that it takes from becomes this CPU's */
    bool defers;       /* as in struct range_request; take() sets it */
};

/* The zone whose reserve a request below @below may take, because it can have nothing above: the highest one
   in reach, if it is not the topmost of all. Return: NULL when there is none. */
static const struct zone *confining_zone(pfn_t below)
{
    bool is_topmost = true;
    for (unsigned int i = BUDDY_ZONES; i-- > 0;) {
        const struct zone *zone = &buddy.zones[i];
        if (zone->managed == 0)
            continue;
        if (pfn_is_below(zone->start, below))
            return is_topmost ? NULL : zone;
        is_topmost = false;
    }
    return NULL;
}

/* A node's zones, from the highest down. The lock is held. */
static struct found search_zones(const struct request *request, unsigned int node)
{
    CHECK_HELD(&buddy.lock);
    const struct zone *confining = confining_zone(request->below);
    for (unsigned int i = BUDDY_ZONES; i-- > 0;) {
        const struct zone *zone = &buddy.zones[i];
        pfn_t lo = zone == confining || (request->flags & BUDDY_URGENT) ? zone->start : zone->reserve_end;
        pfn_t hi = pfn_min(zone->end, request->below);
        if (zone->managed == 0 || !pfn_is_below(lo, hi))
            continue;
        for (size_t n = buddy.node_run_count; n-- > 0;) {
            const struct node_run *run = &buddy.node_runs[n];
            pfn_t end = n + 1 < buddy.node_run_count ? run[1].start : PFN_END;
            if (run->node != node)
                continue;
            const struct range_request part = {
                .order = request->order,
                .defers = request->defers,
                .lo = pfn_max(lo, run->start),
                .hi = pfn_min(hi, end),
            };
            struct found found = buddy_take_between_locked(&part);
            if (pfn_is_valid(found.block) || pfn_is_valid(found.undescribed))
                return found;
        }
    }
    return FOUND_NOTHING;
}

/* All nodes, by distance from the request's. The lock is held. */
static struct found search_nodes(const struct request *request)
{
    CHECK_HELD(&buddy.lock);
    uint64_t seen = 0;
    for (unsigned int node = request->node; node < buddy.node_count;
         node = buddy_nearest_node(request->node, seen)) {
        struct found found = search_zones(request, node);
        if (pfn_is_valid(found.block) || pfn_is_valid(found.undescribed) ||
            (request->flags & BUDDY_THIS_NODE))
            return found;
        seen |= BIT(node);
    }
    return FOUND_NOTHING;
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

/* @frame: taken for an ordinary request; or PFN_INVALID. The lock is held. */
static void note_own_chunk(pfn_t frame, unsigned int order)
{
    CHECK_HELD(&buddy.lock);
    if (pfn_is_valid(frame) && order < CHUNK_ORDER && is_ordinary_chunk(frame.raw / CHUNK_FRAMES))
        PORT_MINE(buddy_cpu_chunk) = frame.raw / CHUNK_FRAMES + 1;
}

/* Return: false when this CPU has none, or it has no block of that order, 0 to 8. The lock is held. */
static bool find_own_chunk(struct place *place, unsigned int order)
{
    CHECK_HELD(&buddy.lock);
    uint64_t chunk = PORT_MINE(buddy_cpu_chunk);
    return chunk != 0 && buddy_find(pfn((chunk - 1) * CHUNK_FRAMES), place) &&
           buddy_has_blocks_locked(place, order);
}

/* ---- taking ---- */

static struct found search(const struct request *request)
{
    spin_lock(&buddy.lock);
    struct found found = search_nodes(request);
    if (request->is_ordinary)
        note_own_chunk(found.block, request->order);
    spin_unlock(&buddy.lock);
    return found;
}

/* Return: whether a chunk that a search found without descriptors has them now, or is free no more. */
static bool describe(pfn_t chunk)
{
    spin_lock(&buddy.lock);
    bool is_described = buddy_describe_free_locked(chunk);
    spin_unlock(&buddy.lock);
    return is_described;
}

/*
 * Takes a block. The descriptors of a chunk that has none yet are made in an acquisition of their own, with
 * interrupts on before and after it, and all is searched again: until then the chunk is free, so no other CPU
 * is refused what it holds. When they cannot be made, the next search makes those of what it splits itself,
 * and goes on where that fails.
 */
static pfn_t take(struct request *request)
{
    request->defers = true;
    struct found found = search(request);
    while (UNLIKELY(pfn_is_valid(found.undescribed))) {
        request->defers = describe(found.undescribed);
        found = search(request);
    }
    return found.block;
}

pfn_t buddy_take(unsigned int order, unsigned int flags, phys_t below, uint32_t node)
{
    struct request request = {
        .order = order,
        .flags = flags,
        .below = phys_is_valid(below) ? phys_to_pfn(below) : PFN_END,
        .node = node == BUDDY_ANY_NODE ? buddy_home_node() : node,
    };
    if (order > BUDDY_MAX_ORDER || request.node >= buddy.node_count)
        return PFN_INVALID;
    return take(&request);
}

/* For an ordinary request. */
static pfn_t take_anywhere(unsigned int order)
{
    return take(&(struct request){
        .order = order, .below = PFN_END, .node = buddy_home_node(), .is_ordinary = true });
}

static const struct window whole_chunk = { 0, CHUNK_FRAMES };

unsigned int buddy_take_blocks(unsigned int order, unsigned int wanted, pfn_t *frames)
{
    struct place place;
    unsigned int count = 0;
    spin_lock(&buddy.lock);
    if (order < CHUNK_ORDER && find_own_chunk(&place, order))
        count = buddy_take_in_chunk_locked(&place, order, whole_chunk, wanted, frames);
    spin_unlock(&buddy.lock);
    if (count > 0)
        return count;
    /* More than one only where that is cheap: other CPUs wait for the lock. */
    frames[0] = take_anywhere(order);
    return pfn_is_valid(frames[0]);
}

pfn_t buddy_take_frames(unsigned int wanted, uint64_t *mask)
{
    struct place place;
    pfn_t first = PFN_INVALID;
    spin_lock(&buddy.lock);
    if (find_own_chunk(&place, 0))
        first = buddy_take_some_locked(&place, wanted, mask);
    spin_unlock(&buddy.lock);
    if (pfn_is_valid(first))
        return first;
    pfn_t frame = take_anywhere(0);
    *mask = BIT(frame.raw % 64);
    return pfn_is_valid(frame) ? pfn_align_down(frame, 64) : PFN_INVALID;
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
