/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Per-CPU stacks of blocks of order 1 to 9, a few of each, in front of the buddy allocator.
 *
 * Without them a caller that takes and gives one block splits something larger and merges it again each time.
 * The blocks of one order on a CPU are limited to a small part of all memory, so small machines have stacks
 * for small orders only. The rules are those of the frame cache: a block in a stack has its bits clear and
 * its head says FRAME_NONE; only its CPU touches a stack, pinned; a request that finds no memory has them all
 * given back. A block from a restricted request, or of another node, bypasses the stacks.
 *
 * Before a block is freed, the allocator has to look up whether its chunk has descriptors. A CPU remembers
 * some chunks that have them: those of blocks that it has freed or refilled its stacks with. Descriptors are
 * never removed, so an entry never becomes stale.
 */
#include "block_cache.h"

PORT_PER_CPU(struct block_cache, block_cache);

void block_cache_note(phys_t block)
{
    uint64_t chunk = block.raw / LARGE_PAGE_SIZE;
    PORT_MINE(block_cache).known[chunk % KNOWN_CHUNKS] = chunk + 1;
}

bool block_cache_push_slow(phys_t block, unsigned int order)
{
    return block_cache_push(block, order);
}

/* Takes up to @wanted from the stack. Return: how many. */
static unsigned int pop_some(unsigned int order, unsigned int wanted, pfn_t *frames)
{
    struct frame *head;
    unsigned int count = 0;
    CHECK(PORT_MINE(block_cache).of[order].count <= BLOCK_STACK_SIZE,
          "buddy: a stack of blocks holds no more than its size");
    while (count < wanted && (head = block_cache_pop(order)) != NULL)
        frames[count++] = phys_to_pfn(port_phys(port_frame_pointer(head)));
    return count;
}

/* Return: how many blocks went back. */
static unsigned int shrink_by(unsigned int order, unsigned int count)
{
    pfn_t frames[BLOCK_CACHE_BATCH];
    count = pop_some(order, count, frames);
    if (count > 0)
        buddy_give_blocks(frames, count, order);
    return count;
}

bool block_cache_make_space(unsigned int order)
{
    uint32_t count = PORT_MINE(block_cache).of[order].count;
    if (count < PORT_MINE(block_cache).of[order].kept)
        return false;
    shrink_by(order, (count + 1) / 2);
    return true;
}

uint64_t block_cache_drain_some(void)
{
    unsigned int blocks = 0, order = 0;
    while (blocks == 0 && ++order <= BLOCK_CACHE_ORDERS)
        blocks = shrink_by(order, BLOCK_CACHE_BATCH);
    return (uint64_t)blocks << order;
}

void block_cache_drain(void)
{
    while (block_cache_drain_some() > 0)
        ;
}

unsigned int block_cache_capacity_left(unsigned int order)
{
    if (!block_cache_has_order(order))
        return 0;
    uint32_t half = PORT_MINE(block_cache).of[order].kept / 2;
    return half < BLOCK_CACHE_BATCH ? half : BLOCK_CACHE_BATCH;
}

void block_cache_push_all(const pfn_t *frames, unsigned int count, unsigned int order)
{
    for (unsigned int i = 0; i < count; i++) {
        phys_t block = pfn_to_phys(frames[i]);
        if (order >= CHUNK_ORDER && !buddy_describe_block(frames[i], order)) {
            buddy_give(frames[i], order);
            continue;
        }
        block_cache_note(block);
        port_frame(port_pointer(block))->state = frame_state(FRAME_TAKEN, order, 0);
        if (!block_cache_push_slow(block, order)) {
            port_frame(port_pointer(block))->state = frame_state(FRAME_NONE, 0, 0);
            buddy_give(frames[i], order);
        }
    }
}

/* ---- size ---- */

uint64_t block_cache_count(unsigned int cpu)
{
    uint64_t frames = 0;
    for (unsigned int order = 1; order <= BLOCK_CACHE_ORDERS; order++)
        frames += (uint64_t)__atomic_load_n(&PORT_OF(block_cache, cpu)->of[order].count, __ATOMIC_RELAXED)
                  << order;
    return frames;
}

void block_cache_set_share(unsigned int cpu, uint64_t frames)
{
    for (unsigned int order = 1; order <= BLOCK_CACHE_ORDERS; order++) {
        uint64_t blocks = frames >> order;
        __atomic_store_n(&PORT_OF(block_cache, cpu)->of[order].kept,
                         blocks < BLOCK_STACK_SIZE ? (uint32_t)blocks : BLOCK_STACK_SIZE, __ATOMIC_RELAXED);
    }
}

void block_cache_init_cpu(unsigned int cpu)
{
    *PORT_OF(block_cache, cpu) = (struct block_cache){ .known = { 0 } };
}
