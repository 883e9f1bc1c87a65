/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buddy allocator's functions: in which order zones and nodes are looked at, what happens before a
 * request fails, and what may be freed. What is free is buddy_tree.c's.
 *
 * A node's zones are tried from the highest down, each without its reserve unless the request is urgent or
 * confined to it; then the next nearest node. One request looks through all of them under one acquisition of
 * the lock, so it is refused only if at that moment there was no such block. Before that it has given back
 * what this CPU's caches hold, and asked the shrinkers.
 *
 * A block's head says in its descriptor what was taken, and nothing is given back that it does not agree
 * with.
 */
#include <ashlar/mm/fault.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/shrink.h>

#include "buddy_private.h"

/* This CPU's chunk, + 1: where it took single frames last. Any value does no harm. */
extern PORT_PER_CPU(uint64_t, buddy_cpu_chunk);
PORT_PER_CPU(uint64_t, buddy_cpu_chunk);
extern PORT_PER_CPU(unsigned int, buddy_cpu_node);
PORT_PER_CPU(unsigned int, buddy_cpu_node);

/* ---- where to look ---- */

static uint64_t take_on_node(unsigned int order, uint32_t node, uint64_t lo, uint64_t hi)
{
    for (size_t i = buddy.node_run_count; i-- > 0;) {
        const struct node_run *run = &buddy.node_runs[i];
        uint64_t end = i + 1 < buddy.node_run_count ? run[1].start : UINT64_MAX;
        if (run->node != node || run->start >= hi || end <= lo)
            continue;
        uint64_t frame =
            buddy_take_between_locked(order, lo > run->start ? lo : run->start, hi < end ? hi : end);
        if (frame != NO_FRAME)
            return frame;
    }
    return NO_FRAME;
}

static uint64_t take_by_zones(unsigned int order, unsigned int flags, uint64_t below, uint32_t node)
{
    /* Reserves are for those who can have nothing above: the topmost zone's is not, and only that of the
       highest zone in reach is theirs. */
    bool is_confined = false, is_topmost = true, has_looked = false;
    for (unsigned int i = BUDDY_ZONES; i-- > 0;) {
        const struct zone *zone = &buddy.zones[i];
        if (zone->managed == 0)
            continue;
        is_confined = !is_topmost && !has_looked;
        is_topmost = false;
        if (zone->start >= below)
            continue;
        uint64_t lo = is_confined || (flags & BUDDY_URGENT) ? zone->start : zone->reserve_end;
        uint64_t hi = zone->end < below ? zone->end : below;
        if (lo < hi) {
            uint64_t frame = take_on_node(order, node, lo, hi);
            if (frame != NO_FRAME)
                return frame;
        }
        has_looked = true;
    }
    return NO_FRAME;
}

/* Return: the nearest node to @from that is not in @seen; BUDDY_MAX_NODES when all are. */
static unsigned int nearest_node(unsigned int from, uint64_t seen)
{
    unsigned int best = BUDDY_MAX_NODES, best_distance = UINT32_MAX;
    for (unsigned int to = 0; to < buddy.node_count; to++) {
        unsigned int distance = buddy.distances ? buddy.distances[from * buddy.node_count + to] : 0;
        if (!(seen & BIT(to)) && distance < best_distance) {
            best = to;
            best_distance = distance;
        }
    }
    return best;
}

static uint64_t take_nearest(unsigned int order, unsigned int flags, uint64_t below, unsigned int from)
{
    uint64_t seen = 0;
    for (unsigned int node = from; node < buddy.node_count; node = nearest_node(from, seen)) {
        uint64_t frame = take_by_zones(order, flags, below, node);
        if (frame != NO_FRAME || (flags & BUDDY_THIS_NODE))
            return frame;
        seen |= BIT(node);
    }
    return NO_FRAME;
}

uint64_t buddy_take(unsigned int order, unsigned int flags, phys_t below, uint32_t node)
{
    uint64_t limit = phys_is_valid(below) ? below.raw >> PAGE_SHIFT : UINT64_MAX;
    unsigned int from = node == BUDDY_ANY_NODE ? PORT_MINE(buddy_cpu_node) : node;
    if (order > BUDDY_MAX_ORDER || from >= buddy.node_count)
        return NO_FRAME;
    port_lock(&buddy.lock);
    uint64_t frame = take_nearest(order, flags, limit, from);
    port_unlock(&buddy.lock);
    return frame;
}

/* ---- a CPU's own chunk ---- */

/* Whether every ordinary request may take from this chunk, so that it can be a CPU's own. */
static bool is_ordinary_chunk(uint64_t chunk)
{
    for (unsigned int i = 0; i < BUDDY_ZONES; i++) {
        const struct zone *zone = &buddy.zones[i];
        if (chunk * CHUNK_FRAMES >= zone->reserve_end && (chunk + 1) * CHUNK_FRAMES <= zone->end)
            return true;
    }
    return false;
}

static bool find_own_chunk(struct place *place)
{
    uint64_t chunk = PORT_MINE(buddy_cpu_chunk);
    return chunk != 0 && buddy_find((chunk - 1) * CHUNK_FRAMES, place);
}

/* From the whole of memory, remembering where. Under the lock. */
static uint64_t take_anywhere(unsigned int order)
{
    uint64_t frame = take_nearest(order, 0, UINT64_MAX, PORT_MINE(buddy_cpu_node));
    if (frame != NO_FRAME && order < CHUNK_ORDER && is_ordinary_chunk(frame / CHUNK_FRAMES))
        PORT_MINE(buddy_cpu_chunk) = frame / CHUNK_FRAMES + 1;
    return frame;
}

static uint64_t take_in_own_chunk(unsigned int order)
{
    struct place place;
    return order < CHUNK_ORDER && find_own_chunk(&place)
               ? buddy_take_in_chunk_locked(&place, order, 0, UINT64_MAX)
               : NO_FRAME;
}

unsigned int buddy_take_blocks(unsigned int order, unsigned int wanted, uint64_t *frames)
{
    unsigned int count = 0;
    port_lock(&buddy.lock);
    uint64_t frame = take_in_own_chunk(order);
    if (frame == NO_FRAME)
        frame = take_anywhere(order);
    /* More only where that is cheap: others wait. */
    while (frame != NO_FRAME) {
        frames[count++] = frame;
        frame = count < wanted ? take_in_own_chunk(order) : NO_FRAME;
    }
    port_unlock(&buddy.lock);
    return count;
}

uint64_t buddy_take_frames(unsigned int wanted, uint64_t *mask)
{
    struct place place;
    port_lock(&buddy.lock);
    uint64_t first = find_own_chunk(&place) ? buddy_take_some_locked(&place, wanted, mask) : NO_FRAME;
    if (first == NO_FRAME) {
        uint64_t frame = take_anywhere(0);
        if (frame != NO_FRAME) {
            *mask = BIT(frame % 64);
            first = align_down(frame, 64);
        }
    }
    port_unlock(&buddy.lock);
    return first;
}

/* ---- giving ---- */

bool buddy_give_frames(const struct place *place, uint64_t mask)
{
    port_lock(&buddy.lock);
    bool was_taken = buddy_give_mask_locked(place, mask);
    port_unlock(&buddy.lock);
    return was_taken;
}

void buddy_give_blocks(const uint64_t *frames, unsigned int count, unsigned int order)
{
    struct place place;
    uint64_t wrong = NO_FRAME;
    port_lock(&buddy.lock);
    for (unsigned int i = 0; i < count; i++)
        if (!buddy_find(frames[i], &place) || !buddy_give_locked(&place, order))
            wrong = frames[i];
    port_unlock(&buddy.lock);
    if (wrong != NO_FRAME)
        port_wrong("buddy: P%#lx, order %u, was in a CPU's cache, and is partly free", wrong << PAGE_SHIFT,
                   order);
}

void buddy_give(uint64_t frame, unsigned int order)
{
    buddy_give_blocks(&frame, 1, order);
}

/* ---- the public functions ---- */

/* Writes a block's head. Return: false, and the block is free again, when its descriptors cannot exist. */
static bool use_block(uint64_t frame, unsigned int order, unsigned int flags)
{
    if (order >= CHUNK_ORDER && !buddy_describe_block(frame, order)) {
        buddy_give(frame, order);
        return false;
    }
    buddy_frame(frame)->state = frame_state(FRAME_TAKEN, order, flags);
    return true;
}

/* Takes a block for an ordinary request, and a few more for this CPU to keep, if it keeps any of that
   order. */
static uint64_t take_ordinary(unsigned int order)
{
    uint64_t frames[1 + BLOCK_CACHE_BATCH];
    unsigned int count = buddy_take_blocks(order, 1 + block_cache_room(order), frames);
    if (count > 1)
        block_cache_push_all(frames + 1, count - 1, order);
    return count > 0 ? frames[0] : NO_FRAME;
}

/* After a request found nothing. Return: whether to try again. */
static bool make_room(unsigned int order, unsigned int flags, bool is_first, struct shrink_request *request)
{
    if (!is_first && ((flags & BUDDY_THIS_NODE) || !shrink_again(request, BIT(order))))
        return false;
    frame_cache_drain();
    return true;
}

phys_t buddy_alloc_where(unsigned int order, unsigned int flags, phys_t below, uint32_t node)
{
    bool is_ordinary = flags == 0 && !phys_is_valid(below) && node == BUDDY_ANY_NODE;
    struct shrink_request request = { 0 };
    unsigned int attempt = 0;
    if (order > BUDDY_MAX_ORDER || fault_should_fail())
        return PHYS_INVALID;
    do {
        uint64_t frame = is_ordinary ? take_ordinary(order) : buddy_take(order, flags, below, node);
        if (frame != NO_FRAME && use_block(frame, order, is_ordinary ? 0 : FRAME_FLAG_DIRECT))
            return pfn_to_phys((pfn_t){ frame });
    } while (make_room(order, flags, attempt++ == 0, &request));
    return PHYS_INVALID;
}

static const char *reason_of(uint32_t state, unsigned int order)
{
    switch ((enum frame_kind)(state & 0xff)) {
    case FRAME_NONE:
        return "it is free already, or no block begins there";
    case FRAME_TAKEN:
        return (state >> 8 & 0xff) != order ? "it was taken with another order" : "its flags were changed";
    case FRAME_SLAB:
        return "it holds objects";
    case FRAME_LARGE:
        return "it is from kmalloc, which has to be told";
    case FRAME_PAGE_TABLE:
        return "it is a page table";
    case FRAME_RESERVED:
        return "it was never the allocator's";
    case FRAME_METADATA:
        return "it is the allocator's own";
    default:
        return "its descriptor is damaged";
    }
}

/* The state changes atomically, so that of two CPUs that free the same block only one does. */
bool buddy_retire(uint64_t frame, unsigned int order, const void *caller, struct place *place,
                  unsigned int *flags)
{
    const char *reason = "no memory of ours is there";
    uint32_t state = 0;
    if (order > BUDDY_MAX_ORDER || !is_aligned(frame, BIT(order))) {
        reason = "no block of that order begins there";
    } else if (buddy_find(frame, place) && buddy_is_described(place)) {
        struct frame *head = buddy_frame(frame);
        state = __atomic_load_n(&head->state, __ATOMIC_RELAXED);
        *flags = state >> 16;
        if ((state & ~(FRAME_FLAG_DIRECT << 16)) == frame_state(FRAME_TAKEN, order, 0) &&
            frame_try_set_state(head, state, frame_state(FRAME_NONE, 0, 0)))
            return true;
        reason = reason_of(state, order);
    }
    port_wrong("buddy: P%#lx, order %u, cannot be freed: %s (descriptor %#x); freed from %pS",
               frame << PAGE_SHIFT, order, reason, state, caller);
    return false;
}

bool buddy_free_checked(phys_t block, unsigned int order, const void *caller)
{
    struct place place;
    unsigned int flags;
    if (!is_aligned(block.raw, PAGE_SIZE)) {
        port_wrong("buddy: P%#lx cannot be freed: no frame begins there; freed from %pS", block.raw, caller);
        return false;
    }
    if (!buddy_retire(block.raw >> PAGE_SHIFT, order, caller, &place, &flags))
        return false;
    port_lock(&buddy.lock);
    bool was_taken = buddy_give_locked(&place, order);
    port_unlock(&buddy.lock);
    if (!was_taken)
        port_wrong("buddy: P%#lx, order %u, was partly free when it was freed from %pS", block.raw, order,
                   caller);
    return true;
}

bool buddy_owns(phys_t address)
{
    struct place place;
    return buddy_find(address.raw >> PAGE_SHIFT, &place) && buddy_is_described(&place);
}
/* ---- nodes ---- */

/* The runs cover everything: what the setup does not name is node 0's. */
status_t buddy_set_nodes(const struct buddy_setup *setup)
{
    uint64_t at = 0;
    buddy.node_run_count = 0;
    for (;;) {
        const struct buddy_node_range *next = NULL;
        for (size_t i = 0; i < setup->node_range_count; i++) {
            const struct buddy_node_range *range = &setup->node_ranges[i];
            if (range->node >= buddy.node_count || range->start.raw >= range->end.raw)
                return STATUS_INVALID;
            if (range->start.raw >= at && (!next || range->start.raw < next->start.raw))
                next = range;
        }
        if (!next || next->start.raw > at)
            buddy.node_runs[buddy.node_run_count++] = (struct node_run){ at >> PAGE_SHIFT, 0 };
        if (!next)
            break;
        buddy.node_runs[buddy.node_run_count++] =
            (struct node_run){ next->start.raw >> PAGE_SHIFT, next->node };
        at = next->end.raw;
    }
    for (unsigned int i = 0; buddy.distances && i < buddy.node_count * buddy.node_count; i++)
        buddy.distances[i] = setup->distances[i];
    return STATUS_OK;
}

unsigned int buddy_node_of(phys_t address)
{
    for (size_t i = buddy.node_run_count; i-- > 0;)
        if (buddy.node_runs[i].start <= address.raw >> PAGE_SHIFT)
            return buddy.node_runs[i].node;
    return 0;
}

unsigned int buddy_node_count(void)
{
    return buddy.node_count;
}

unsigned int buddy_home_node(void)
{
    return PORT_MINE(buddy_cpu_node);
}

void buddy_forget_cpus(void)
{
    for (unsigned int cpu = 0; cpu < port_cpu_count(); cpu++) {
        *PORT_OF(buddy_cpu_chunk, cpu) = 0;
        *PORT_OF(buddy_cpu_node, cpu) = 0;
    }
}

void buddy_set_cpu_node(unsigned int cpu, unsigned int node)
{
    *PORT_OF(buddy_cpu_node, cpu) = node;
}
