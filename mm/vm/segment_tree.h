/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The tree of segments of vrange.c: free and used pieces of address space, ordered by address.
 *
 * Context of all: with vrange.c's tree_lock held, which guards the segments; unchecked, because that is
 * static there: vrange.c takes it around each use.
 */
#include <ashlar/mm/vrange.h>

enum segment_state { SEGMENT_FREE, SEGMENT_USED, SEGMENT_ENDING };

struct segment {
    struct segment *left, *right;
    uint64_t priority;
    virt_t start, end; /* guard page included */
    uint64_t largest;  /* free segment among this one and those below it, bytes */
    enum segment_state state;
    struct vrange_info info; /* of a used one */
};

/* @segment: not in the tree; its range overlaps no other segment's. */
void segment_insert(struct segment **root, struct segment *segment);

/* @segment: in the tree; unchanged since it was inserted. */
void segment_remove(struct segment **root, struct segment *segment);

/* The segment that @address lies in; NULL outside of all. */
struct segment *segment_at(struct segment *root, virt_t address);

/* The lowest free segment of at least @size_bytes; NULL when there is none. */
struct segment *segment_lowest_free(struct segment *root, uint64_t size_bytes);

/* Whether a device range maps part of @range with another memory type than @type, of enum page_access.
   Cost: visits all segments. */
bool segment_has_other_type(const struct segment *root, struct phys_range range, unsigned int type);
