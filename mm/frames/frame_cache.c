/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Per-CPU stacks of single frames, in front of the buddy allocator; the common path is in the header.
 *
 * A stack that is empty is refilled with the free frames of one word of a chunk's bits, up to 64 for one
 * acquisition of the lock; one that is full gives some of its frames back, those of one word together. It
 * gives back several, so that a caller that allocates and frees at the limit does not take this path each
 * time, but at most GIVE_MOST frames of GIVE_WORDS words, because any caller may have to do this, perhaps
 * with interrupts off.
 *
 * A frame in a stack has its bit clear and its descriptor says FRAME_NONE: the tree sees it as in use, and a
 * second free is detected. Only its own CPU accesses a stack, pinned. A CPU that finds no memory raises the
 * epoch, which the others check on their slow paths, and has them drained by cross-calls
 * (kernel64/smp/processors.c). tests/models/frame_caches.pml checks all interleavings.
 */
#include <ashlar/mm/frame_cache.h>

#include <ashlar/mm/fault.h>
#include <ashlar/mm/shrink.h>

#include "buddy_private.h"

PORT_PER_CPU(struct frame_cache, frame_cache);
extern PORT_PER_CPU(uint32_t, drained_epoch);
PORT_PER_CPU(uint32_t, drained_epoch);

static uint32_t wanted_epoch;
static uint32_t cache_limit;
static uint64_t block_share; /* frames; constant after init */

/* The most frames that one call gives back to the buddy allocator, and the most words they may be in; the
   exception is frame_cache_drain(). Each word costs an acquisition of the lock. */
#define GIVE_MOST   64
#define GIVE_WORDS  16
#define DRAIN_WORDS 4 /* in frame_cache_drain_some(), which runs in a cross-call with interrupts off */

/* All CPUs' stacks together hold at most this part of memory. */
#define CACHED_PART 64
#define SLOTS_ORDER 1
STATIC_ASSERT((1 + FRAME_CACHE_SIZE) * sizeof(struct frame *) <= PAGE_SIZE << SLOTS_ORDER,
              "slots do not fit");
/* The same for all CPUs' stacks of blocks of one order. */
#define BLOCKS_PART 64

/* ---- giving back ---- */

/* Gives frames @first + n for each bit n of @mask. @first: a multiple of 64. */
static void give_run(pfn_t first, uint64_t mask)
{
    struct place place;
    if (!buddy_find(first, &place) || !buddy_give_frames(&place, mask))
        port_bug("frame cache: among 64 frames at P%#lx (mask %#lx) one was free already",
                 pfn_to_phys(first).raw, mask);
}

static pfn_t number_of(const struct frame *frame)
{
    return phys_to_pfn(port_phys(port_frame_pointer(frame)));
}

static struct frame **top_of_mine(void)
{
    return (struct frame **)PORT_MINE(frame_cache).stack.top;
}

static struct frame **limit_of_mine(void)
{
    return (struct frame **)PORT_MINE(frame_cache).stack.limit;
}

static uint32_t held(void)
{
    return (uint32_t)(top_of_mine() - PORT_MINE(frame_cache).slots);
}

/* Pinned. */
static void check_stack(void)
{
    CHECK(held() == 0 || !PORT_MINE(frame_cache).slots[0], "frame cache: slot 0 is NULL");
    CHECK(held() <= PORT_MINE(frame_cache).size, "frame cache: the top of the stack is within its slots");
    CHECK(held() == 0 || frame_kind(*top_of_mine()) == FRAME_NONE,
          "frame cache: the descriptor of a frame in the stack says that it is not in use");
}

/* Takes those from the top of the stack that are in one word, until @keep are left. Return: the word's first
   frame; *@mask is 0 when there are no more than @keep. */
static pfn_t pop_word(uint32_t keep, uint64_t *mask)
{
    port_pin();
    check_stack();
    struct frame **top = top_of_mine(), **end = PORT_MINE(frame_cache).slots + keep;
    struct frame *first = NULL;
    pfn_t start = { 0 };
    uint64_t bits = 0;
    if (top > end) {
        pfn_t number = number_of(*top);
        start = pfn_align_down(number, 64);
        first = *top - number.raw % 64;
    }
    for (; top > end; top--) {
        uint64_t offset = (uint64_t)((uintptr_t)*top - (uintptr_t)first) / sizeof(struct frame);
        if (offset >= 64)
            break;
        bits |= BIT(offset % 64);
    }
    PORT_MINE(frame_cache).stack.top = (void **)top;
    port_unpin();
    *mask = bits;
    return start;
}

/* Gives frames of up to @words words back until @keep are left. Return: how many went back. */
static uint32_t shrink_some(uint32_t keep, uint32_t words)
{
    uint64_t mask;
    uint32_t given = 0;
    for (pfn_t start; words > 0 && ((start = pop_word(keep, &mask)), mask != 0); words--) {
        give_run(start, mask);
        given += bit_count(mask);
    }
    return given;
}

static void shrink_to(uint32_t keep)
{
    shrink_some(keep, UINT32_MAX);
}

uint64_t frame_cache_drain_some(void)
{
    uint32_t count = held();
    uint32_t given = shrink_some(count > GIVE_MOST ? count - GIVE_MOST : 0, DRAIN_WORDS);
    return given > 0 ? given : block_cache_drain_some();
}

void frame_cache_drain(void)
{
    shrink_to(0);
    block_cache_drain();
}

/* When a request has found no memory since this CPU last drained its caches, gives a part of them back; the
   rest on later calls. */
static void drain_if_requested(void)
{
    uint32_t wanted = __atomic_load_n(&wanted_epoch, __ATOMIC_RELAXED);
    if (LIKELY(PORT_MINE(drained_epoch) == wanted))
        return;
    uint32_t count = held();
    if (count > GIVE_MOST) {
        shrink_some(count - GIVE_MOST, GIVE_WORDS);
        return;
    }
    PORT_MINE(drained_epoch) = wanted;
    frame_cache_drain();
}

/* ---- the slow halves ---- */

/* Pushes the frames of @mask; those that do not fit go back. */
static void push_all(pfn_t first, uint64_t mask)
{
    port_pin();
    struct frame **top = top_of_mine(), **limit = limit_of_mine();
    struct frame *frame = buddy_frame(first);
    /* All of a word but its lowest frame, which the caller has: the usual case on a busy CPU. */
    if (mask == UINT64_MAX - 1 && top + 63 <= limit) {
        for (unsigned int i = 1; i < 64; i += 7, top += 7)
            for (unsigned int n = 0; n < 7; n++)
                top[1 + n] = &frame[i + n];
        mask = 0;
    }
    for (; mask != 0 && top < limit; mask &= mask - 1)
        *++top = frame + __builtin_ctzll(mask);
    PORT_MINE(frame_cache).stack.top = (void **)top;
    check_stack();
    port_unpin();
    if (mask != 0)
        give_run(first, mask);
}

/* Return: how many frames are worth taking at once. */
static unsigned int refill_size(void)
{
    uint32_t half = (uint32_t)(limit_of_mine() - PORT_MINE(frame_cache).slots) / 2;
    return half >= 64 ? 64 : half > 0 ? half : 1;
}

static void *use_frame(pfn_t number)
{
    struct frame *frame = buddy_frame(number);
    frame->state = frame_state(FRAME_TAKEN, 0, 0);
    return port_frame_pointer(frame);
}

void *frame_alloc_slow(void)
{
    uint64_t mask;
    drain_if_requested();
    if (fault_should_fail())
        return NULL;
    pfn_t first = buddy_take_frames(refill_size(), &mask);
    if (!pfn_is_valid(first)) {
        block_cache_drain();
        first = buddy_take_frames(1, &mask);
    }
    for (struct shrink_request request = { 0 }; !pfn_is_valid(first); first = buddy_take_frames(1, &mask)) {
        __atomic_fetch_add(&wanted_epoch, 1, __ATOMIC_RELAXED);
        if (!shrink_again(&request, 1))
            return NULL;
        shrink_to(0); /* shrinkers may have freed frames into this cache */
    }
    push_all(first, mask & (mask - 1));
    return use_frame(pfn_add(first, (unsigned int)__builtin_ctzll(mask)));
}

static uint32_t kept_when_full(void)
{
    uint32_t size = (uint32_t)(limit_of_mine() - PORT_MINE(frame_cache).slots);
    return size / 4 > GIVE_MOST ? size - GIVE_MOST : size / 4 * 3;
}

void frame_free_slow(void *page)
{
    const void *caller = __builtin_return_address(0);
    phys_t address = port_phys(page);
    pfn_t number = phys_to_pfn(address);
    struct place place;
    unsigned int flags;
    if (!is_aligned(address.raw, PAGE_SIZE)) {
        port_bug("frame cache: P%#lx cannot be freed: no frame begins there; freed from %pS", address.raw,
                 caller);
        return;
    }
    if (!buddy_retire(number, 0, caller, &place, &flags))
        return;
    drain_if_requested();
    if ((flags & FRAME_FLAG_DIRECT) || limit_of_mine() == PORT_MINE(frame_cache).slots) {
        give_run(pfn_align_down(number, 64), BIT(number.raw % 64));
        return;
    }
    if (top_of_mine() >= limit_of_mine())
        shrink_some(kept_when_full(), GIVE_WORDS);
    push_all(pfn_align_down(number, 64), BIT(number.raw % 64));
}

/* ---- several ---- */

/* Return: how many came from the stack. */
static size_t pop_some(void **pages, size_t wanted)
{
    struct frame **frames = (struct frame **)pages;
    port_pin();
    uint32_t count = held();
    uint32_t taken = wanted < count ? (uint32_t)wanted : count;
    for (uint32_t i = 0; i < taken; i++)
        frames[i] = PORT_MINE(frame_cache).slots[count - i];
    PORT_MINE(frame_cache).stack.top -= taken;
    port_unpin();
    for (uint32_t i = 0; i < taken; i++) {
        frames[i]->state = frame_state(FRAME_TAKEN, 0, 0);
        pages[i] = port_frame_pointer(frames[i]);
    }
    return taken;
}

size_t frame_alloc_bulk(void **pages, size_t count)
{
    CHECK_MAY_FREE_FRAMES();
    size_t done = pop_some(pages, count);
    while (done < count) {
        uint64_t mask;
        if (fault_should_fail())
            break;
        pfn_t first = buddy_take_frames(count - done < 64 ? (unsigned int)(count - done) : 64, &mask);
        if (!pfn_is_valid(first)) {
            __atomic_fetch_add(&wanted_epoch, 1, __ATOMIC_RELAXED);
            break;
        }
        for (; mask != 0; mask &= mask - 1)
            pages[done++] = use_frame(pfn_add(first, (unsigned int)__builtin_ctzll(mask)));
    }
    return done;
}

void frame_free_bulk(void *const *pages, size_t count)
{
    for (size_t i = 0; i < count; i++)
        frame_free(pages[i]);
}

/* ---- size ---- */

static void set_limit_of(unsigned int cpu)
{
    struct frame_cache *cache = PORT_OF(frame_cache, cpu);
    uint32_t limit = cache_limit < cache->size ? cache_limit : cache->size;
    __atomic_store_n(&cache->stack.limit, (void **)(cache->slots + limit), __ATOMIC_RELAXED);
    block_cache_set_share(cpu, cache_limit > 0 ? block_share : 0);
}

void frame_cache_set_limit(unsigned int limit)
{
    cache_limit = limit < FRAME_CACHE_SIZE ? limit : FRAME_CACHE_SIZE;
    for (unsigned int cpu = 0; cpu < port_cpu_count(); cpu++)
        set_limit_of(cpu);
    __atomic_fetch_add(&wanted_epoch, 1, __ATOMIC_RELAXED);
}

unsigned int frame_cache_limit(void)
{
    return cache_limit;
}

/* Allocates the slots, which are never freed. When there is no memory, the CPU uses the FRAME_CACHE_FEW slots
   in its struct. */
static void find_slots(struct frame_cache *cache)
{
    cache->slots = cache->few;
    cache->size = FRAME_CACHE_FEW;
    if (cache_limit <= FRAME_CACHE_FEW)
        return;
    pfn_t block = buddy_take(SLOTS_ORDER, BUDDY_URGENT, BUDDY_ANYWHERE, BUDDY_ANY_NODE);
    if (!pfn_is_valid(block))
        return;
    struct frame **slots = port_pointer(pfn_to_phys(block));
    if (!port_commit(slots, PAGE_SIZE << SLOTS_ORDER)) {
        buddy_give(block, SLOTS_ORDER);
        return;
    }
    buddy_frame(block)->state = frame_state(FRAME_METADATA, SLOTS_ORDER, 0);
    __atomic_fetch_add(&buddy.metadata, BIT(SLOTS_ORDER), __ATOMIC_RELAXED);
    cache->slots = slots;
    cache->slots[0] = NULL;
    cache->size = FRAME_CACHE_SIZE;
}

void frame_cache_prepare_cpu(unsigned int cpu)
{
    struct frame_cache *cache = PORT_OF(frame_cache, cpu);
    find_slots(cache);
    cache->stack.top = (void **)cache->slots;
    block_cache_init_cpu(cpu);
    set_limit_of(cpu);
}

void frame_cache_init(void)
{
    uint64_t managed = buddy_managed_frames();
    uint64_t limit = managed / CACHED_PART / port_cpu_count();
    cache_limit = limit < FRAME_CACHE_SIZE ? (unsigned int)limit & ~1u : FRAME_CACHE_SIZE;
    block_share = managed / BLOCKS_PART / port_cpu_count();
    for (unsigned int cpu = 0; cpu < port_cpu_count(); cpu++)
        frame_cache_prepare_cpu(cpu);
}
