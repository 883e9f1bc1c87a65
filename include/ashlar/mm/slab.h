/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Named caches of objects of one size. For memory of any size there is kmalloc.h; for whole frames
 * frame_cache.h.
 *
 * An object may be freed on any CPU, which costs what a local free costs. Nothing of the allocator's
 * is kept inside objects, neither in use nor free, so what a caller writes through a stale pointer
 * cannot lead it astray.
 *
 * Defined in mm/slab/: requests in slab.c, caches in cache.c, what gives memory back in reap.c, the holders
 * of objects in holders.c.
 */
#include <ashlar/status.h>

#define SLAB_NAME_MAX   31          /* characters */
#define SLAB_OBJECT_MAX (32u << 10) /* bytes; larger things are blocks of frames */
#define SLAB_CACHES_MAX 128         /* those of kmalloc and the allocator's own included */

struct slab_cache;

/**
 * slab_cache_create() - make a cache.
 * @name:        copied, cut to SLAB_NAME_MAX characters.
 * @object_size: 1 .. SLAB_OBJECT_MAX bytes.
 * @alignment:   a power of two up to PAGE_SIZE; 0 for 8 bytes.
 * @construct:   brings a new object into the state in which callers find and leave it; NULL: content
 *               is undefined. Runs once for an object's memory, not once for each slab_alloc(), when the
 *               slab is made. It may not allocate. In checked caches it runs at each slab_alloc().
 *
 * Return: the cache; NULL when memory or places for caches have run out, or an argument is outside
 *         its range.
 * Context: as slab_alloc(), but not in an interrupt.
 */
struct slab_cache *slab_cache_create(const char *name, size_t object_size, size_t alignment,
                                     void (*construct)(void *object));

/**
 * slab_cache_destroy() - destroy a cache that no CPU uses any more.
 *
 * Return: STATUS_OK; STATUS_BUSY, and the cache stays, when objects are still in use: how many is
 *         reported.
 * Context: as slab_alloc(), but not in an interrupt.
 */
status_t slab_cache_destroy(struct slab_cache *cache) MUST_CHECK;

/**
 * slab_alloc() - take an object.
 *
 * Return: the object, in its constructed state; NULL when there is no memory.
 * Context: CHECK_MAY_ALLOCATE() of ashlar/sync/context.h: any, also interrupts, not NMI, not in a cross-call,
 *          with no lock held but those allowed there. Never sleeps.
 * Cost: 26 instructions with slab_free(); less than 20,000 at most, but for a request that shrinks.
 */
void *slab_alloc(struct slab_cache *cache) MUST_CHECK;

/**
 * slab_free() - give an object back, in its constructed state if there is a constructor.
 * @object: from slab_alloc() of this cache; not NULL.
 *
 * What is not such an object, or was free already, is reported by port_bug(): at once in a checked
 * cache, elsewhere at the latest when the magazine that it lies in is emptied.
 * Context: as slab_alloc().
 */
void slab_free(struct slab_cache *cache, void *object);

/**
 * slab_alloc_bulk(), slab_free_bulk() - allocate and free several objects.
 * @objects: receives them, or has them.
 * @count:   their number.
 *
 * Return: how many were allocated; fewer than @count only when memory is short.
 * Context: as slab_alloc().
 */
size_t slab_alloc_bulk(struct slab_cache *cache, void **objects, size_t count);
void slab_free_bulk(struct slab_cache *cache, void *const *objects, size_t count);

/**
 * slab_reap() - give back what is free: this CPU's magazines, all depots, empty slabs.
 *
 * The other CPUs give theirs on their next slow path.
 * Return: frames that went back to the buddy allocator.
 * Context: any but NMI; called by the allocator itself before an allocation fails.
 * Cost: grows with what is free: up to millions of instructions, less than 2,000 with interrupts off.
 */
uint64_t slab_reap(void);

/**
 * slab_collect() - have all CPUs give up the objects that they keep, also those that are idle.
 * @call_all: runs a function on each CPU, this one included, and returns when all have returned; it may be
 *            called where a CPU waits for a lock of mm's.
 * @frames:   how many are wanted; it ends when so many went back. UINT64_MAX: all.
 *
 * The function runs for a few hundred instructions, once for each cache of which another CPU has objects.
 * Return: frames that went back to the buddy allocator.
 * Context: as @call_all has it.
 */
uint64_t slab_collect(void (*call_all)(void (*function)(void *argument), void *argument), uint64_t frames);

struct slab_stats {
    char name[SLAB_NAME_MAX + 1];
    size_t object_size; /* as asked for */
    size_t stride;      /* what one takes */
    unsigned int per_slab;
    unsigned int order;    /* of a slab's frames */
    uint64_t slabs;        /* there are */
    uint64_t free;         /* objects free in slabs */
    uint64_t cached;       /* objects free in magazines, depots' and CPUs', or in quarantine */
    uint64_t in_use;       /* the rest */
    unsigned int magazine; /* objects a new magazine holds; 0: the cache has none */
    bool is_checked;
};

/**
 * slab_next_stats() - iterate over caches.
 * @cursor: 0 at first.
 * @stats:  filled in.
 *
 * Exact when no CPU allocates meanwhile.
 * Return: false after the last.
 * Context: any but NMI; takes the lock of the table of caches.
 */
bool slab_next_stats(size_t *cursor, struct slab_stats *stats);

/**
 * slab_set_direct() - make every request bypass the magazines, so that each can be made to fail.
 * @is_direct: false goes back to magazines.
 *
 * Context: as slab_reap(); other CPUs follow on their next slow path.
 */
void slab_set_direct(bool is_direct);

/*
 * Checked caches: each object between red zones, filled when freed, kept from reuse for a while, and
 * with the callers that took and freed it. Overruns, writes after a free, double and wild frees are
 * reported when the object is next handed out or freed. Set before slab_init(): caches made from then
 * on are checked. A checked build (option `checked`) begins with true.
 */
extern bool slab_checks_new_caches;

/* Objects in use of one cache and caller. */
struct slab_holder {
    const char *cache;
    const void *caller; /* of the allocation; NULL: unknown, the cache is not checked */
    uint64_t objects, bytes;
};

/**
 * slab_holders() - list objects in use by cache and caller.
 * @holders:  receives one entry for each cache and caller, the most bytes first.
 * @capacity: of @holders.
 *
 * Return: how many entries there are. Further ones than @capacity are left out.
 * Context: not in an interrupt; takes the lock of each node of a cache for as long as its slabs are walked
 *          over.
 * Cost: a visit of each object of each checked cache, and of all entries for each.
 */
size_t slab_holders(struct slab_holder *holders, size_t capacity);

/* Brings the allocator up. Context: once, one CPU, after buddy_init(). */
status_t slab_init(void) MUST_CHECK;

/* Sets up the magazines of a CPU, before it allocates. Context: thread, on the CPU that starts @cpu. */
void slab_prepare_cpu(unsigned int cpu);

/* Gives up what this CPU keeps of every cache, to the depots: it goes away. Context: nothing else allocates
   on it afterwards. */
void slab_leave_cpu(void);
