/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A treap (Seidel and Aragon, "Randomized Search Trees", 1996), in which each node also stores the size of
 * the largest free segment below it: the lowest one that is large enough, and the segment of an address, are
 * found in O(log n). Priorities are hashes of addresses, so the shape of the tree does not depend on the
 * order of changes.
 */
#include "segment_tree.h"

#include <ashlar/mm/paging.h>

#define MEMORY_TYPE (PAGE_UNCACHED | PAGE_WRITE_COMBINING)

/* splitmix64: a hash of the address. */
static uint64_t priority_of(virt_t start)
{
    uint64_t z = start.raw * 0x9e3779b97f4a7c15ull;
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
    uint64_t own = node->state == SEGMENT_FREE ? virt_distance(node->start, node->end) : 0;
    uint64_t left = largest_of(node->left), right = largest_of(node->right);
    node->largest = own > left ? own : left;
    if (right > node->largest)
        node->largest = right;
}

/* Those that begin below @start go to @low, the others to @high. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the treap, about twice log2 of its nodes. */
static void split(struct segment *node, virt_t start, struct segment **low, struct segment **high)
{
    if (!node) {
        *low = *high = NULL;
    } else if (virt_is_below(node->start, start)) {
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
    split(high, virt_add(node->start, 1), &middle, &high);
    *root = join(low, high);
}

struct segment *segment_at(struct segment *root, virt_t address)
{
    struct segment *node = root;
    while (node && (virt_is_below(address, node->start) || !virt_is_below(address, node->end)))
        node = virt_is_below(address, node->start) ? node->left : node->right;
    return node;
}

struct segment *segment_lowest_free(struct segment *root, uint64_t size_bytes)
{
    struct segment *node = root;
    if (largest_of(node) < size_bytes)
        return NULL;
    for (;;) {
        if (largest_of(node->left) >= size_bytes)
            node = node->left;
        else if (node->state == SEGMENT_FREE && virt_distance(node->start, node->end) >= size_bytes)
            return node;
        else
            node = node->right;
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the treap, about twice log2 of its nodes. */
bool segment_has_other_type(const struct segment *node, struct phys_range range, unsigned int type)
{
    if (!node)
        return false;
    if (node->state != SEGMENT_FREE && node->info.kind == VRANGE_DEVICE) {
        uint64_t size_bytes = virt_distance(node->info.start, node->info.end);
        struct phys_range other = { node->info.device, phys_add(node->info.device, size_bytes) };
        if (phys_ranges_overlap(other, range) && (node->info.access & MEMORY_TYPE) != type)
            return true;
    }
    return segment_has_other_type(node->left, range, type) ||
           segment_has_other_type(node->right, range, type);
}
