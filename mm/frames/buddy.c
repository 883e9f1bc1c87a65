/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buddy allocator's public functions: allocation, freeing and splitting of blocks.
 *
 * The functions that a buddy_alloc(order) passes through, their files, and what each decides:
 *
 *   buddy_alloc()               buddy        a block of this CPU's stack (block_cache.h), if there is one
 *     frame_alloc()             frame_cache  order 0: the same with single frames, from buddy_take_frames()
 *     buddy_alloc_where()       buddy        whether to try again: drains caches, calls shrinkers
 *       take_ordinary()         buddy        how many blocks: one, and a batch for the stack
 *         buddy_take_blocks()   zones        from the chunk that this CPU used last, else by take_anywhere()
 *           take_anywhere()     zones        one by take(), without a limit, this CPU's node first
 *       buddy_take()            zones        if there are flags, a limit or a node: one by take()
 *         take()                zones        makes missing descriptors, then searches again
 *           search()            zones        takes the lock; notes an ordinary request's chunk
 *             search_nodes()    zones        the node: the nearest first
 *               search_zones()  zones        the range: from the highest zone down, without reserves
 *                 buddy_take_between_locked()
 *                               search       the chunk or region: one that is split already, if there is one;
 *                                            its steps are at the head of search.c
 *                   buddy_take_in_chunk_locked(), buddy_take_in_region_locked()
 *                               tree         the bits; sets the hints
 *       use_block()             buddy        writes the descriptor of the first frame
 *
 * The descriptor of a block's first frame says that it is in use, and its order. A free that does not match
 * it is reported and changes nothing.
 */
#include <ashlar/mm/fault.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/shrink.h>
#include <ashlar/sync/context.h>

#include "block_cache.h"

/* ---- taking ---- */

/* Writes a block's head. Return: false, and the block is free again, when its descriptors cannot exist. */
static bool use_block(pfn_t frame, unsigned int order, unsigned int flags)
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
static pfn_t take_ordinary(unsigned int order)
{
    pfn_t frames[1 + BLOCK_CACHE_BATCH];
    unsigned int count = buddy_take_blocks(order, 1 + block_cache_capacity_left(order), frames);
    if (count > 1)
        block_cache_push_all(frames + 1, count - 1, order);
    return count > 0 ? frames[0] : PFN_INVALID;
}

/* After a request found nothing. Return: whether to try again. */
static bool reclaim(unsigned int order, unsigned int flags, bool is_first, struct shrink_request *request)
{
    if (!is_first && ((flags & BUDDY_THIS_NODE) || !shrink_again(request, BIT(order))))
        return false;
    frame_cache_drain();
    return true;
}

phys_t buddy_alloc_where(unsigned int order, unsigned int flags, phys_t below, uint32_t node)
{
    /* Such a request calls no shrinker. */
    if (!(flags & BUDDY_THIS_NODE))
        CHECK_MAY_ALLOCATE();
    bool is_ordinary = flags == 0 && !phys_is_valid(below) && node == BUDDY_ANY_NODE;
    struct shrink_request request = { 0 };
    unsigned int attempt = 0;
    if (order > BUDDY_MAX_ORDER || fault_should_fail())
        return PHYS_INVALID;
    do {
        pfn_t frame = is_ordinary ? take_ordinary(order) : buddy_take(order, flags, below, node);
        if (pfn_is_valid(frame) && use_block(frame, order, is_ordinary ? 0 : FRAME_FLAG_DIRECT))
            return pfn_to_phys(frame);
    } while (reclaim(order, flags, attempt++ == 0, &request));
    return PHYS_INVALID;
}

phys_t buddy_alloc(unsigned int order, unsigned int flags)
{
    CHECK_MAY_ALLOCATE();
    struct frame *head;
    if (LIKELY(flags == 0 && block_cache_has_order(order) && (head = block_cache_pop(order)) != NULL)) {
        head->state = frame_state(FRAME_TAKEN, order, 0);
        return port_phys(port_frame_pointer(head));
    }
    if (order > 0 || flags != 0)
        return buddy_alloc_where(order, flags, BUDDY_ANYWHERE, BUDDY_ANY_NODE);
    void *page = frame_alloc();
    return page ? port_phys(page) : PHYS_INVALID;
}

/* ---- giving ---- */

/* Past the stacks. Return: whether it was a block in use, which then has a descriptor. */
static bool free_checked(phys_t block, unsigned int order, const void *caller)
{
    struct place place;
    unsigned int flags;
    if (!is_aligned(block.raw, PAGE_SIZE)) {
        port_bug("buddy: P%#lx cannot be freed: no frame begins there; freed from %pS", block.raw, caller);
        return false;
    }
    if (!buddy_retire(phys_to_pfn(block), order, caller, &place, &flags))
        return false;
    spin_lock(&buddy.lock);
    bool was_taken = buddy_give_locked(&place, order);
    spin_unlock(&buddy.lock);
    if (!was_taken)
        port_bug("buddy: P%#lx, order %u, was partly free when it was freed from %pS", block.raw, order,
                 caller);
    return true;
}

/* Not a block for a stack, or the stack is full: then half of it goes back. */
static NOINLINE void free_slow(phys_t block, unsigned int order, const void *caller)
{
    if (block_cache_has_order(order) && is_aligned(block.raw, PAGE_SIZE) && block_cache_make_space(order) &&
        block_cache_push_slow(block, order))
        return;
    if (free_checked(block, order, caller))
        block_cache_note(block);
}

void buddy_free(phys_t block, unsigned int order)
{
    CHECK_MAY_FREE_FRAMES();
    if (LIKELY(block_cache_has_order(order) && is_aligned(block.raw, PAGE_SIZE) &&
               block_cache_push(block, order)))
        return;
    free_slow(block, order, __builtin_return_address(0));
}

/* What is free is in the tree's bits, and there a block in use is so many frames that are not free. So only
   the heads change. */
void buddy_split(phys_t block, unsigned int order)
{
    struct place place;
    unsigned int flags;
    if (order == 0 || !buddy_retire(phys_to_pfn(block), order, __builtin_return_address(0), &place, &flags)) {
        if (order == 0)
            port_bug("buddy: P%#lx cannot be split: it is a single frame", block.raw);
        return;
    }
    pfn_t frame = phys_to_pfn(block), middle = pfn_add(frame, BIT(order - 1));
    buddy_frame(frame)->state = frame_state(FRAME_TAKEN, order - 1, flags);
    buddy_frame(middle)->state = frame_state(FRAME_TAKEN, order - 1, flags);
}

/* ---- questions ---- */

bool buddy_owns(phys_t address)
{
    struct place place;
    return buddy_find(phys_to_pfn(address), &place) && buddy_is_described(&place);
}
