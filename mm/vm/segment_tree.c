/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A treap (Seidel and Aragon, "Randomized Search Trees", 1996), in which each node also knows the largest
 * free segment below it: the lowest one that is large enough, and the segment of an address, are found in
 * O(log n). The priorities come from the addresses, so the tree is the same however it came about.
 */
#include "segment_tree.h"

#include <ashlar/mm/paging.h>

#define MEMORY_TYPE (PAGE_UNCACHED | PAGE_WRITE_COMBINING)

/* splitmix64: addresses become numbers that look like chance. */
static uint64_t priority_of(uint64_t start)
{
    uint64_t z = start * 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static uint64_t largest_of(const struct segment *node)
{
    return node ? node->largest : 0;
}

static void update(struct segment *node)
{
    uint64_t own = node->state == SEGMENT_FREE ? node->end - node->start : 0;
    uint64_t left = largest_of(node->left), right = largest_of(node->right);
    node->largest = own > left ? own : left;
    if (right > node->largest)
        node->largest = right;
}

/* Those that begin below @start go to @low, the others to @high. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the treap, about twice log2 of its nodes. */
static void split(struct segment *node, uint64_t start, struct segment **low, struct segment **high)
{
    if (!node) {
        *low = *high = NULL;
    } else if (node->start < start) {
        split(node->right, start, &node->right, high);
        update(node);
        *low = node;
    } else {
        split(node->left, start, low, &node->left);
        update(node);
        *high = node;
    }
}

/* All of @low begin below all of @high. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the treap, about twice log2 of its nodes. */
static struct segment *join(struct segment *low, struct segment *high)
{
    if (!low || !high)
        return low ? low : high;
    if (low->priority > high->priority) {
        low->right = join(low->right, high);
        update(low);
        return low;
    }
    high->left = join(low, high->left);
    update(high);
    return high;
}

void segment_insert(struct segment **root, struct segment *node)
{
    struct segment *low, *high;
    node->left = node->right = NULL;
    node->priority = priority_of(node->start);
    update(node);
    split(*root, node->start, &low, &high);
    *root = join(join(low, node), high);
}

void segment_remove(struct segment **root, struct segment *node)
{
    struct segment *low, *middle, *high;
    split(*root, node->start, &low, &high);
    split(high, node->start + 1, &middle, &high);
    *root = join(low, high);
}

struct segment *segment_at(struct segment *root, uint64_t address)
{
    struct segment *node = root;
    while (node && (address < node->start || address >= node->end))
        node = address < node->start ? node->left : node->right;
    return node;
}

struct segment *segment_lowest_free(struct segment *root, uint64_t size)
{
    struct segment *node = root;
    if (largest_of(node) < size)
        return NULL;
    for (;;) {
        if (largest_of(node->left) >= size)
            node = node->left;
        else if (node->state == SEGMENT_FREE && node->end - node->start >= size)
            return node;
        else
            node = node->right;
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the treap, about twice log2 of its nodes. */
bool segment_has_other_type(const struct segment *node, uint64_t start, uint64_t end, unsigned int type)
{
    if (!node)
        return false;
    if (node->state != SEGMENT_FREE && node->info.kind == VRANGE_DEVICE) {
        uint64_t other = node->info.device.raw, size = node->info.end.raw - node->info.start.raw;
        if (other < end && start < other + size && (node->info.access & MEMORY_TYPE) != type)
            return true;
    }
    return segment_has_other_type(node->left, start, end, type) ||
           segment_has_other_type(node->right, start, end, type);
}
