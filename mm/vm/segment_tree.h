/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The tree of segments that vrange.c has: free and used pieces of address space, ordered by address. Not a
 * tree for anything else, and not locked: the caller's business.
 */
#include <ashlar/mm/vrange.h>

enum segment_state { SEGMENT_FREE, SEGMENT_USED, SEGMENT_ENDING };

struct segment {
    struct segment *left, *right;
    uint64_t priority;
    uint64_t start, end; /* guard page included */
    uint64_t largest;    /* free segment among this one and those below it */
    enum segment_state state;
    struct vrange_info info; /* of a used one */
};

/* @segment: not in the tree; its range overlaps nobody's. */
void segment_insert(struct segment **root, struct segment *segment);

/* @segment: in the tree; unchanged since it was inserted. */
void segment_remove(struct segment **root, struct segment *segment);

/* The segment that @address lies in; NULL outside of all. */
struct segment *segment_at(struct segment *root, uint64_t address);

/* The lowest free segment of at least @size bytes; NULL when there is none. */
struct segment *segment_lowest_free(struct segment *root, uint64_t size);

/* Whether a device range shows part of [start, end) with another memory type than @type, of enum page_access.
   Walks over all. */
bool segment_has_other_type(const struct segment *root, uint64_t start, uint64_t end, unsigned int type);
