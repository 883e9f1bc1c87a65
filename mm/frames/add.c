/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that becomes the allocator's: at its start, and later by buddy_add().
 *
 * A whole chunk is one bit, and gets descriptors when it is split. A chunk of which the allocator gets only a
 * part has descriptors at once, for all of its frames: the others are reserved, so that they can be added
 * later, and never twice.
 */
#include "buddy_private.h"

static struct spinlock add_lock = SPINLOCK("buddy add", LOCK_BUDDY_ADD, LOCK_POLICY_MM);
/* guarded by add_lock: the zones' counts of frames and the range from the check to the last frame, of one
   buddy_add() at a time. */

static void count_managed(pfn_t lo, pfn_t hi)
{
    for (unsigned int i = 0; i < BUDDY_ZONES; i++) {
        struct zone *zone = &buddy.zones[i];
        pfn_t from = pfn_max(lo, zone->start), to = pfn_min(hi, zone->end);
        if (pfn_is_below(from, to))
            zone->managed += pfn_distance(from, to);
    }
}

/* A chunk that we have only a part of: all its frames are reserved but those that are added now. */
static bool describe_as_reserved(const struct place *place)
{
    if (buddy_is_described(place))
        return true;
    if (!buddy_describe(place->region, place->chunk))
        return false;
    struct frame *frames = buddy_frame(buddy_chunk_start(place->region, place->chunk));
    for (unsigned int i = 0; i < CHUNK_FRAMES; i++)
        frames[i].state = frame_state(FRAME_RESERVED, 0, 0);
    return true;
}

/* A whole chunk whose state is not stored yet. */
static void add_chunk(const struct place *place)
{
    spin_lock(&buddy.lock);
    place->region->owned[place->chunk / 64] |= BIT(place->chunk % 64);
    VERIFY(buddy_give_locked(place, CHUNK_ORDER));
    spin_unlock(&buddy.lock);
}

/* Frames of one chunk. They are not added when the chunk can have no descriptors. */
static void add_in_chunk(struct place place, pfn_t lo, pfn_t hi)
{
    if (lo.raw % CHUNK_FRAMES == 0 && pfn_distance(lo, hi) == CHUNK_FRAMES && !buddy_is_described(&place)) {
        add_chunk(&place);
        return;
    }
    if (!describe_as_reserved(&place))
        return;
    for (pfn_t frame = lo; pfn_is_below(frame, hi); frame = pfn_add(frame, 1))
        buddy_frame(frame)->state = frame_state(FRAME_NONE, 0, 0);
    while (pfn_is_below(lo, hi)) {
        pfn_t end = pfn_min(pfn_add(pfn_align_down(lo, 64), 64), hi);
        place.frame = lo.raw % CHUNK_FRAMES;
        VERIFY(buddy_give_frames(&place, UINT64_MAX >> (64 - pfn_distance(lo, end)) << lo.raw % 64));
        lo = end;
    }
}

void buddy_add_run(pfn_t lo, pfn_t hi)
{
    struct place place;
    count_managed(lo, hi);
    while (pfn_is_below(lo, hi)) {
        pfn_t end = pfn_min(pfn_add(pfn_align_down(lo, CHUNK_FRAMES), CHUNK_FRAMES), hi);
        if (!buddy_find(lo, &place))
            return;
        if (buddy_is_set(buddy.free_regions, (uint64_t)place.number)) {
            /* In a run the next GiB is the next region. This saves a search for each: terabytes are mostly
               regions that are free as a whole. */
            do
                lo = pfn_add(pfn_align_down(lo, REGION_FRAMES), REGION_FRAMES);
            while (pfn_is_below(lo, hi) && buddy_is_set(buddy.free_regions, (uint64_t)++place.number));
            continue;
        }
        add_in_chunk(place, lo, end);
        lo = end;
    }
}

/* ---- later ---- */

/* Whether buddy_add() may add [lo, hi), which lies in one chunk: no frame of it is the allocator's yet, and
   all have descriptors. */
static bool may_add(pfn_t lo, pfn_t hi)
{
    struct place place;
    if (!buddy_find(lo, &place) || !buddy_is_prepared(place.number))
        return false;
    if (!buddy_is_described(&place))
        return !(place.region->owned[place.chunk / 64] & BIT(place.chunk % 64)) &&
               place.region->chunks[place.chunk].word[0] != 0;
    for (pfn_t frame = lo; pfn_is_below(frame, hi); frame = pfn_add(frame, 1))
        if (frame_kind(buddy_frame(frame)) != FRAME_RESERVED)
            return false;
    return true;
}

status_t buddy_add(phys_t start, phys_t end)
{
    pfn_t lo = phys_to_pfn(start), hi = phys_to_pfn(end);
    if (!is_aligned(start.raw, PAGE_SIZE) || !is_aligned(end.raw, PAGE_SIZE) || pfn_is_below(hi, lo))
        return STATUS_INVALID;
    status_t status = STATUS_OK;
    spin_lock(&add_lock);
    for (pfn_t at = lo, next; pfn_is_below(at, hi) && status == STATUS_OK; at = next) {
        next = pfn_min(pfn_add(pfn_align_down(at, CHUNK_FRAMES), CHUNK_FRAMES), hi);
        if (!may_add(at, next))
            status = STATUS_INVALID;
    }
    if (status == STATUS_OK)
        buddy_add_run(lo, hi);
    spin_unlock(&add_lock);
    return status;
}
