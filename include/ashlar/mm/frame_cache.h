/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Single frames, fast: each CPU keeps a stack of some, in front of the buddy allocator.
 *
 * The inline halves are here because they are the common path: no lock, no locked instruction, no
 * line that another CPU writes, but for descriptors of frames that come from elsewhere. What collects frames
 * from other CPUs is in collect.c.
 */
#include <ashlar/mm/port.h>
#include <ashlar/sync/context.h>

#define FRAME_CACHE_SIZE 1023 /* frames; a small machine uses fewer */
#define FRAME_CACHE_FEW  128  /* so many need no memory of their own */

/* This CPU only, pinned, but for the limit, which any CPU sets; the descriptors of free frames. */
struct frame_cache {
    struct port_stack
        stack; /* of struct frame *, NULL under the first; a limit of slots[0] sends every request past it */
    struct frame **slots; /* constant after init */
    uint32_t size;        /* what the limit may be; constant after init */
    struct frame *few[1 + FRAME_CACHE_FEW];
};
extern PORT_PER_CPU(struct frame_cache, frame_cache);

/* The slow paths of frame_alloc() and frame_free(). Context: as theirs. */
void *frame_alloc_slow(void);
void frame_free_slow(void *page);

/**
 * frame_alloc() - take one frame.
 *
 * Return: where it is mapped in the direct map, content undefined; NULL when there is none left.
 * Context: CHECK_MAY_ALLOCATE() of ashlar/sync/context.h: any, also interrupts, not NMI, not in a cross-call,
 *          with no lock held but those allowed there. Never sleeps.
 * Cost: 24 instructions with frame_free(); 29 on average for batches; less than 20,000 at most, but for a
 *       request that shrinks.
 */
static ALWAYS_INLINE void *frame_alloc(void)
{
    CHECK_MAY_ALLOCATE();
    struct frame *frame = PORT_STACK_POP(frame_cache);
    if (UNLIKELY(!frame))
        return frame_alloc_slow();
    frame->state = frame_state(FRAME_TAKEN, 0, 0);
    return port_frame_pointer(frame);
}

/* Marks a single frame in use as free. Return: false when it was not in use. Context: as frame_free(). */
static ALWAYS_INLINE bool frame_retire(struct frame *frame)
{
#ifdef ASHLAR_CHECKED
    return frame_try_set_state(frame, frame_state(FRAME_TAKEN, 0, 0), frame_state(FRAME_NONE, 0, 0));
#else
    if (frame->state != frame_state(FRAME_TAKEN, 0, 0))
        return false;
    frame->state = frame_state(FRAME_NONE, 0, 0);
    return true;
#endif
}

/**
 * frame_free() - give one frame back.
 * @page: from frame_alloc(), or port_pointer() of a block of order 0.
 *
 * What is not such a frame in use is reported by port_bug() with the caller, and stays as it is; frames.h
 * says what is noticed in which build.
 * Context: CHECK_MAY_FREE_FRAMES() of ashlar/sync/context.h: any, also interrupts and cross-calls, not NMI,
 *          no lock held of the class LOCK_BUDDY or of one after it. Never sleeps.
 */
static ALWAYS_INLINE void frame_free(void *page)
{
    CHECK_MAY_FREE_FRAMES();
    struct frame *frame = port_frame(page);
    /* Before it can be taken again. */
    if (UNLIKELY(((uintptr_t)page & (PAGE_SIZE - 1)) != 0 || !frame_retire(frame)))
        goto slow;
    if (LIKELY(PORT_STACK_PUSH(frame_cache, frame)))
        return;
    frame->state = frame_state(FRAME_TAKEN, 0, 0);
slow:
    frame_free_slow(page);
    /* Not the caller's last call, so that the return address that is reported lies in the caller. */
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/**
 * frame_alloc_bulk(), frame_free_bulk() - allocate and free several frames.
 * @pages: receives them, or has them.
 * @count: their number.
 *
 * Return: how many were allocated; fewer than @count only when memory is short. Shrinkers are not called.
 * Context: as frame_free().
 */
size_t frame_alloc_bulk(void **pages, size_t count);
void frame_free_bulk(void *const *pages, size_t count);

/**
 * frame_cache_drain_some() - give a part of this CPU's caches back to the buddy allocator.
 *
 * Gives up to 64 frames, of at most four words of the buddy allocator's bits; when there are no single
 * frames, a batch of blocks of one order.
 * Return: how many frames went back; 0 when the caches are empty.
 * Context: as frame_free().
 * Cost: less than 2,000 instructions.
 */
uint64_t frame_cache_drain_some(void);

/**
 * frame_cache_collect() - have all CPUs, idle ones too, give frames in their caches back.
 * @call_all: runs a function on each CPU, this one included, and returns when all have returned. The function
 *            is frame_cache_drain_some().
 * @frames:   how many are wanted; UINT64_MAX: all.
 *
 * Giving frames back takes the frame allocator's lock, whose waiters do not poll cross-calls: the caller
 * holds no lock whose waiters do not (ashlar/sync/spinlock.h).
 * Return: how many went back; 0 when the caches are empty.
 * Context: as @call_all has it.
 */
uint64_t frame_cache_collect(void (*call_all)(void (*function)(void *argument), void *argument),
                             uint64_t frames);

/* Gives all frames and blocks in this CPU's caches back. Context: as frame_free(), with interrupts on where
   it may take long. Cost: up to 50,000 instructions. */
void frame_cache_drain(void);

/**
 * frame_cache_set_limit(), frame_cache_limit() - how many frames each CPU may keep.
 * @limit: 0 .. FRAME_CACHE_SIZE; 0 for none, so that each request takes the slow path.
 *
 * Frames above it are given back when a CPU next takes its slow path, 64 at a time.
 * Context: any but NMI; one caller at a time.
 */
void frame_cache_set_limit(unsigned int limit);
unsigned int frame_cache_limit(void);

/* Sets up the cache of a CPU, before it allocates; slab_prepare_cpu() next. Context: thread, on the CPU that
   starts @cpu. */
void frame_cache_prepare_cpu(unsigned int cpu);
