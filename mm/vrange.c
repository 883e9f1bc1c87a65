/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges of kernel address space.
 *
 * Segments cover all of it without a hole, free ones and used ones in turn, in one tree ordered by address: a treap
 * (Seidel and Aragon, "Randomized Search Trees", 1996), in which each node also knows the largest free segment below
 * it. So a request finds the lowest one that is large enough, and an address its segment, in O(log n). A used
 * segment begins with its guard page; what follows it is free, or begins with a guard page of its own.
 *
 * A segment that ends is taken in three steps: it becomes SEGMENT_ENDING, which nobody else may end or use; its pages are
 * unmapped, which returns when every CPU has flushed them; only then it becomes free. Flushing lazily, many at
 * a time, would be cheaper and is not done: no caller frees often.
 *
 * tree_lock guards the segments, tables_lock the page tables; they do not nest. Nodes are taken before the tree is
 * locked and given back after it is unlocked.
 */
#include <ashlar/mm/vrange.h>

#include <ashlar/bits.h>
#include <ashlar/hw/paging.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/port.h>
#include <ashlar/mm/slab.h>

#define GUARD_SIZE   PAGE_SIZE
/* Of enum page_access. */
#define MEMORY_TYPE  (PAGE_UNCACHED | PAGE_WRITE_COMBINING)
/* Segments that need no allocator; a range needs up to two new ones. Most machines never have more. */
#define EARLY_NODES  8
/* Frames that are unmapped, flushed and freed at a time. */
#define UNMAP_FRAMES 64

enum state {
    SEGMENT_FREE,
    SEGMENT_USED,
    SEGMENT_ENDING
};

struct segment {
    struct segment *left, *right;
    uint64_t priority;
    uint64_t start, end; /* guard page included */
    uint64_t largest;    /* free segment among this one and those below it */
    enum state state;
    struct vrange_info info; /* of a used one */
};

static struct paging *tables;
static struct port_lock tree_lock, tables_lock;
static struct segment *root;
static uint64_t first_address; /* of all */

static struct segment early_nodes[EARLY_NODES];
static struct segment *early_free; /* by their right pointers; guarded by tree_lock */
static struct slab_cache *node_cache;

/* ---- nodes ---- */

static struct segment *take_node(void)
{
    port_lock(&tree_lock);
    struct segment *node = early_free;
    if (node)
        early_free = node->right;
    port_unlock(&tree_lock);
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
    port_lock(&tree_lock);
    node->right = early_free;
    early_free = node;
    port_unlock(&tree_lock);
}

/* ---- the tree; under tree_lock ---- */

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

static void tree_insert(struct segment *node)
{
    struct segment *low, *high;
    node->left = node->right = NULL;
    node->priority = priority_of(node->start);
    update(node);
    split(root, node->start, &low, &high);
    root = join(join(low, node), high);
}

static void tree_remove(struct segment *node)
{
    struct segment *low, *middle, *high;
    split(root, node->start, &low, &high);
    split(high, node->start + 1, &middle, &high);
    root = join(low, high);
}

/* The segment that @address lies in; NULL outside of all. */
static struct segment *segment_at(uint64_t address)
{
    struct segment *node = root;
    while (node && (address < node->start || address >= node->end))
        node = address < node->start ? node->left : node->right;
    return node;
}

/* The lowest free segment of at least @size bytes. */
static struct segment *lowest_free(uint64_t size)
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

/* ---- reserving ---- */

/* Cuts [start, end) out of a free segment, of which it takes the node; @spare: two that may be needed. */
static struct segment *cut(struct segment *segment, uint64_t start, uint64_t end, struct segment *spare[2])
{
    uint64_t free_start = segment->start, free_end = segment->end;
    tree_remove(segment);
    if (free_start < start) {
        *spare[0] = (struct segment){ .start = free_start, .end = start, .state = SEGMENT_FREE };
        tree_insert(spare[0]);
        spare[0] = NULL;
    }
    if (end < free_end) {
        *spare[1] = (struct segment){ .start = end, .end = free_end, .state = SEGMENT_FREE };
        tree_insert(spare[1]);
        spare[1] = NULL;
    }
    *segment = (struct segment){ .start = start, .end = end, .state = SEGMENT_USED };
    return segment;
}

/* Whether a device range shows part of [start, end) with another memory type. */
static bool has_other_type(const struct segment *node, uint64_t start, uint64_t end, unsigned int type)
{
    if (!node)
        return false;
    if (node->state != SEGMENT_FREE && node->info.kind == VRANGE_DEVICE) {
        uint64_t other = node->info.device.raw, size = node->info.end.raw - node->info.start.raw;
        if (other < end && start < other + size &&
            (node->info.access & MEMORY_TYPE) != type)
            return true;
    }
    return has_other_type(node->left, start, end, type) || has_other_type(node->right, start, end, type);
}

/* Whether the direct map, which is write-back, shows part of [start, end). */
static bool is_in_direct_map(uint64_t start, uint64_t end)
{
    uint64_t size = DIRECT_MAP_END - DIRECT_MAP_START;
    if (start >= size)
        return false;
    port_lock(&tables_lock);
    bool is_there = paging_maps_any(tables, DIRECT_MAP_START + start, (end < size ? end : size) - start);
    port_unlock(&tables_lock);
    return is_there;
}

/**
 * reserve() - make a used segment.
 * @size_bytes: any, also what no segment can hold.
 * @wanted:     what it is to be; start and end are filled in.
 * @alignment:  of start + @skew; both far below 2^63.
 */
static status_t reserve(uint64_t size_bytes, uint64_t alignment, uint64_t skew, struct vrange_info *wanted)
{
    uint64_t needed;
    if (!add_fits(size_bytes, GUARD_SIZE + alignment + skew, &needed))
        return STATUS_NO_MEMORY;
    struct segment *spare[2] = { take_node(), take_node() };
    status_t status = spare[0] && spare[1] ? STATUS_OK : STATUS_NO_MEMORY;
    unsigned int type = wanted->access & MEMORY_TYPE;

    port_lock(&tree_lock);
    if (status == STATUS_OK && wanted->kind == VRANGE_DEVICE &&
        has_other_type(root, wanted->device.raw, wanted->device.raw + size_bytes, type))
        status = STATUS_EXISTS;
    struct segment *free = status == STATUS_OK ? lowest_free(needed) : NULL;
    if (free) {
        uint64_t start = align_up(free->start + GUARD_SIZE, alignment) + skew;
        struct segment *used = cut(free, start - GUARD_SIZE, start + size_bytes, spare);
        wanted->start = virt(start);
        wanted->end = virt(start + size_bytes);
        used->info = *wanted;
        tree_insert(used);
    } else if (status == STATUS_OK) {
        status = STATUS_NO_MEMORY;
    }
    port_unlock(&tree_lock);
    give_node(spare[0]);
    give_node(spare[1]);
    return status;
}

/* The segment becomes free, one with free neighbours. */
static void release(struct segment *segment)
{
    port_lock(&tree_lock);
    tree_remove(segment);
    struct segment *before = segment_at(segment->start - 1), *behind = segment_at(segment->end);
    if (before && before->state == SEGMENT_FREE) {
        tree_remove(before);
        segment->start = before->start;
    } else {
        before = NULL;
    }
    if (behind && behind->state == SEGMENT_FREE) {
        tree_remove(behind);
        segment->end = behind->end;
    } else {
        behind = NULL;
    }
    segment->state = SEGMENT_FREE;
    /* Few segments need no objects: the last one of many moves out of its slab. */
    struct segment *left = NULL;
    if (!is_early(segment) && early_free) {
        left = segment;
        segment = early_free;
        early_free = segment->right;
        *segment = *left;
    }
    tree_insert(segment);
    port_unlock(&tree_lock);
    give_node(left);
    give_node(before);
    give_node(behind);
}

/* ---- pages ---- */

static status_t map(uint64_t start, phys_t address, uint64_t size_bytes, unsigned int access)
{
    port_lock(&tables_lock);
    status_t status = paging_map(tables, start, address, size_bytes, access | PAGE_GLOBAL);
    port_unlock(&tables_lock);
    return status;
}

/* Pages are unmapped as they were mapped, so none has to be split and nothing can fail. */
static void unmap(uint64_t start, uint64_t size_bytes)
{
    port_lock(&tables_lock);
    status_t status = paging_unmap(tables, start, size_bytes);
    port_unlock(&tables_lock);
    VERIFY(status == STATUS_OK);
}

/* Unmaps single frames, and frees each when every CPU has forgotten it. */
static void unmap_frames(uint64_t start, uint64_t end)
{
    while (start < end) {
        void *frames[UNMAP_FRAMES];
        size_t count = 0;
        uint64_t at = start;
        for (; at < end && count < UNMAP_FRAMES; at += PAGE_SIZE) {
            struct page_mapping page;
            if (paging_query(tables, at, &page) == STATUS_OK)
                frames[count++] = port_pointer(page.phys);
        }
        unmap(start, at - start);
        frame_free_bulk(frames, count);
        start = at;
    }
}

static status_t map_frames(uint64_t start, uint64_t end)
{
    for (uint64_t at = start; at < end; at += PAGE_SIZE) {
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

void vrange_prune(void)
{
    port_lock(&tables_lock);
    uint64_t at = align_down(tables->kept_start, LARGE_PAGE_SIZE), end = tables->kept_end;
    tables->kept_start = tables->kept_end = 0;
    port_unlock(&tables_lock);
    /* A page table at a time, so that nobody waits for long. */
    for (; at < end; at += LARGE_PAGE_SIZE) {
        port_lock(&tables_lock);
        paging_prune(tables, at, LARGE_PAGE_SIZE);
        port_unlock(&tables_lock);
    }
}

/* Makes a used segment one that only the caller may end. Return: NULL when there is none. */
static struct segment *begin_end(uint64_t address)
{
    port_lock(&tree_lock);
    struct segment *segment = segment_at(address);
    if (segment && segment->state == SEGMENT_USED && address >= segment->info.start.raw)
        segment->state = SEGMENT_ENDING;
    else
        segment = NULL;
    port_unlock(&tree_lock);
    return segment;
}

/* ---- the interface ---- */

status_t vrange_map_device(phys_t address, uint64_t size_bytes, unsigned int access, const char *name, void **result)
{
    uint64_t start = align_down(address.raw, PAGE_SIZE), end;
    if (!range_fits(address.raw, size_bytes, PTE_ADDRESS_MASK + PAGE_SIZE) ||
        !align_up_fits(address.raw + size_bytes, PAGE_SIZE, &end))
        return STATUS_INVALID;
    if ((access & MEMORY_TYPE) != 0 && is_in_direct_map(start, end))
        return STATUS_EXISTS;
    /* Larger pages want the same distance to the next boundary. */
    bool is_large = end - start >= LARGE_PAGE_SIZE;
    struct vrange_info info = { .kind = VRANGE_DEVICE, .name = name, .access = access, .device = phys(start) };
    status_t status = reserve(end - start, is_large ? LARGE_PAGE_SIZE : PAGE_SIZE,
                              is_large ? start % LARGE_PAGE_SIZE : 0, &info);
    if (status != STATUS_OK)
        return status;
    status = map(info.start.raw, phys(start), end - start, access);
    if (status != STATUS_OK) {
        release(begin_end(info.start.raw));
        return status;
    }
    *result = (void *)(uintptr_t)(info.start.raw + (address.raw - start));
    return STATUS_OK;
}

status_t vrange_map_memory(uint64_t size_bytes, enum vrange_kind kind, const char *name, void **result)
{
    uint64_t size;
    if (size_bytes == 0 || !align_up_fits(size_bytes, PAGE_SIZE, &size) || kind == VRANGE_DEVICE || kind >= VRANGE_KINDS)
        return STATUS_INVALID;
    /* Or it would take all there is, and have everybody's caches emptied, before it fails. */
    if (size / PAGE_SIZE > buddy_managed_frames())
        return STATUS_NO_MEMORY;
    struct vrange_info info = { .kind = kind, .name = name, .access = PAGE_WRITE };
    status_t status = reserve(size, PAGE_SIZE, 0, &info);
    if (status != STATUS_OK)
        return status;
    status = map_frames(info.start.raw, info.end.raw);
    if (status != STATUS_OK) {
        release(begin_end(info.start.raw));
        return status;
    }
    *result = (void *)(uintptr_t)info.start.raw;
    return STATUS_OK;
}

void vrange_unmap(const volatile void *pointer)
{
    uint64_t address = (uint64_t)(uintptr_t)pointer;
    struct segment *segment = begin_end(address);
    if (!segment) {
        port_wrong("vrange: %#lx is in no range that could be unmapped; from %pS", address, __builtin_return_address(0));
        return;
    }
    if (segment->info.kind == VRANGE_DEVICE)
        unmap(segment->info.start.raw, segment->info.end.raw - segment->info.start.raw);
    else
        unmap_frames(segment->info.start.raw, segment->info.end.raw);
    release(segment);
    if (UNLIKELY(__atomic_load_n(&tables->kept_end, __ATOMIC_RELAXED) != 0))
        vrange_prune();
}

bool vrange_find(virt_t address, struct vrange_info *info, bool *is_guard)
{
    if (!port_try_lock(&tree_lock))
        return false;
    const struct segment *segment = segment_at(address.raw);
    bool is_used = segment && segment->state != SEGMENT_FREE;
    if (is_used) {
        *info = segment->info;
        *is_guard = address.raw < segment->info.start.raw;
    }
    port_unlock(&tree_lock);
    return is_used;
}

bool vrange_next(uint64_t *cursor, struct vrange_info *info)
{
    port_lock(&tree_lock);
    const struct segment *found = segment_at(*cursor > first_address ? *cursor : first_address);
    while (found && found->state == SEGMENT_FREE)
        found = segment_at(found->end);
    if (found) {
        *info = found->info;
        *cursor = found->end;
    }
    port_unlock(&tree_lock);
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
    first_address = start.raw;
    for (size_t i = 0; i < EARLY_NODES; i++)
        give_node(&early_nodes[i]);
    struct segment *all = take_node();
    *all = (struct segment){ .start = start.raw, .end = end.raw, .state = SEGMENT_FREE };
    tree_insert(all);
}

status_t vrange_init_memory(void)
{
    node_cache = slab_cache_create("vrange", sizeof(struct segment), 0, NULL);
    return node_cache ? STATUS_OK : STATUS_NO_MEMORY;
}
