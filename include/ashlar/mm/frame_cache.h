/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Single frames, fast: each CPU keeps a stack of some, in front of the buddy allocator.
 *
 * The inline halves are here because they are the common path: no lock, no locked instruction, no
 * line that another CPU writes, but for descriptors of frames that come from elsewhere.
 */
#include <ashlar/mm/port.h>

#define FRAME_CACHE_SIZE 256 /* frames; a small machine uses fewer */

/* This CPU only, pinned; the descriptors of free frames, the last freed on top. */
struct frame_cache {
    uint32_t count;
    uint32_t limit; /* at most FRAME_CACHE_SIZE; 0 sends every request past the cache */
    struct frame *slots[FRAME_CACHE_SIZE];
};
extern PORT_PER_CPU(struct frame_cache, frame_cache);

/* The uncommon halves. */
void *frame_alloc_slow(void);
void frame_free_slow(void *page);

/**
 * frame_alloc() - take one frame.
 *
 * Return: where it is mapped in the direct map, content undefined; NULL when there is none left.
 * Context: any, also interrupts, not NMI. Never sleeps.
 */
static ALWAYS_INLINE void *frame_alloc(void)
{
    port_pin();
    uint32_t top = PORT_MINE(frame_cache).count - 1;
    if (UNLIKELY((int32_t)top < 0)) {
        port_unpin();
        return frame_alloc_slow();
    }
    struct frame *frame = PORT_MINE(frame_cache).slots[top];
    PORT_MINE(frame_cache).count = top;
    port_unpin();
    frame->state = frame_state(FRAME_TAKEN, 0, 0);
    return port_frame_pointer(frame);
}

/**
 * frame_free() - give one frame back.
 * @page: from frame_alloc(), or port_pointer() of a block of order 0.
 *
 * What is not such a frame in use is reported by port_wrong() with the caller, and stays as it is.
 * Context: as frame_alloc().
 */
static ALWAYS_INLINE void frame_free(void *page)
{
    struct frame *frame = port_frame(page);
    if (UNLIKELY(((uintptr_t)page & (PAGE_SIZE - 1)) != 0))
        goto slow;
    port_pin();
    uint32_t count = PORT_MINE(frame_cache).count;
    if (UNLIKELY(frame->state != frame_state(FRAME_TAKEN, 0, 0) || count >= PORT_MINE(frame_cache).limit)) {
        port_unpin();
        goto slow;
    }
    frame->state = frame_state(FRAME_NONE, 0, 0);
    PORT_MINE(frame_cache).slots[count] = frame;
    PORT_MINE(frame_cache).count = count + 1;
    port_unpin();
    return;
slow:
    frame_free_slow(page);
    /* Not the caller's last call, so that the return address that is reported lies in the caller. */
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/**
 * frame_alloc_bulk() - take several.
 * @pages: receives them.
 * @count: how many are wanted.
 *
 * Return: how many there were; fewer only when memory is short.
 */
size_t frame_alloc_bulk(void **pages, size_t count);
void frame_free_bulk(void *const *pages, size_t count);

/* Gives the frames in this CPU's cache back to the buddy allocator. Context: as frame_alloc(). */
void frame_cache_drain(void);

/**
 * frame_cache_set_limit() - how many frames each CPU may keep.
 * @limit: 0 .. FRAME_CACHE_SIZE; 0 for none, so that each request is seen by the slow path.
 *
 * What CPUs hold above it goes back when they next come to their slow path.
 */
void frame_cache_set_limit(unsigned limit);
unsigned frame_cache_limit(void);
