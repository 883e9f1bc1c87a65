/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Per-CPU stacks of blocks of order 1 to 9, a few of each, in front of the buddy allocator.
 *
 * Without them a caller that takes and gives one block splits something larger and merges it again each
 * time. What a CPU keeps of an order is a small part of all memory, so small machines have stacks
 * for small orders only. The rules are those of the frame cache: a block in a stack has its bits
 * clear and its head says FRAME_NONE; only its CPU touches a stack, pinned; who finds no memory asks for all
 * of them back. A block from a restricted request, or of another node, goes past the stacks.
 *
 * Whether an address has a descriptor at all takes the allocator a search. A CPU remembers some chunks that
 * have, of those that it freed something in; descriptors stay once they exist, so it need not forget.
 */
#include <ashlar/mm/frame_cache.h>

#include "buddy_private.h"

#define STACK_SIZE   (2 * BLOCK_CACHE_BATCH)
#define ORDER_LAST   9 /* 2 MiB */
#define KNOWN_CHUNKS 8

struct block_cache {
    struct stack {
        uint32_t count;
        uint32_t kept; /* at most so many; anybody sets it */
        struct frame *heads[STACK_SIZE];
    } of[ORDER_LAST + 1];
    uint64_t known[KNOWN_CHUNKS]; /* a chunk's number + 1, in its place by number */
};
extern PORT_PER_CPU(struct block_cache, block_cache);
PORT_PER_CPU(struct block_cache, block_cache);

static struct frame *pop(unsigned int order)
{
    struct frame *head = NULL;
    port_pin();
    uint32_t count = PORT_MINE(block_cache).of[order].count;
    if (LIKELY(count > 0)) {
        head = PORT_MINE(block_cache).of[order].heads[count - 1];
        PORT_MINE(block_cache).of[order].count = count - 1;
    }
    port_unpin();
    return head;
}

phys_t buddy_alloc(unsigned int order, unsigned int flags)
{
    struct frame *head;
    if (LIKELY(flags == 0 && order - 1 < ORDER_LAST && (head = pop(order)) != NULL)) {
        head->state = frame_state(FRAME_TAKEN, order, 0);
        return port_phys(port_frame_pointer(head));
    }
    if (order > 0 || flags != 0)
        return buddy_alloc_where(order, flags, BUDDY_ANYWHERE, BUDDY_ANY_NODE);
    void *page = frame_alloc();
    return page ? port_phys(page) : PHYS_INVALID;
}

/* ---- giving ---- */

static bool is_known(phys_t block)
{
    uint64_t chunk = block.raw / LARGE_PAGE_SIZE;
    return PORT_MINE(block_cache).known[chunk % KNOWN_CHUNKS] == chunk + 1;
}

static void remember(phys_t block)
{
    uint64_t chunk = block.raw / LARGE_PAGE_SIZE;
    PORT_MINE(block_cache).known[chunk % KNOWN_CHUNKS] = chunk + 1;
}

/* Return: false when there is no room, or the block is not one for a stack: perhaps not one at all. */
static ALWAYS_INLINE bool push(phys_t block, unsigned int order)
{
    bool is_kept = false;
    if (buddy.node_count > 1 && buddy_node_of(block) != buddy_home_node())
        return false;
    port_pin();
    if (is_known(block)) {
        struct frame *head = port_frame(port_pointer(block));
        uint32_t count = PORT_MINE(block_cache).of[order].count;
        /* Atomic, for another CPU may be freeing it, too. */
        if (LIKELY(count < PORT_MINE(block_cache).of[order].kept &&
                   frame_try_set_state(head, frame_state(FRAME_TAKEN, order, 0),
                                       frame_state(FRAME_NONE, 0, 0)))) {
            PORT_MINE(block_cache).of[order].heads[count] = head;
            PORT_MINE(block_cache).of[order].count = count + 1;
            is_kept = true;
        }
    }
    port_unpin();
    return is_kept;
}

static NOINLINE bool push_rarely(phys_t block, unsigned int order)
{
    return push(block, order);
}

/* Takes up to @wanted from the stack. Return: how many. */
static unsigned int pop_some(unsigned int order, unsigned int wanted, uint64_t *frames)
{
    struct frame *head;
    unsigned int count = 0;
    while (count < wanted && (head = pop(order)) != NULL)
        frames[count++] = port_phys(port_frame_pointer(head)).raw >> PAGE_SHIFT;
    return count;
}

static void shrink_by(unsigned int order, unsigned int count)
{
    uint64_t frames[BLOCK_CACHE_BATCH];
    count = pop_some(order, count, frames);
    if (count > 0)
        buddy_give_blocks(frames, count, order);
}

/* Not for a stack, or there is no room in it: then half of it goes back. */
static NOINLINE void free_slow(phys_t block, unsigned int order, const void *caller)
{
    if (order - 1 < ORDER_LAST && is_aligned(block.raw, PAGE_SIZE) &&
        PORT_MINE(block_cache).of[order].count >= PORT_MINE(block_cache).of[order].kept) {
        shrink_by(order, (PORT_MINE(block_cache).of[order].count + 1) / 2);
        if (push_rarely(block, order))
            return;
    }
    if (buddy_free_checked(block, order, caller))
        remember(block);
}

void buddy_free(phys_t block, unsigned int order)
{
    if (LIKELY(order - 1 < ORDER_LAST && is_aligned(block.raw, PAGE_SIZE) && push(block, order)))
        return;
    free_slow(block, order, __builtin_return_address(0));
}

void block_cache_drain(void)
{
    for (unsigned int order = 1; order <= ORDER_LAST; order++)
        while (PORT_MINE(block_cache).of[order].count > 0)
            shrink_by(order, BLOCK_CACHE_BATCH);
}

unsigned int block_cache_room(unsigned int order)
{
    if (order - 1 >= ORDER_LAST)
        return 0;
    uint32_t half = PORT_MINE(block_cache).of[order].kept / 2;
    return half < BLOCK_CACHE_BATCH ? half : BLOCK_CACHE_BATCH;
}

void block_cache_push_all(const uint64_t *frames, unsigned int count, unsigned int order)
{
    for (unsigned int i = 0; i < count; i++) {
        phys_t block = pfn_to_phys((pfn_t){ frames[i] });
        if (order >= CHUNK_ORDER && !buddy_describe_block(frames[i], order)) {
            buddy_give(frames[i], order);
            continue;
        }
        remember(block);
        port_frame(port_pointer(block))->state = frame_state(FRAME_TAKEN, order, 0);
        if (!push_rarely(block, order)) {
            port_frame(port_pointer(block))->state = frame_state(FRAME_NONE, 0, 0);
            buddy_give(frames[i], order);
        }
    }
}

/* ---- size ---- */

uint64_t block_cache_count(unsigned int cpu)
{
    uint64_t frames = 0;
    for (unsigned int order = 1; order <= ORDER_LAST; order++)
        frames += (uint64_t)__atomic_load_n(&PORT_OF(block_cache, cpu)->of[order].count, __ATOMIC_RELAXED)
                  << order;
    return frames;
}

void block_cache_set_share(unsigned int cpu, uint64_t frames)
{
    for (unsigned int order = 1; order <= ORDER_LAST; order++) {
        uint64_t blocks = frames >> order;
        __atomic_store_n(&PORT_OF(block_cache, cpu)->of[order].kept,
                         blocks < STACK_SIZE ? (uint32_t)blocks : STACK_SIZE, __ATOMIC_RELAXED);
    }
}

void block_cache_init_cpu(unsigned int cpu)
{
    *PORT_OF(block_cache, cpu) = (struct block_cache){ .known = { 0 } };
}
