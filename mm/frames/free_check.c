/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a block may be freed: its head's descriptor has to say that a block of that order is in use there.
 * frames.h has the table of what is caught when.
 */
#include "buddy_private.h"

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
    case FRAME_FAILED:
        return "it failed the memory test, and is kept from use";
    default:
        return "its descriptor is damaged";
    }
}

/* The state changes atomically, so that of two CPUs that free the same block only one does. */
bool buddy_retire(pfn_t frame, unsigned int order, const void *caller, struct place *place,
                  unsigned int *flags)
{
    const char *reason = "it is not in memory that the allocator manages";
    uint32_t state = 0;
    if (order > BUDDY_MAX_ORDER || !is_aligned(frame.raw, BIT(order))) {
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
    port_bug("buddy: P%#lx, order %u, cannot be freed: %s (descriptor %#x); freed from %pS",
             pfn_to_phys(frame).raw, order, reason, state, caller);
    return false;
}
