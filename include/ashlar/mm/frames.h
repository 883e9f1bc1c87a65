/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Frame descriptors: 8 bytes that say what a frame is used for and lead from an address to its
 * owner. Not the truth about what is free; that is the buddy allocator's bits.
 *
 * Only a block's first frame, its head, must say something; the block's other frames say
 * FRAME_NONE unless the owner writes there. A free frame says FRAME_NONE, also while it waits in a
 * CPU's cache. So an address that is not the head of a block in use is known by its descriptor.
 *
 * A descriptor belongs to the owner of its frame. The owner of a block may set the kind and index of
 * all its frames, and before freeing puts the head's state back to frame_state(FRAME_TAKEN,
 * order, flags) as it was, and the others' to 0; the index may stay.
 *
 * Wrong frees. buddy_free() and frame_free() report these to port_bug(), with the caller, and change
 * nothing:
 *
 *   what                                                     caught in
 *   an address that is not page-aligned                      every build
 *   an address without a descriptor: not managed             every build: buddy_free() reports it, and
 *                                                            frame_free() faults, because it reads the
 *                                                            descriptor at once
 *   no head of a block in use, another order, another kind   every build
 *   a second free that begins after the first has returned,
 *     and before the block is given out again                every build, on any CPU
 *   two frees of one block at once, on two CPUs              every build, of the two exactly one
 *     the same by frame_free() of a single frame             checked builds, of the two exactly one; in
 *                                                            release builds both may succeed if they fall
 *                                                            within the same five instructions. The frame is
 *                                                            then in two CPUs' caches, and is reported when
 *                                                            it comes back from the second one while it is
 *                                                            free.
 *   a free after the block was given out again               never: it is the new owner's head that is seen
 *
 * A single frame's state is tested and set without an atomic operation in release builds because that alone
 * would double what frame_alloc() and frame_free() cost.
 *
 * Descriptors exist for each frame of a block in use, and of the 2 MiB that hold it. An access to
 * another address's descriptor faults; buddy_owns() is for any address.
 *
 * Context of all: any, by the owner of the frame.
 */
#include <ashlar/check.h>

enum frame_kind {
    FRAME_NONE,       /* free, cached, or not the head of a block */
    FRAME_TAKEN,      /* head of a block in use: buddy_alloc(), frame_alloc() */
    FRAME_SLAB,       /* holds objects; the index is the slab's, the flags are the cache's slot */
    FRAME_LARGE,      /* head of a block from kmalloc() */
    FRAME_PAGE_TABLE, /* a page table */
    FRAME_RESERVED,   /* never given to the allocator: firmware's, the kernel's, early memory's */
    FRAME_METADATA,   /* the allocator's own: descriptors, bits */
    FRAME_FAILED,     /* failed the memory test: in use for good, so that nothing else uses it */
    FRAME_KINDS
};

#define FRAME_FLAG_CHECKED 2u /* of kmalloc's blocks: has a red zone */
#define FRAME_FLAG_DIRECT  1u /* goes back past the CPU's frame cache: it came from a restricted request */

struct frame {
    uint32_t state; /* frame_state() */
    uint32_t index; /* the owner's */
};

/* What the design grants a page; the bits that say what is free are a 64th of it. */
STATIC_ASSERT(sizeof(struct frame) <= 8, "a frame descriptor has more than 8 bytes");

/* @order: of the block, at its head. @flags: FRAME_FLAG_... */
static inline uint32_t frame_state(enum frame_kind kind, unsigned int order, unsigned int flags)
{
    return (uint32_t)kind | (uint32_t)order << 8 | (uint32_t)flags << 16;
}

static inline enum frame_kind frame_kind(const struct frame *frame)
{
    return (enum frame_kind)(frame->state & 0xff);
}

static inline unsigned int frame_order(const struct frame *frame)
{
    return frame->state >> 8 & 0xff;
}

static inline unsigned int frame_flags(const struct frame *frame)
{
    return frame->state >> 16;
}

/* Changes the kind and leaves order and flags as they are. */
static inline void frame_set_kind(struct frame *frame, enum frame_kind kind)
{
    frame->state = (frame->state & ~0xffu) | (uint32_t)kind;
}

/* Changes the state if it is still @from: of several CPUs that try, one has done it. Return: whether this one
   has. */
static inline bool frame_try_set_state(struct frame *frame, uint32_t from, uint32_t to)
{
    return __atomic_compare_exchange_n(&frame->state, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}
