/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges of kernel address space.
 *
 * Segments cover all of it without a hole, free ones and used ones in turn, in one tree ordered by address
 * (segment_tree.c). A request takes the lowest one that is large enough. A used segment begins with its guard
 * page. The segment after it is free or begins with a guard page, so there is unmapped address space on both
 * sides of a range.
 *
 * A range is unmapped in three steps: its segment becomes SEGMENT_ENDING, so that only one caller unmaps it;
 * its pages are unmapped, which returns when every CPU has flushed them; only then the segment becomes free.
 * Flushing many ranges at once, later, would be cheaper and is not done: no caller unmaps often.
 *
 * tree_lock guards the segments; paging locks the page tables itself. Neither is taken with the other held.
 * Nodes are allocated before the tree is locked and freed after it is unlocked.
 */
#include <ashlar/mm/vrange.h>

#include <ashlar/bits.h>
#include <ashlar/hw/paging.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/sync/context.h>
#include <ashlar/mm/port.h>
#include <ashlar/mm/slab.h>

#include "segment_tree.h"

#define GUARD_SIZE  PAGE_SIZE
/* Of enum page_access. */
#define MEMORY_TYPE (PAGE_UNCACHED | PAGE_WRITE_COMBINING)
/* Segments that need no allocator; a range needs up to two new ones. Most machines never have more. */
#define EARLY_NODES 8
/* Pages that are mapped, or unmapped and flushed, under one lock: interrupts are off meanwhile. */
#define PIECE_PAGES 16

static struct paging *tables; /* constant after initialisation */

static struct spinlock tree_lock = SPINLOCK("segments", LOCK_SEGMENTS, LOCK_POLICY_MM);
/* guarded by tree_lock, as are the segments: */
static struct segment *root;
static struct segment *early_free; /* free early_nodes, linked by their right pointers */

static struct segment early_nodes[EARLY_NODES];
/* constant after initialisation: */
static virt_t first_address; /* of all */
static struct slab_cache *node_cache;

/* ---- nodes ---- */

static struct segment *take_node(void)
{
    spin_lock(&tree_lock);
    struct segment *node = early_free;
    if (node)
        early_free = node->right;
    spin_unlock(&tree_lock);
    return node || !node_cache ? node : slab_alloc(node_cache);
}

static bool is_early(const struct segment *node)
{
    return node >= early_nodes && node < early_nodes + EARLY_NODES;
}

static void give_node(struct segment *node)
{
    if (!node)
        return;
    if (!is_early(node)) {
        slab_free(node_cache, node);
        return;
    }
    spin_lock(&tree_lock);
    node->right = early_free;
    early_free = node;
    spin_unlock(&tree_lock);
}

/* @segment was just inserted: it is adjacent to its neighbours, and two neighbours are never both free. */
static void check_neighbours(const struct segment *segment)
{
#ifdef ASHLAR_CHECKED
    const struct segment *before = segment_at(root, virt_sub(segment->start, 1)),
                         *after = segment_at(root, segment->end);
    CHECK(virt_is_below(segment->start, segment->end), "vrange: a segment is not empty");
    CHECK(before ? virt_is_equal(before->end, segment->start) : virt_is_equal(segment->start, first_address),
          "vrange: a segment begins where the one before it ends");
    CHECK(!after || virt_is_equal(after->start, segment->end),
          "vrange: a segment ends where the next one begins");
    CHECK(segment->state != SEGMENT_FREE ||
              ((!before || before->state != SEGMENT_FREE) && (!after || after->state != SEGMENT_FREE)),
          "vrange: free segments that touch are one");
#else
    (void)segment;
#endif
}

/* ---- reserving ---- */

/* Cuts [start, end) out of a free segment, whose node it reuses. @spare: nodes for what stays free before and
   after. */
static struct segment *cut(struct segment *segment, virt_t start, virt_t end, struct segment *spare[2])
{
    virt_t free_start = segment->start, free_end = segment->end;
    segment_remove(&root, segment);
    if (virt_is_below(free_start, start)) {
        *spare[0] = (struct segment){ .start = free_start, .end = start, .state = SEGMENT_FREE };
        segment_insert(&root, spare[0]);
        spare[0] = NULL;
    }
    if (virt_is_below(end, free_end)) {
        *spare[1] = (struct segment){ .start = end, .end = free_end, .state = SEGMENT_FREE };
        segment_insert(&root, spare[1]);
        spare[1] = NULL;
    }
    *segment = (struct segment){ .start = start, .end = end, .state = SEGMENT_USED };
    return segment;
}

/* Whether the direct map, which is write-back, maps part of @range. */
static bool is_in_direct_map(struct phys_range range)
{
    const phys_t limit = { DIRECT_MAP_END - DIRECT_MAP_START };
    if (!phys_is_below(range.start, limit))
        return false;
    return paging_maps_any(tables, virt(DIRECT_MAP_START + range.start.raw),
                           phys_distance(range.start, phys_min(range.end, limit)));
}

/**
 * reserve() - make a used segment.
 * @size_bytes: any, also more than any segment has.
 * @alignment:  of start - @skew; both far below 2^63.
 * @wanted:     what it is to be; start and end are filled in.
 */
static status_t reserve(uint64_t size_bytes, uint64_t alignment, uint64_t skew, struct vrange_info *wanted)
{
    uint64_t needed;
    if (!add_fits(size_bytes, GUARD_SIZE + alignment + skew, &needed))
        return STATUS_NO_MEMORY;
    struct segment *spare[2] = { take_node(), take_node() };
    status_t status = spare[0] && spare[1] ? STATUS_OK : STATUS_NO_MEMORY;
    unsigned int type = wanted->access & MEMORY_TYPE;

    spin_lock(&tree_lock);
    if (status == STATUS_OK && wanted->kind == VRANGE_DEVICE &&
        segment_has_other_type(
            root, (struct phys_range){ wanted->device, phys_add(wanted->device, size_bytes) }, type))
        status = STATUS_EXISTS;
    struct segment *free = status == STATUS_OK ? segment_lowest_free(root, needed) : NULL;
    if (free) {
        wanted->start = virt_add(virt_align_up(virt_add(free->start, GUARD_SIZE), alignment), skew);
        wanted->end = virt_add(wanted->start, size_bytes);
        struct segment *used = cut(free, virt_sub(wanted->start, GUARD_SIZE), wanted->end, spare);
        used->info = *wanted;
        segment_insert(&root, used);
        check_neighbours(used);
    } else if (status == STATUS_OK) {
        status = STATUS_NO_MEMORY;
    }
    spin_unlock(&tree_lock);
    give_node(spare[0]);
    give_node(spare[1]);
    return status;
}

/* Makes a segment free, and merges it with those of its neighbours that are free. */
static void release(struct segment *segment)
{
    spin_lock(&tree_lock);
    segment_remove(&root, segment);
    struct segment *before = segment_at(root, virt_sub(segment->start, 1)),
                   *after = segment_at(root, segment->end);
    if (before && before->state == SEGMENT_FREE) {
        segment_remove(&root, before);
        segment->start = before->start;
    } else {
        before = NULL;
    }
    if (after && after->state == SEGMENT_FREE) {
        segment_remove(&root, after);
        segment->end = after->end;
    } else {
        after = NULL;
    }
    segment->state = SEGMENT_FREE;
    /* Move the free segment into an early node, if there is one: an object that stays for long would keep its
       slab from being freed. */
    struct segment *left = NULL;
    if (!is_early(segment) && early_free) {
        left = segment;
        segment = early_free;
        early_free = segment->right;
        *segment = *left;
    }
    segment_insert(&root, segment);
    check_neighbours(segment);
    spin_unlock(&tree_lock);
    give_node(left);
    give_node(before);
    give_node(after);
}

/* ---- pages ---- */

static status_t map(virt_t start, phys_t address, uint64_t size_bytes, unsigned int access)
{
    return paging_map(tables, start, address, size_bytes, access | PAGE_GLOBAL);
}

static void unmap(virt_t start, uint64_t size_bytes)
{
    status_t status = paging_unmap(tables, start, size_bytes);
    VERIFY(status == STATUS_OK);
}

/* How many bytes from @at on, of @left in the range, are one piece: as many small pages, or large ones, as
   are allowed. Depends on nothing else, so pages are unmapped in the pieces that they were mapped in, none
   has to be split, and unmapping cannot fail. @device: what is mapped at @at. */
static uint64_t piece_of(virt_t at, uint64_t left, phys_t device)
{
    uint64_t most = PIECE_PAGES * PAGE_SIZE,
             to_boundary = LARGE_PAGE_SIZE - virt_offset_in(at, LARGE_PAGE_SIZE);
    if (is_aligned(at.raw, LARGE_PAGE_SIZE) && is_aligned(device.raw, LARGE_PAGE_SIZE) &&
        left >= LARGE_PAGE_SIZE) {
        left = align_down(left, LARGE_PAGE_SIZE);
        most = PIECE_PAGES * LARGE_PAGE_SIZE;
    } else if (left > to_boundary) {
        left = to_boundary;
    }
    return left < most ? left : most;
}

static void unmap_device(virt_t start, uint64_t size_bytes, phys_t device)
{
    for (uint64_t done = 0, piece; done < size_bytes; done += piece) {
        piece = piece_of(virt_add(start, done), size_bytes - done, phys_add(device, done));
        unmap(virt_add(start, done), piece);
    }
}

static status_t map_device(virt_t start, uint64_t size_bytes, phys_t device, unsigned int access)
{
    for (uint64_t done = 0, piece; done < size_bytes; done += piece) {
        piece = piece_of(virt_add(start, done), size_bytes - done, phys_add(device, done));
        status_t status = map(virt_add(start, done), phys_add(device, done), piece, access);
        if (status != STATUS_OK) {
            unmap_device(start, done, device);
            return status;
        }
    }
    return STATUS_OK;
}

/* Unmaps single frames, and frees each after its TLB shootdown. */
static void unmap_frames(virt_t start, virt_t end)
{
    while (virt_is_below(start, end)) {
        void *frames[PIECE_PAGES];
        size_t count = 0;
        virt_t at = start;
        for (; virt_is_below(at, end) && count < PIECE_PAGES; at = virt_add(at, PAGE_SIZE)) {
            struct page_mapping page;
            if (paging_query(tables, at, &page) == STATUS_OK)
                frames[count++] = port_pointer(page.phys);
        }
        unmap(start, virt_distance(start, at));
        frame_free_bulk(frames, count);
        start = at;
    }
}

static status_t map_frames(virt_t start, virt_t end)
{
    for (virt_t at = start; virt_is_below(at, end); at = virt_add(at, PAGE_SIZE)) {
        void *frame = frame_alloc();
        status_t status = frame ? map(at, port_phys(frame), PAGE_SIZE, PAGE_WRITE) : STATUS_NO_MEMORY;
        if (status != STATUS_OK) {
            if (frame)
                frame_free(frame);
            unmap_frames(start, at);
            return status;
        }
    }
    return STATUS_OK;
}

/* Makes a used segment one that only the caller may end. Return: NULL when there is none. */
static struct segment *begin_end(virt_t address)
{
    spin_lock(&tree_lock);
    struct segment *segment = segment_at(root, address);
    if (segment && segment->state == SEGMENT_USED && !virt_is_below(address, segment->info.start))
        segment->state = SEGMENT_ENDING;
    else
        segment = NULL;
    spin_unlock(&tree_lock);
    return segment;
}

/* ---- the interface ---- */

status_t vrange_map_device(phys_t address, uint64_t size_bytes, unsigned int access, const char *name,
                           void **result)
{
    CHECK_MAY_ALLOCATE();
    uint64_t start = align_down(address.raw, PAGE_SIZE), end;
    if (!range_fits(address.raw, size_bytes, PTE_ADDRESS_MASK + PAGE_SIZE) ||
        !align_up_fits(address.raw + size_bytes, PAGE_SIZE, &end))
        return STATUS_INVALID;
    if ((access & MEMORY_TYPE) != 0 && is_in_direct_map((struct phys_range){ phys(start), phys(end) }))
        return STATUS_EXISTS;
    /* Larger pages require the same distance to the next boundary. */
    bool is_large = end - start >= LARGE_PAGE_SIZE;
    struct vrange_info info = {
        .kind = VRANGE_DEVICE, .name = name, .access = access, .device = phys(start)
    };
    status_t status = reserve(end - start, is_large ? LARGE_PAGE_SIZE : PAGE_SIZE,
                              is_large ? start % LARGE_PAGE_SIZE : 0, &info);
    if (status != STATUS_OK)
        return status;
    status = map_device(info.start, end - start, phys(start), access);
    if (status != STATUS_OK) {
        release(begin_end(info.start));
        return status;
    }
    *result = virt_to_pointer(virt_add(info.start, address.raw - start));
    return STATUS_OK;
}

status_t vrange_map_memory(uint64_t size_bytes, enum vrange_kind kind, const char *name, void **result)
{
    CHECK_MAY_ALLOCATE();
    uint64_t size;
    if (size_bytes == 0 || !align_up_fits(size_bytes, PAGE_SIZE, &size) || kind == VRANGE_DEVICE ||
        kind >= VRANGE_KINDS)
        return STATUS_INVALID;
    /* Refused first, because otherwise the request would take all frames and empty every cache before it
       fails. */
    if (size / PAGE_SIZE > buddy_managed_frames())
        return STATUS_NO_MEMORY;
    struct vrange_info info = { .kind = kind, .name = name, .access = PAGE_WRITE };
    status_t status = reserve(size, PAGE_SIZE, 0, &info);
    if (status != STATUS_OK)
        return status;
    status = map_frames(info.start, info.end);
    if (status != STATUS_OK) {
        release(begin_end(info.start));
        return status;
    }
    *result = virt_to_pointer(info.start);
    return STATUS_OK;
}

void vrange_unmap(const volatile void *pointer)
{
    CHECK_MAY_ALLOCATE();
    struct segment *segment = begin_end(virt_of(pointer));
    if (!segment) {
        port_bug("vrange: %#lx is in no range that could be unmapped; from %pS", virt_of(pointer).raw,
                 __builtin_return_address(0));
        return;
    }
    const struct vrange_info *info = &segment->info;
    uint64_t size_bytes = virt_distance(info->start, info->end);
    if (info->kind == VRANGE_DEVICE)
        unmap_device(info->start, size_bytes, info->device);
    else
        unmap_frames(info->start, info->end);
    release(segment);
    if (UNLIKELY(__atomic_load_n(&tables->kept_last.raw, __ATOMIC_RELAXED) != 0))
        vrange_prune();
}

void vrange_prune(void)
{
    paging_prune(tables);
}

bool vrange_find(virt_t address, struct vrange_info *info, bool *is_guard)
{
    if (!spin_trylock(&tree_lock))
        return false;
    const struct segment *segment = segment_at(root, address);
    bool is_used = segment && segment->state != SEGMENT_FREE;
    if (is_used) {
        *info = segment->info;
        *is_guard = virt_is_below(address, segment->info.start);
    }
    spin_unlock(&tree_lock);
    return is_used;
}

bool vrange_next(uint64_t *cursor, struct vrange_info *info)
{
    spin_lock(&tree_lock);
    const struct segment *found = segment_at(root, virt_max(virt(*cursor), first_address));
    while (found && found->state == SEGMENT_FREE)
        found = segment_at(root, found->end);
    if (found) {
        *info = found->info;
        *cursor = found->end.raw;
    }
    spin_unlock(&tree_lock);
    return found != NULL;
}

const char *vrange_kind_words(enum vrange_kind kind)
{
    static const char *const words[VRANGE_KINDS] = { "device", "memory", "stack" };
    return kind < VRANGE_KINDS ? words[kind] : "?";
}

void vrange_init(struct paging *paging, virt_t start, virt_t end)
{
    tables = paging;
    node_cache = NULL;
    early_free = NULL;
    root = NULL;
    first_address = start;
    for (size_t i = 0; i < EARLY_NODES; i++)
        give_node(&early_nodes[i]);
    struct segment *all = take_node();
    /* NOLINTNEXTLINE(analyzer-null-dereference): EARLY_NODES were just given. */
    *all = (struct segment){ .start = start, .end = end, .state = SEGMENT_FREE };
    segment_insert(&root, all);
}

status_t vrange_init_memory(void)
{
    node_cache = slab_cache_create("vrange", sizeof(struct segment), 0, NULL);
    return node_cache ? STATUS_OK : STATUS_NO_MEMORY;
}
