/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The common path of blocks of order 1 to 9: a per-CPU stack for each order. The theory is at the head of
 * block_cache.c.
 */
#include "buddy_private.h"

#define BLOCK_STACK_SIZE   (2 * BLOCK_CACHE_BATCH)
#define BLOCK_CACHE_ORDERS 9 /* orders 1 .. 9: up to 2 MiB */
#define KNOWN_CHUNKS       8

/* This CPU only, pinned, but for kept, which any CPU sets. */
struct block_cache {
    struct block_stack {
        uint32_t count;
        uint32_t kept; /* at most so many */
        struct frame *heads[BLOCK_STACK_SIZE];
    } of[BLOCK_CACHE_ORDERS + 1];
    uint64_t known[KNOWN_CHUNKS]; /* a chunk's number + 1, at its number modulo KNOWN_CHUNKS */
};
extern PORT_PER_CPU(struct block_cache, block_cache);

static inline bool block_cache_has_order(unsigned int order)
{
    return order - 1 < BLOCK_CACHE_ORDERS;
}

/* Return: NULL when the stack is empty. @order: 1 .. 9. */
static inline struct frame *block_cache_pop(unsigned int order)
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

static inline bool block_cache_is_known(phys_t block)
{
    uint64_t chunk = block.raw / LARGE_PAGE_SIZE;
    return PORT_MINE(block_cache).known[chunk % KNOWN_CHUNKS] == chunk + 1;
}

/* @block: page-aligned. Return: false when the stack is full, or it is not a block for a stack: perhaps not a
   block at all. */
static ALWAYS_INLINE bool block_cache_push(phys_t block, unsigned int order)
{
    bool is_kept = false;
    if (buddy.node_count > 1 && buddy_node_of(block) != buddy_home_node())
        return false;
    port_pin();
    if (block_cache_is_known(block)) {
        struct frame *head = port_frame(port_pointer(block));
        uint32_t count = PORT_MINE(block_cache).of[order].count;
        /* Atomic, because another CPU may be freeing it, too. */
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

/* The same, not inline: for where it is not the common path. */
bool block_cache_push_slow(phys_t block, unsigned int order);

/* Stores that the chunk of @block has descriptors. */
void block_cache_note(phys_t block);

/* Gives half of a full stack back. Return: false when it was not full. */
bool block_cache_make_space(unsigned int order);
