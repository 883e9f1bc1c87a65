/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Large blocks: a mapping each, which begins where the caller's memory begins and grows and shrinks by
 * mremap() without being copied.
 *
 * The mappings are in a hash table outside them, by address, so that any other pointer is recognised with
 * certainty; no metadata is in or beside the caller's memory.
 *
 * A mapping that is freed is kept for a later request, because giving pages back and having them zeroed
 * again costs far more than taking them twice. Kept memory is a few extents, joined where they meet, cut
 * where a request is smaller, and stretched by mremap() where it is larger. How much: up to twice the
 * largest mapping freed so far that was not larger than KEPT_LARGEST (as glibc's threshold adapts). An
 * extent that was not reused for ten seconds is unmapped by the next free of a mapping.
 */
#define _GNU_SOURCE
#include "hosted.h"

#include <ashlar/bits.h>
#include <ashlar/overflow.h>

#include <errno.h>
#include <sys/mman.h>

#define KEPT_EXTENTS 32
#define KEPT_LARGEST MIB(32)
#define KEPT_TICKS   10000000000u /* 10 s, as jemalloc decays */
#define TABLE_LEAST  256          /* places; a power of two */

struct spinlock hosted_large_lock;
/* guarded by hosted_large_lock: */
static struct mapping {
    uintptr_t start; /* 0: the place is empty */
    size_t size;
    uint64_t origin; /* which mmap() it is from, or a part of */
} * table;
static size_t table_places, table_count;

static struct extent {
    uintptr_t start;
    size_t size;
    uint64_t origin, since;
} kept[KEPT_EXTENTS];
static unsigned int kept_count;
static size_t kept_bytes, kept_limit;
static uint64_t last_origin;

/* ---- the table: open addressing, linear probing ---- */

static size_t place_of(uintptr_t start)
{
    return (size_t)((start >> PAGE_SHIFT) * 0x9e3779b97f4a7c15u >> 20) & (table_places - 1);
}

/* Return: the place of @start, or the empty one where it would be; NULL when there is no table. */
static struct mapping *find(uintptr_t start)
{
    if (!table)
        return NULL;
    size_t at = place_of(start);
    while (table[at].start != 0 && table[at].start != start)
        at = (at + 1) & (table_places - 1);
    return &table[at];
}

static void *map_pages(size_t size)
{
    int saved = errno;
    void *start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start != MAP_FAILED)
        return start;
    errno = saved;
    return NULL;
}

/* The table stays at most half full. */
static bool make_place(void)
{
    if (table && (table_count + 1) * 2 <= table_places)
        return true;
    struct mapping *old = table;
    size_t old_places = table_places, places = old ? 2 * old_places : TABLE_LEAST;
    struct mapping *made = map_pages(places * sizeof(*made));
    if (!made)
        return false;
    table = made;
    table_places = places;
    for (size_t i = 0; i < old_places; i++)
        if (old[i].start != 0)
            *find(old[i].start) = old[i];
    if (old)
        munmap(old, old_places * sizeof(*old));
    return true;
}

/* An entry after the emptied slot that would no longer be found is moved into it (Knuth, vol. 3, 6.4,
   algorithm R). */
static void table_remove(struct mapping *mapping)
{
    size_t empty = (size_t)(mapping - table), mask = table_places - 1;
    for (size_t at = (empty + 1) & mask; table[at].start != 0; at = (at + 1) & mask) {
        size_t wanted = place_of(table[at].start);
        if (((at - wanted) & mask) >= ((at - empty) & mask)) {
            table[empty] = table[at];
            empty = at;
        }
    }
    table[empty].start = 0;
    table_count--;
}

/* Return: false when the table cannot grow. */
static bool table_insert(uintptr_t start, size_t size, uint64_t origin)
{
    if (!make_place())
        return false;
    /* NOLINTNEXTLINE(analyzer-null-dereference): make_place() made the table. */
    *find(start) = (struct mapping){ start, size, origin };
    table_count++;
    return true;
}

/* ---- kept extents ---- */

static void drop_extent(unsigned int i)
{
    kept_bytes -= kept[i].size;
    kept[i] = kept[--kept_count];
}

static void unmap_extent(unsigned int i)
{
    munmap((void *)kept[i].start, kept[i].size);
    drop_extent(i);
}

static void unmap_until(size_t limit)
{
    while (kept_bytes > limit) {
        unsigned int oldest = 0;
        for (unsigned int i = 1; i < kept_count; i++)
            if (kept[i].since < kept[oldest].since)
                oldest = i;
        unmap_extent(oldest);
    }
}

static void unmap_old(uint64_t now)
{
    for (unsigned int i = kept_count; i-- > 0;)
        if (now - kept[i].since > KEPT_TICKS)
            unmap_extent(i);
}

/* Only parts of one mmap() are joined: two may stay two areas in Linux, and mremap() moves one area. */
static bool meets(const struct extent *extent, uintptr_t start, size_t size, uint64_t origin)
{
    return extent->origin == origin &&
           (extent->start + extent->size == start || start + size == extent->start);
}

static void keep(uintptr_t start, size_t size, uint64_t origin)
{
    uint64_t now = port_ticks();
    unmap_old(now);
    if (size <= KEPT_LARGEST && 2 * size > kept_limit)
        kept_limit = 2 * size;
    if (size > KEPT_LARGEST) {
        munmap((void *)start, size);
        return;
    }
    for (unsigned int i = 0; i < kept_count;) {
        if (!meets(&kept[i], start, size, origin)) {
            i++;
            continue;
        }
        start = kept[i].start < start ? kept[i].start : start;
        size += kept[i].size;
        drop_extent(i);
        i = 0;
    }
    if (kept_count == KEPT_EXTENTS)
        unmap_until(kept_bytes - 1); /* the oldest */
    kept[kept_count++] = (struct extent){ start, size, origin, now };
    kept_bytes += size;
    unmap_until(kept_limit);
}

/* The smallest extent that is large enough; its rest stays. Return: 0 when there is none. */
static uintptr_t take_kept(size_t size, uint64_t *origin)
{
    unsigned int best = KEPT_EXTENTS;
    for (unsigned int i = 0; i < kept_count; i++)
        if (kept[i].size >= size && (best == KEPT_EXTENTS || kept[i].size < kept[best].size))
            best = i;
    if (best == KEPT_EXTENTS)
        return 0;
    uintptr_t start = kept[best].start;
    *origin = kept[best].origin;
    if (kept[best].size == size) {
        drop_extent(best);
    } else {
        kept[best].start += size;
        kept[best].size -= size;
        kept_bytes -= size;
    }
    return start;
}

/* No extent is large enough: the largest grows. */
static uintptr_t stretch_kept(size_t size, uint64_t *origin)
{
    unsigned int largest = 0;
    for (unsigned int i = 1; i < kept_count; i++)
        if (kept[i].size > kept[largest].size)
            largest = i;
    if (kept_count == 0)
        return 0;
    int saved = errno;
    void *start = mremap((void *)kept[largest].start, kept[largest].size, size, MREMAP_MAYMOVE);
    errno = saved;
    if (start == MAP_FAILED)
        return 0;
    *origin = kept[largest].origin;
    drop_extent(largest);
    return (uintptr_t)start;
}

bool hosted_large_release(void)
{
    spin_lock(&hosted_large_lock);
    bool had_some = kept_count > 0;
    unmap_until(0);
    spin_unlock(&hosted_large_lock);
    return had_some;
}

/* ---- making and ending ---- */

/* Maps more and cuts off what is not aligned. */
static uintptr_t map_aligned(size_t size, size_t alignment)
{
    if (alignment <= PAGE_SIZE)
        return (uintptr_t)map_pages(size);
    size_t more;
    if (!add_fits(size, alignment, &more))
        return 0;
    uintptr_t start = (uintptr_t)map_pages(more), aligned = align_up(start, alignment);
    if (start == 0)
        return 0;
    if (aligned > start)
        munmap((void *)start, aligned - start);
    munmap((void *)(aligned + size), start + more - (aligned + size));
    return aligned;
}

static bool round_up(size_t *size)
{
    if (*size > (size_t)PTRDIFF_MAX - PAGE_SIZE)
        return false;
    *size = align_up(*size, PAGE_SIZE);
    return true;
}

/* The lock is held. */
static uintptr_t obtain(size_t size, size_t alignment, bool *is_zero)
{
    CHECK_HELD(&hosted_large_lock);
    uint64_t origin = 0;
    uintptr_t start = alignment <= PAGE_SIZE ? take_kept(size, &origin) : 0;
    if (start == 0 && alignment <= PAGE_SIZE && !*is_zero)
        start = stretch_kept(size, &origin);
    *is_zero = start == 0;
    if (start == 0) {
        origin = ++last_origin;
        start = map_aligned(size, alignment);
    }
    if (start == 0 && kept_count > 0) {
        unmap_until(0);
        start = map_aligned(size, alignment);
    }
    if (start != 0 && !table_insert(start, size, origin)) {
        munmap((void *)start, size);
        start = 0;
    }
    return start;
}

void *hosted_large_alloc(size_t size, size_t alignment, bool *is_zero)
{
    if (!round_up(&size))
        return NULL;
    spin_lock(&hosted_large_lock);
    uintptr_t start = obtain(size, alignment, is_zero);
    spin_unlock(&hosted_large_lock);
    return (void *)start;
}

size_t hosted_large_size(const void *pointer)
{
    spin_lock(&hosted_large_lock);
    struct mapping *mapping = find((uintptr_t)pointer);
    size_t size = mapping && mapping->start != 0 ? mapping->size : 0;
    spin_unlock(&hosted_large_lock);
    return size;
}

bool hosted_large_free(void *pointer)
{
    spin_lock(&hosted_large_lock);
    struct mapping *mapping = find((uintptr_t)pointer);
    bool is_there = pointer && mapping && mapping->start != 0;
    if (is_there) {
        struct mapping freed = *mapping;
        table_remove(mapping);
        keep(freed.start, freed.size, freed.origin);
    }
    spin_unlock(&hosted_large_lock);
    return is_there;
}

/* The lock is held. Return: NULL when the kernel refuses. */
static void *move_pages(struct mapping *mapping, size_t size)
{
    CHECK_HELD(&hosted_large_lock);
    struct mapping old = *mapping;
    int saved = errno;
    void *moved = mremap((void *)old.start, old.size, size, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED && kept_count > 0) {
        unmap_until(0);
        moved = mremap((void *)old.start, old.size, size, MREMAP_MAYMOVE);
    }
    errno = saved;
    if (moved == MAP_FAILED)
        return NULL;
    table_remove(mapping);
    table_insert((uintptr_t)moved, size, old.origin); /* there is a slot: the one that was removed */
    return moved;
}

void *hosted_large_resize(void *pointer, size_t size)
{
    void *moved = pointer;
    if (!round_up(&size))
        return NULL;
    spin_lock(&hosted_large_lock);
    struct mapping *mapping = find((uintptr_t)pointer);
    if (mapping && mapping->start != 0 && mapping->size != size)
        moved = move_pages(mapping, size);
    spin_unlock(&hosted_large_lock);
    return moved;
}
